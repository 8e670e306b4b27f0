/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Graphs as the quantizer writes them, operator by operator. */

#pragma once

#include <swdpu/swdpu.h>

#include "xmodel/samples.h"

G_BEGIN_DECLS

/* the attributes of an operator */
#define GRAPHRIG_ATTRIBUTES(op) XMODEL_SAMPLE_ATTRIBUTES (op)

XmodelFile__Graph *graphrig_new (void);
XmodelFile__Op *graphrig_add_op (XmodelFile__Graph *graph, const gchar *name,
    const gchar *type, const guint32 *dims, guint n_dims);
void graphrig_add_fix (XmodelFile__Graph *graph, const gchar *name,
    const gchar *input, gint fix_point);
void graphrig_add_input (XmodelFile__Graph *graph, const gchar *name,
    const guint32 *dims, guint n_dims, gint fix_point);
void graphrig_add_floats (XmodelFile__Graph *graph, const gchar *name,
    const guint32 *dims, guint n_dims, const gfloat *values);
void graphrig_add_constant (XmodelFile__Graph *graph, const gchar *name,
    const guint32 *dims, guint n_dims, gint fix_point, const gint8 *values);
void graphrig_set_window (XmodelFile__Op *op, const gint32 kernel[2],
    const gint32 stride[2], const gint32 dilation[2], const gint32 pad[4]);

SwdpuProgram *graphrig_open (const XmodelFile__Graph *graph, GError **error);
gint8 *graphrig_run (const XmodelFile__Graph *graph, const gint8 *input);

G_END_DECLS
