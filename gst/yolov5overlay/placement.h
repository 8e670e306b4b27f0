/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Finds places for labels: rectangles in, rectangles out. What is in a label,
 * and what it is drawn on, is none of its business. */

#pragma once

#include <gst/video/video.h>

G_BEGIN_DECLS

/**
 * OverlayLabelForm:
 * @OVERLAY_FORM_WHOLE: all that is to be said
 * @OVERLAY_FORM_SHORT: without the confidence
 * @OVERLAY_FORM_SMALL: likewise, in smaller letters
 * @OVERLAY_FORM_TAG: a spot in the colour of the class, where there is no room
 *
 * How much of a label is drawn, the best first.
 */
typedef enum {
  OVERLAY_FORM_WHOLE,
  OVERLAY_FORM_SHORT,
  OVERLAY_FORM_SMALL,
  OVERLAY_FORM_TAG,
  OVERLAY_N_FORMS
} OverlayLabelForm;

/**
 * OverlayLabelPlace:
 * @object: the object's box, whose upper third other labels spare
 * @anchor: what the label stands beside, the box or a dot in it
 * @id: number of the object, the same on all frames, or 0
 * @kind: what the object is; those without an id are found again by it
 * @sizes: (inout): width and height of each form, multiples of the grid; 0 where
 *   there is no such form
 * @form: (out): the form that fits
 * @place: (out): where; it lies in the frame, on the grid
 *
 * A label to be placed.
 */
typedef struct {
  GstVideoRectangle object;
  GstVideoRectangle anchor;
  guint64 id;
  guint kind;
  struct {
    gint width;
    gint height;
  } sizes[OVERLAY_N_FORMS];
  OverlayLabelForm form;
  GstVideoRectangle place;
} OverlayLabelPlace;

typedef struct _OverlayPlacement OverlayPlacement;

OverlayPlacement *overlay_placement_new (gint width, gint height, gint grid);
void overlay_placement_free (OverlayPlacement *self);
void overlay_placement_forget (OverlayPlacement *self);
void overlay_placement_block (
    OverlayPlacement *self, const GstVideoRectangle *place);
void overlay_placement_run (
    OverlayPlacement *self, OverlayLabelPlace *labels, guint n_labels);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OverlayPlacement, overlay_placement_free)

G_END_DECLS
