/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* What the files of this folder share among themselves. */

#pragma once

#include "xmodel.h"

#include "xmodel-limits.h"
#include "xmodel.pb-c.h"

G_BEGIN_DECLS

/* a view of a map in the unpacked message */
struct _XmodelAttributes {
  XmodelFile__AttributeEntry *const *entries;
  gsize n_entries;
};

const XmodelFile__Attribute *xmodel_attributes_find (
    const XmodelAttributes *self, const gchar *name);

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

/* in validate.c: structure and storage, whatever the operators do */
gboolean xmodel_validate (const Xmodel *self, GError **error);

/* in operators.c: what each type of operator needs */
gboolean xmodel_validate_operator (const XmodelOp *op, GError **error);

G_GNUC_PRINTF (2, 3)
gboolean xmodel_invalid (GError **error, const gchar *format, ...);

G_END_DECLS
