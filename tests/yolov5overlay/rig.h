/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* yolov5overlay in a harness, with frames in memory of known bytes, around
 * them and between their rows as well. */

#pragma once

#include <gst/check/gstcheck.h>
#include <gst/check/gstharness.h>
#include <gst/video/video.h>

/* before the first and after the last byte of a frame */
#define GUARD_BYTES 64
#define GUARD_LEVEL 0xa5

#define NO_CONFIDENCE -1.0
#define NO_LABEL_ID -1

/* caps, and what they mean: the weights of red and blue in luma, and the
 * levels from black to white */
typedef struct {
  const gchar *format;
  const gchar *colorimetry;
  gdouble kr, kb;
  gboolean full_range;
} OverlayColors;

/* every format, and some with other colours than they have by default */
#if GST_CHECK_VERSION(1, 20, 0)
#define N_OVERLAY_COLORS 45
#else
#define N_OVERLAY_COLORS 43
#endif
extern const OverlayColors overlay_colors[N_OVERLAY_COLORS];

/* the samples of one component, of a mapped frame */
typedef struct {
  GstVideoFrame *frame;
  guint component;
  guint8 *plane;
  gint stride, width, height;
  guint shift_x, shift_y;
  guint depth;
} OverlayComponent;

void get_component (
    GstVideoFrame *frame, guint component, OverlayComponent *result);
/* one sample, in the component's own depth */
guint get_sample (const OverlayComponent *component, gint x, gint y);
void set_sample (
    const OverlayComponent *component, gint x, gint y, guint level);
/* one sample as if it had 8 bits */
gdouble get_level (
    const OverlayComponent *component, gint x, gint y, gboolean full_range);

GstHarness *new_overlay (
    const gchar *format, gint width, gint height, const gchar *colorimetry);
void get_info (GstHarness *h, GstVideoInfo *info);
/* a frame of levels that differ from pixel to pixel, with rows row_padding
 * bytes further apart than usual */
GstBuffer *new_frame (GstHarness *h, guint row_padding);
void check_guards (GstBuffer *buffer);
void add_region (GstBuffer *buffer, const gchar *label, gint label_id,
    gdouble confidence, guint x, guint y, guint width, guint height);
GBytes *copy_pixels (GstBuffer *buffer);
/* what the element makes of a fresh frame with one region */
GstBuffer *draw_region (GstHarness *h, const gchar *label, gint label_id,
    gdouble confidence, guint x, guint y, guint width, guint height);
GBytes *draw_region_pixels (GstHarness *h, const gchar *label, gint label_id,
    gdouble confidence, guint x, guint y, guint width, guint height);
GBytes *blank_pixels (GstHarness *h);
gboolean same_and_unref (GBytes *a, GBytes *b);
void get_rgb (GstVideoFrame *frame, gint x, gint y, guint8 rgb[3]);
void get_buffer_rgb (
    GstHarness *h, GstBuffer *buffer, gint x, gint y, guint8 rgb[3]);
/* what the element makes of a frame, whose bytes around it stay as they were */
GBytes *push_pixels (GstHarness *h, GstBuffer *buffer);
/* whether the element changes the pixels of a frame from new_frame() */
gboolean is_drawn_on (GstHarness *h, GstBuffer *buffer);
/* the mark of yolov5dpu */
void mark_inference (GstBuffer *buffer, GstClockTime inference_time);
/* what the yolov5dpu of that path leaves on a frame in which it found one thing,
 * or nothing if label is NULL */
void mark_found (GstHarness *h, GstBuffer *buffer, const gchar *path,
    const gchar *label, gint label_id, gint x, gint y, gint width, gint height);
/* the next warning on the bus has all of these words, and is about settings */
void check_warning (GstBus *bus, const gchar *word, const gchar *other_word);
/* the colour of a class, as the element draws it in RGB */
void get_class_rgb (gint label_id, guint8 rgb[3]);
gboolean is_on_outline (
    gint x, gint y, const GstVideoRectangle *box, gint thickness);
/* the thin dark line around the others; up to 1920x1080 it has a pixel on each
 * side of them */
gboolean is_on_dark_line (
    gint x, gint y, const GstVideoRectangle *box, gint thickness);
/* rectangle around the pixels whose first component (luma, or a colour) has
 * changed, beside those on the outline and the dark line around it */
void find_label (GstHarness *h, GstBuffer *drawn, const GstVideoRectangle *box,
    gint thickness, GstVideoRectangle *label);
