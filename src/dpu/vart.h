/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* VART behind a C face that throws nothing. Some faults are fatal and some
 * calls do not return, so all of it belongs on a guard's thread. */

#pragma once

#include "dpu.h"

G_BEGIN_DECLS

typedef struct _VartGraph VartGraph;
typedef struct _VartRunner VartRunner;

void vart_tame_checks (void);

VartGraph *vart_graph_new (GBytes *model, const gchar *subgraph,
    const gchar *runner_library, GError **error);
VartGraph *vart_graph_new_stand_in (GBytes *model, const gchar *subgraph,
    const gchar *runner_library, GError **error);
void vart_graph_free (VartGraph *self);

VartRunner *vart_runner_new (VartGraph *graph, const gchar *const *outputs,
    guint cpu_threads, const gint *cancelled, GError **error);
void vart_runner_free (VartRunner *self);
gboolean vart_runner_describe (
    const VartRunner *self, DpuTensor *input, GArray *outputs, GError **error);
gboolean vart_runner_map (VartRunner *self, const DpuTensor *input,
    const GArray *outputs, GError **error);
gint8 *vart_runner_get_input (VartRunner *self);
const gint8 *vart_runner_get_output (VartRunner *self, guint index);
gboolean vart_runner_execute (VartRunner *self, GError **error);

G_END_DECLS
