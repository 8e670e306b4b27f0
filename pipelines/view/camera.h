/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* A camera, clip or stream with a detector behind it. Frames and pictures come
 * to a listener in the main context. Pictures are made of frames that somebody
 * wants, of no others. */

#pragma once

#include "frame.h"

/* widths of pictures, and one more for the frame as it is */
#define VIEW_N_SIZES 8
#define VIEW_FULL_SIZE VIEW_N_SIZES

typedef struct ViewCamera ViewCamera;

typedef struct {
  const gchar *model;
  const gchar *device;
  const gchar *zones;
  gint max_width;
  gint quality;
} ViewCameraOptions;

/* all of them are called in the main context */
typedef struct {
  void (*frame) (ViewFrame *frame, gpointer user_data);
  /* @jpeg is %NULL where it could not be made */
  void (*picture) (
      ViewFrame *frame, guint size, GBytes *jpeg, gpointer user_data);
  /* what an element behind the detector tells */
  void (*message) (
      guint camera, const GstStructure *message, gpointer user_data);
  /* labels came, or it stopped or goes on */
  void (*changed) (guint camera, gpointer user_data);
  /* it never ran: @error says why */
  void (*failed) (guint camera, const gchar *error, gpointer user_data);
} ViewCameraListener;

typedef struct {
  guint64 frames, inferences, encoded;
  /* nanoseconds, of all inferences */
  guint64 inference_time;
} ViewCameraCounters;

ViewCamera *view_camera_new (guint number, const gchar *source,
    const ViewCameraOptions *options, GError **error);
void view_camera_free (ViewCamera *self);
void view_camera_start (
    ViewCamera *self, const ViewCameraListener *listener, gpointer user_data);

const gchar *view_camera_get_name (const ViewCamera *self);
const gchar *view_camera_get_error (const ViewCamera *self);
gchar **view_camera_get_labels (ViewCamera *self);
GstElement *view_camera_get_detector (ViewCamera *self);
ViewFrame *view_camera_get_latest (ViewCamera *self);
void view_camera_get_counters (ViewCamera *self, ViewCameraCounters *counters);

guint view_camera_choose_size (const ViewCamera *self, gint width);
void view_camera_want (
    ViewCamera *self, guint size, guint64 after, gint64 not_before);
