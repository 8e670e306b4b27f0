/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Damages models in ways that a seed repeats. */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

GBytes *xmodel_mutate (GBytes *model, guint32 seed);

G_END_DECLS
