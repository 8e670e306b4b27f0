/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* A connection that ends when more comes in than anybody who means well sends,
 * whatever it is: headers, a body, or a message in endless parts, which libsoup
 * collects without a limit. */

#pragma once

#include <gio/gio.h>

GIOStream *view_metered_stream_new (GIOStream *base);
