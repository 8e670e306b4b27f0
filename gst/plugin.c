/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Registers the elements. */

#include "yolov5dpu/element.h"
#include "yolov5json/element.h"
#include "yolov5overlay/element.h"
#include "yolov5track/element.h"
#include "yolov5zones/element.h"

static gboolean
plugin_init (GstPlugin *plugin)
{
  return gst_element_register (
             plugin, "yolov5dpu", GST_RANK_NONE, GST_TYPE_YOLOV5_DPU)
         && gst_element_register (
             plugin, "yolov5overlay", GST_RANK_NONE, GST_TYPE_YOLOV5_OVERLAY)
         && gst_element_register (
             plugin, "yolov5json", GST_RANK_NONE, GST_TYPE_YOLOV5_JSON)
         && gst_element_register (
             plugin, "yolov5track", GST_RANK_NONE, GST_TYPE_YOLOV5_TRACK)
         && gst_element_register (
             plugin, "yolov5zones", GST_RANK_NONE, GST_TYPE_YOLOV5_ZONES);
}

GST_PLUGIN_DEFINE (GST_VERSION_MAJOR, GST_VERSION_MINOR, yolov5dpu,
    "YOLOv5 on AMD/Xilinx DPUs", plugin_init, VERSION, "LGPL", PACKAGE,
    PACKAGE_ORIGIN)
