/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Names of classes: from a text file, from a data.yaml, or COCO's. */

#include "yolov5/labels.h"
#include "yolov5/modelinfo.h"
#include "yolov5/datayaml.h"

#include <string.h>

/* in the order in which everybody trains with them */
static const gchar *const coco_labels[] = {
  "person",
  "bicycle",
  "car",
  "motorcycle",
  "airplane",
  "bus",
  "train",
  "truck",
  "boat",
  "traffic light",
  "fire hydrant",
  "stop sign",
  "parking meter",
  "bench",
  "bird",
  "cat",
  "dog",
  "horse",
  "sheep",
  "cow",
  "elephant",
  "bear",
  "zebra",
  "giraffe",
  "backpack",
  "umbrella",
  "handbag",
  "tie",
  "suitcase",
  "frisbee",
  "skis",
  "snowboard",
  "sports ball",
  "kite",
  "baseball bat",
  "baseball glove",
  "skateboard",
  "surfboard",
  "tennis racket",
  "bottle",
  "wine glass",
  "cup",
  "fork",
  "knife",
  "spoon",
  "bowl",
  "banana",
  "apple",
  "sandwich",
  "orange",
  "broccoli",
  "carrot",
  "hot dog",
  "pizza",
  "donut",
  "cake",
  "chair",
  "couch",
  "potted plant",
  "bed",
  "dining table",
  "toilet",
  "tv",
  "laptop",
  "mouse",
  "remote",
  "keyboard",
  "cell phone",
  "microwave",
  "oven",
  "toaster",
  "sink",
  "refrigerator",
  "book",
  "clock",
  "vase",
  "scissors",
  "teddy bear",
  "hair drier",
  "toothbrush",
  NULL,
};

/**
 * yolov5_labels_of_coco:
 *
 * Returns: (transfer none) (array zero-terminated=1): the names of the data set
 *   that YOLOv5's published models were trained with
 */
const gchar *const *
yolov5_labels_of_coco (void)
{
  return coco_labels;
}

static gboolean
is_yaml (const gchar *path)
{
  g_autofree gchar *name = g_ascii_strdown (path, -1);

  return g_str_has_suffix (name, ".yaml") || g_str_has_suffix (name, ".yml");
}

/* lines may end in CR LF, and blank lines at the end do not count */
static gchar **
split_lines (const gchar *text, const gchar *path, GError **error)
{
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
  guint n;

  for (n = 0; lines[n]; n++)
    g_strstrip (lines[n]);
  while (n > 0 && *lines[n - 1] == '\0') {
    n--;
    g_clear_pointer (&lines[n], g_free);
  }

  for (guint i = 0; i < n; i++) {
    if (*lines[i] == '\0') {
      g_set_error (error, YOLOV5_ERROR, YOLOV5_ERROR_SETTINGS,
          "%s: line %u is empty; a label file has one label per line", path,
          i + 1);
      return NULL;
    }
  }
  return g_steal_pointer (&lines);
}

/**
 * yolov5_labels_read:
 * @path: a text file in UTF-8, one label per line; or, where its name ends in
 *   .yaml or .yml, the data.yaml that a YOLOv5 was trained with
 *
 * Returns: (transfer full) (array zero-terminated=1): the labels, or %NULL with
 *   %YOLOV5_ERROR_NOT_FOUND or %YOLOV5_ERROR_SETTINGS
 */
gchar **
yolov5_labels_read (const gchar *path, GError **error)
{
  static const gchar byte_order_mark[] = "\xef\xbb\xbf";
  g_autofree gchar *text =
      yolov5_text_read (path, "; a label file has one label per line", error);
  const gchar *start = text;

  if (text == NULL)
    return NULL;
  if (g_str_has_prefix (start, byte_order_mark))
    start += strlen (byte_order_mark);
  if (is_yaml (path))
    return yolov5_data_yaml_parse (start, path, error);
  return split_lines (start, path, error);
}
