/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* What kind of system this is, for advice that fits it. */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* where the files of the running system are; tests have others */
#define DPU_SYSTEM_ROOT "/"

gboolean dpu_system_is_pynq (const gchar *root);
const gchar *dpu_system_advise_bitstream (const gchar *root);
const gchar *dpu_system_advise_vart (const gchar *root);

G_END_DECLS
