/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Registers the element. It has a plug-in of its own, so that who detects needs
 * no library of a broker. */

#include "element.h"

static gboolean
plugin_init (GstPlugin *plugin)
{
  return gst_element_register (
      plugin, "yolov5publish", GST_RANK_NONE, GST_TYPE_YOLOV5_PUBLISH);
}

GST_PLUGIN_DEFINE (GST_VERSION_MAJOR, GST_VERSION_MINOR, yolov5publish,
    "Detections to MQTT and Kafka", plugin_init, VERSION, "LGPL", PACKAGE,
    PACKAGE_ORIGIN)
