/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Lines and zones of a frame as JSON. */

#pragma once

#include <json-glib/json-glib.h>

#include "metadata/zones.h"

G_BEGIN_DECLS

void gst_yolov5_json_add_zones (JsonBuilder *builder,
    const GstYolov5ZonesMark *mark, gint width, gint height);

G_END_DECLS
