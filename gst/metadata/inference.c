/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* The mark of frames that went through the model, as a custom meta, which
 * applications read without a header of ours. Custom metas came with GStreamer
 * 1.20; before, nothing is marked. */

#include "inference.h"

/**
 * gst_yolov5_inference_register:
 *
 * Makes the meta known to GStreamer, once for all. Elements call it before
 * they attach or look for one; any thread may.
 */
void
gst_yolov5_inference_register (void)
{
#if GST_CHECK_VERSION(1, 20, 0)
  static gsize registered = 0;

  if (g_once_init_enter (&registered)) {
    /* no tags: whatever an element does to the picture, it was looked at */
    static const gchar *tags[] = { NULL };

    if (!gst_meta_get_info (GST_YOLOV5_INFERENCE_META_NAME))
      gst_meta_register_custom (
          GST_YOLOV5_INFERENCE_META_NAME, tags, NULL, NULL, NULL);
    g_once_init_leave (&registered, 1);
  }
#endif
}

/**
 * gst_yolov5_inference_attach:
 * @buffer: a writable buffer
 * @inference: what is known of it
 *
 * Marks @buffer as one that went through the model. The #GstCustomMeta
 * `yolov5dpu-inference` has the fields `frame` (uint64), `detections` (uint),
 * `letterbox-time`, `inference-time`, `postprocess-time` and `lag` (all uint64,
 * in nanoseconds).
 */
void
gst_yolov5_inference_attach (
    GstBuffer *buffer, const GstYolov5Inference *inference)
{
#if GST_CHECK_VERSION(1, 20, 0)
  GstCustomMeta *meta =
      gst_buffer_add_custom_meta (buffer, GST_YOLOV5_INFERENCE_META_NAME);

  g_return_if_fail (meta != NULL);

  /* clang-format off */
  gst_structure_set (gst_custom_meta_get_structure (meta),
      "frame", G_TYPE_UINT64, inference->frame,
      "detections", G_TYPE_UINT, inference->n_detections,
      "letterbox-time", G_TYPE_UINT64, inference->letterbox_time,
      "inference-time", G_TYPE_UINT64, inference->inference_time,
      "postprocess-time", G_TYPE_UINT64, inference->postprocess_time,
      "lag", G_TYPE_UINT64, inference->lag,
      NULL);
  /* clang-format on */
#endif
}

/**
 * gst_yolov5_inference_read:
 * @buffer: a buffer
 * @inference: (out): what is known of it
 *
 * Returns: whether @buffer went through the model, as far as anybody said
 */
gboolean
gst_yolov5_inference_read (GstBuffer *buffer, GstYolov5Inference *inference)
{
#if GST_CHECK_VERSION(1, 20, 0)
  GstCustomMeta *meta =
      gst_buffer_get_custom_meta (buffer, GST_YOLOV5_INFERENCE_META_NAME);

  /* clang-format off */
  return meta != NULL
         && gst_structure_get (gst_custom_meta_get_structure (meta),
             "frame", G_TYPE_UINT64, &inference->frame,
             "detections", G_TYPE_UINT, &inference->n_detections,
             "letterbox-time", G_TYPE_UINT64, &inference->letterbox_time,
             "inference-time", G_TYPE_UINT64, &inference->inference_time,
             "postprocess-time", G_TYPE_UINT64, &inference->postprocess_time,
             "lag", G_TYPE_UINT64, &inference->lag,
             NULL);
  /* clang-format on */
#else
  return FALSE;
#endif
}
