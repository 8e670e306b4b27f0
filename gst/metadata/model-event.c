/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* A sticky event, which every element forwards and which waits for those that
 * are linked later. A pad keeps one sticky event of each name, so that the
 * events of several detectors have different names. */

#include "model-event.h"

#define NAME_CHARACTERS G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "/-_.:+"

/**
 * gst_yolov5_model_event_new:
 * @element: name of the detector
 * @path: path of the detector, which no other one has
 * @labels: (array length=n_labels): names of the classes by their numbers
 *
 * The structure's name begins with `yolov5dpu-model.`, its fields are `element`,
 * `path` (strings) and `labels` (array of strings).
 *
 * Returns: (transfer full): a sticky event
 */
GstEvent *
gst_yolov5_model_event_new (const gchar *element, const gchar *path,
    const gchar *const *labels, guint n_labels)
{
  g_autofree gchar *name =
      g_strconcat (GST_YOLOV5_MODEL_EVENT_NAME ".", path, NULL);
  GstStructure *structure;
  GValue list = G_VALUE_INIT;
  guint i;

  gst_value_array_init (&list, n_labels);
  for (i = 0; i < n_labels; i++) {
    GValue label = G_VALUE_INIT;

    g_value_init (&label, G_TYPE_STRING);
    g_value_set_string (&label, labels[i]);
    gst_value_array_append_and_take_value (&list, &label);
  }

  structure = gst_structure_new_empty (g_strcanon (name, NAME_CHARACTERS, '_'));
  gst_structure_set (structure, "element", G_TYPE_STRING, element, "path",
      G_TYPE_STRING, path, NULL);
  gst_structure_take_value (structure, "labels", &list);
  return gst_event_new_custom (GST_EVENT_CUSTOM_DOWNSTREAM_STICKY, structure);
}

/**
 * gst_yolov5_model_event_parse:
 * @event: any event
 * @element: (out): name of the detector; belongs to @event
 * @path: (out): path of the detector; belongs to @event
 * @labels: (out) (optional) (transfer full): names of the classes by their
 *   numbers
 *
 * Returns: whether a detector said what its model finds
 */
gboolean
gst_yolov5_model_event_parse (
    GstEvent *event, const gchar **element, const gchar **path, GStrv *labels)
{
  const GstStructure *structure = gst_event_get_structure (event);
  const GValue *list;
  guint i, n;

  if (GST_EVENT_TYPE (event) != GST_EVENT_CUSTOM_DOWNSTREAM_STICKY || !structure
      || !g_str_has_prefix (
          gst_structure_get_name (structure), GST_YOLOV5_MODEL_EVENT_NAME "."))
    return FALSE;
  *element = gst_structure_get_string (structure, "element");
  *path = gst_structure_get_string (structure, "path");
  list = gst_structure_get_value (structure, "labels");
  if (!*element || !*path || !list || !GST_VALUE_HOLDS_ARRAY (list))
    return FALSE;
  if (!labels)
    return TRUE;

  n = gst_value_array_get_size (list);
  *labels = g_new0 (gchar *, n + 1);
  for (i = 0; i < n; i++) {
    const GValue *label = gst_value_array_get_value (list, i);
    const gchar *text =
        G_VALUE_HOLDS_STRING (label) ? g_value_get_string (label) : NULL;

    (*labels)[i] = g_strdup (text ? text : "");
  }
  return TRUE;
}
