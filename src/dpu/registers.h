/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* What a compiled model says of the DPU's registers and memory. VART ends the
 * process where something is missing, and a DPU writes where it is told. */

#pragma once

#include <xmodel/xmodel.h>

G_BEGIN_DECLS

/* REG_0 to REG_7 */
#define DPU_N_REGISTERS 8

gchar *dpu_register_get_name (guint index);
gboolean dpu_registers_check (const XmodelSubgraph *subgraph, GError **error);
gboolean dpu_registers_keep_input (const XmodelSubgraph *subgraph);

G_END_DECLS
