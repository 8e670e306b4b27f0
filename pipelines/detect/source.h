/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* What is to be looked at, and where its results go. */

#pragma once

#include <gst/gst.h>

G_BEGIN_DECLS

#define DETECT_ERROR (detect_error_quark ())

/**
 * DetectError:
 * @DETECT_ERROR_ARGUMENT: what was asked for makes no sense
 * @DETECT_ERROR_NOT_FOUND: there is no such file, folder, camera or model
 * @DETECT_ERROR_SOURCE: a source cannot be read
 * @DETECT_ERROR_OUTPUT: a result cannot be written
 * @DETECT_ERROR_SETUP: no source will work: a model, an element or a display is
 *   missing
 * @DETECT_ERROR_STOPPED: the user has ended it
 */
typedef enum {
  DETECT_ERROR_ARGUMENT,
  DETECT_ERROR_NOT_FOUND,
  DETECT_ERROR_SOURCE,
  DETECT_ERROR_OUTPUT,
  DETECT_ERROR_SETUP,
  DETECT_ERROR_STOPPED,
} DetectError;

/**
 * DetectKind:
 * @DETECT_PICTURE: one frame; of a video, the first
 * @DETECT_VIDEO: a file or stream, to its end
 * @DETECT_CAMERA: a V4L2 device, until somebody ends it
 */
typedef enum {
  DETECT_PICTURE,
  DETECT_VIDEO,
  DETECT_CAMERA,
} DetectKind;

/**
 * DetectSource:
 * @name: as the user knows it
 * @path: (nullable): of a file or camera; %NULL for other URIs
 * @uri: (nullable): %NULL for cameras
 * @stem: what its results are called, without an ending; no other source of the
 *   same list has it
 * @output: (nullable): the annotated picture or video to write
 */
typedef struct {
  DetectKind kind;
  gchar *name;
  gchar *path;
  gchar *uri;
  gchar *stem;
  gchar *output;
} DetectSource;

GQuark detect_error_quark (void);

DetectSource *detect_source_new (const gchar *name, GError **error);
void detect_source_free (DetectSource *self);
guint detect_source_get_patience (const DetectSource *self);

GPtrArray *detect_sources_new (void);
gboolean detect_sources_add (
    GPtrArray *sources, const gchar *argument, GError **error);
gboolean detect_sources_choose_outputs (
    GPtrArray *sources, const gchar *output, gboolean saves, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DetectSource, detect_source_free)

G_END_DECLS
