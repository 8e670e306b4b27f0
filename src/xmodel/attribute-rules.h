/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* What the checks of operators, tensors and subgraphs have in common. */

#pragma once

#include "xmodel-private.h"

G_BEGIN_DECLS

/* what an attribute has to be */
typedef struct {
  const gchar *name;
  XmodelFile__Attribute__ValueCase type;
  gboolean is_required;
  /* of lists, 0 for any */
  gsize n_values;
  /* of integers and lists of them, when min < max */
  gint min;
  gint max;
} XmodelAttributeRule;

gboolean xmodel_check_attribute (const XmodelAttributes *attributes,
    const XmodelAttributeRule *rule, const gchar *kind, const gchar *owner,
    GError **error);

G_GNUC_PRINTF (2, 3)
gboolean xmodel_invalid (GError **error, const gchar *format, ...);

G_END_DECLS
