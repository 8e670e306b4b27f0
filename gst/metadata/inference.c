/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* The mark of frames that went through the model, as a custom meta, which
 * applications read without a header of ours. It survives what regions of
 * interest do not, and so carries what they lose. Custom metas came with
 * GStreamer 1.20; before, nothing is marked. */

#include "inference.h"

#include "lists.h"

/* One element for each detection, best first. More such lists may join them,
 * with what a tracker knows of each. */
#define FIELD_IDS "region-ids"
#define FIELD_LABELS "labels"
#define FIELD_LABEL_IDS "label-ids"
#define FIELD_CONFIDENCES "confidences"

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

#if GST_CHECK_VERSION(1, 20, 0)
static void
set_lists (GstStructure *structure, const GstYolov5Detection *detections,
    guint n_detections)
{
  GValue ids = G_VALUE_INIT, labels = G_VALUE_INIT;
  GValue label_ids = G_VALUE_INIT, confidences = G_VALUE_INIT;
  guint i;

  gst_value_array_init (&ids, n_detections);
  gst_value_array_init (&labels, n_detections);
  gst_value_array_init (&label_ids, n_detections);
  gst_value_array_init (&confidences, n_detections);
  for (i = 0; i < n_detections; i++) {
    gst_yolov5_list_append_int (&ids, detections[i].id);
    gst_yolov5_list_append_label (&labels, detections[i].label);
    gst_yolov5_list_append_int (&label_ids, detections[i].label_id);
    gst_yolov5_list_append_double (&confidences, detections[i].confidence);
  }
  gst_structure_take_value (structure, FIELD_IDS, &ids);
  gst_structure_take_value (structure, FIELD_LABELS, &labels);
  gst_structure_take_value (structure, FIELD_LABEL_IDS, &label_ids);
  gst_structure_take_value (structure, FIELD_CONFIDENCES, &confidences);
}
#endif

/**
 * gst_yolov5_inference_attach:
 * @buffer: a writable buffer
 * @inference: what is known of it
 * @detections: (array length=n_detections): what was found in it, as
 *   gst_yolov5_detections_attach() left them
 *
 * Marks @buffer as one that went through the model. The #GstCustomMeta
 * `yolov5dpu-inference` has the fields `element` and `path` (strings), `frame`
 * (uint64), `detections` (uint), `letterbox-time`, `inference-time`,
 * `postprocess-time` and `lag` (all uint64, in nanoseconds), and the arrays
 * `region-ids` (int), `labels` (string), `label-ids` (int) and `confidences`
 * (double).
 */
void
gst_yolov5_inference_attach (GstBuffer *buffer,
    const GstYolov5Inference *inference, const GstYolov5Detection *detections,
    guint n_detections)
{
#if GST_CHECK_VERSION(1, 20, 0)
  GstCustomMeta *meta =
      gst_buffer_add_custom_meta (buffer, GST_YOLOV5_INFERENCE_META_NAME);
  GstStructure *structure;

  g_return_if_fail (meta != NULL);

  structure = gst_custom_meta_get_structure (meta);
  /* clang-format off */
  gst_structure_set (structure,
      "element", G_TYPE_STRING, inference->element,
      "path", G_TYPE_STRING, inference->path,
      "frame", G_TYPE_UINT64, inference->frame,
      "detections", G_TYPE_UINT, inference->n_detections,
      "letterbox-time", G_TYPE_UINT64, inference->letterbox_time,
      "inference-time", G_TYPE_UINT64, inference->inference_time,
      "postprocess-time", G_TYPE_UINT64, inference->postprocess_time,
      "lag", G_TYPE_UINT64, inference->lag,
      NULL);
  /* clang-format on */
  set_lists (structure, detections, n_detections);
#endif
}

/**
 * gst_yolov5_inference_read:
 * @buffer: a buffer
 * @inference: (out): what the first of its marks says
 *
 * Returns: whether @buffer went through a model, as far as anybody said
 */
gboolean
gst_yolov5_inference_read (GstBuffer *buffer, GstYolov5Inference *inference)
{
  gpointer state = NULL;

  return gst_yolov5_inference_iterate (buffer, &state, inference);
}

#if GST_CHECK_VERSION(1, 20, 0)
static gboolean
read_structure (const GstStructure *structure, GstYolov5Inference *inference)
{
  inference->structure = structure;
  inference->element = gst_structure_get_string (structure, "element");
  inference->path = gst_structure_get_string (structure, "path");
  /* clang-format off */
  return gst_structure_get (structure,
      "frame", G_TYPE_UINT64, &inference->frame,
      "detections", G_TYPE_UINT, &inference->n_detections,
      "letterbox-time", G_TYPE_UINT64, &inference->letterbox_time,
      "inference-time", G_TYPE_UINT64, &inference->inference_time,
      "postprocess-time", G_TYPE_UINT64, &inference->postprocess_time,
      "lag", G_TYPE_UINT64, &inference->lag,
      NULL);
  /* clang-format on */
}
#endif

/**
 * gst_yolov5_inference_iterate:
 * @buffer: a buffer, whose metadata stay as they are
 * @state: (inout): %NULL at first
 * @inference: (out): what the next of its marks says
 *
 * Returns: whether there was another mark
 */
gboolean
gst_yolov5_inference_iterate (
    GstBuffer *buffer, gpointer *state, GstYolov5Inference *inference)
{
#if GST_CHECK_VERSION(1, 20, 0)
  GstMeta *meta;

  while ((meta = gst_buffer_iterate_meta (buffer, state))) {
    GstCustomMeta *custom = (GstCustomMeta *) meta;

    if (gst_meta_info_is_custom (meta->info)
        && gst_custom_meta_has_name (custom, GST_YOLOV5_INFERENCE_META_NAME)
        && read_structure (gst_custom_meta_get_structure (custom), inference))
      return TRUE;
  }
#endif
  return FALSE;
}

/**
 * gst_yolov5_inference_get_n_listed:
 * @inference: a mark that was read
 *
 * Returns: how many detections the mark lists
 */
guint
gst_yolov5_inference_get_n_listed (const GstYolov5Inference *inference)
{
  return gst_yolov5_list_get_length (inference->structure, FIELD_IDS);
}

/**
 * gst_yolov5_inference_get_listed:
 * @inference: a mark that was read
 * @index: which of the detections that it lists
 * @detection: (out): what it says of that one; there is no box
 */
void
gst_yolov5_inference_get_listed (const GstYolov5Inference *inference,
    guint index, GstYolov5Detection *detection)
{
  const GstStructure *structure = inference->structure;

  *detection = (GstYolov5Detection){
    .label = g_quark_from_string (
        gst_yolov5_list_get_label (structure, FIELD_LABELS, index)),
    .label_id = gst_yolov5_list_get_int (structure, FIELD_LABEL_IDS, index),
    .confidence =
        gst_yolov5_list_get_double (structure, FIELD_CONFIDENCES, index),
    .id = gst_yolov5_list_get_int (structure, FIELD_IDS, index),
    .mark = -1,
  };
}

/**
 * gst_yolov5_inference_restore:
 * @inference: a mark that was read
 * @mark: its place among the marks of the buffer
 * @detections: (array length=n_detections): the buffer's, as collected
 *
 * Finds those of @detections that the mark lists under the same id and label,
 * and gives them what conversions have dropped: the class's number and the
 * confidence.
 */
void
gst_yolov5_inference_restore (const GstYolov5Inference *inference, gint mark,
    GstYolov5Detection *detections, guint n_detections)
{
  guint n_listed = gst_yolov5_inference_get_n_listed (inference);
  guint i, place = 0;

  for (i = 0; i < n_detections && n_listed > 0; i++) {
    GstYolov5Detection *detection = &detections[i], listed;

    if (detection->mark >= 0
        || !gst_yolov5_list_find (inference->structure, FIELD_IDS, FIELD_LABELS,
            detection->id, detection->label, &place))
      continue;
    gst_yolov5_inference_get_listed (inference, place, &listed);
    detection->mark = mark;
    if (detection->label_id < 0)
      detection->label_id = listed.label_id;
    if (!(detection->confidence >= 0.0))
      detection->confidence = listed.confidence;
    place = (place + 1) % n_listed;
  }
}
