/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* A look at the protobuf encoding before anything is unpacked. */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

gboolean xmodel_wire_check (const guint8 *data, gsize size, GError **error);

G_END_DECLS
