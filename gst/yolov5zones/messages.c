/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "messages.h"

#include "metadata/messages.h"

/**
 * zones_message_new:
 * @element: whose message it is
 * @event: what happened
 * @info: size of the frames
 * @segment: of its timestamp
 *
 * Returns: (transfer full): a message with the fields listed in the element's
 *   documentation
 */
GstMessage *
zones_message_new (GstElement *element, const GstYolov5ZonesEvent *event,
    const GstVideoInfo *info, const GstSegment *segment)
{
  GstStructure *structure = gst_yolov5_zones_event_to_structure (event);
  const GstYolov5Detection detection = {
    .x = event->x * GST_VIDEO_INFO_WIDTH (info),
    .y = event->y * GST_VIDEO_INFO_HEIGHT (info),
    .width = event->width * GST_VIDEO_INFO_WIDTH (info),
    .height = event->height * GST_VIDEO_INFO_HEIGHT (info),
  };

  gst_yolov5_message_set_box (structure, info, &detection);
  gst_yolov5_message_set_times (structure, segment, event->timestamp);
  return gst_message_new_element (GST_OBJECT_CAST (element), structure);
}
