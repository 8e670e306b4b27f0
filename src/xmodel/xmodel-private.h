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

struct _Xmodel {
  gatomicrefcount ref_count;
  GBytes *bytes;
  XmodelFile__Graph *graph;
  XmodelAttributes attributes;

  XmodelOp *ops;
  guint n_ops;
  /* sorted: no file can make that slow, as it can a hash table */
  const XmodelOp **ops_by_name;
  /* the memory behind the operators' and subgraphs' arrays */
  XmodelAttributes *op_attributes;
  XmodelArgument *arguments;
  const XmodelOp **argument_ops;

  XmodelSubgraph *root;
};

const XmodelFile__Attribute *xmodel_attributes_find (
    const XmodelAttributes *self, const gchar *name);

G_END_DECLS
