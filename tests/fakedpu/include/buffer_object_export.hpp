/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* <xir/buffer_object.hpp> includes this header, which libvart-dev lacks. */

#pragma once

#define VART_BUFFER_OBJECT_DLLSPEC
