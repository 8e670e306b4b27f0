/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Strict reader of .xmodel files: what it accepts is well-formed enough to be
 * given to libxir, which aborts or crashes on much that is not. */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define XMODEL_ERROR (xmodel_error_quark ())
GQuark xmodel_error_quark (void);

/**
 * XmodelError:
 * @XMODEL_ERROR_NOT_FOUND: the file does not exist or cannot be read
 * @XMODEL_ERROR_INVALID: the bytes are not a sound xmodel
 * @XMODEL_ERROR_LIMIT: the model is larger than anything this reader trusts
 */
typedef enum {
  XMODEL_ERROR_NOT_FOUND,
  XMODEL_ERROR_INVALID,
  XMODEL_ERROR_LIMIT,
} XmodelError;

/* numbers of serial_v2.Tensor.data_type */
typedef enum {
  XMODEL_DATA_TYPE_INT = 0,
  XMODEL_DATA_TYPE_UINT = 1,
  XMODEL_DATA_TYPE_XINT = 2,
  XMODEL_DATA_TYPE_XUINT = 3,
  XMODEL_DATA_TYPE_FLOAT = 4,
  XMODEL_DATA_TYPE_UNKNOWN = 5,
} XmodelDataType;

/* libxir's loading takes a time that grows with their square. The largest YOLOv5
 * has some 1250 */
#define XMODEL_MAX_OPS 2048

typedef struct _Xmodel Xmodel;
typedef struct _XmodelAttributes XmodelAttributes;
typedef struct _XmodelOp XmodelOp;
typedef struct _XmodelSubgraph XmodelSubgraph;

/**
 * XmodelTensor:
 * @dims: (array length=n_dims): the shape, outermost first (NHWC, weights OHWI)
 * @attributes: fix_point, ddr_addr and the like of compiled models
 */
typedef struct {
  const gchar *name;
  const guint32 *dims;
  guint n_dims;
  XmodelDataType data_type;
  guint bit_width;
  const XmodelAttributes *attributes;
} XmodelTensor;

/**
 * XmodelArgument:
 * @ops: (array length=n_ops): the operators whose outputs are read; may be
 *   empty, as the "bias" of a convolution without one
 */
typedef struct {
  const gchar *name;
  const XmodelOp *const *ops;
  guint n_ops;
} XmodelArgument;

/**
 * XmodelOp:
 * @index: its place in the file; arguments always have smaller ones
 */
struct _XmodelOp {
  const gchar *name;
  const gchar *type;
  guint index;
  const XmodelAttributes *attributes;
  const XmodelArgument *arguments;
  guint n_arguments;
  XmodelTensor tensor;
};

/**
 * XmodelSubgraph:
 * @ops: (array length=n_ops): all operators in it and below it, in the order
 *   of the file
 */
struct _XmodelSubgraph {
  const gchar *name;
  const XmodelAttributes *attributes;
  const XmodelSubgraph *const *children;
  guint n_children;
  const XmodelOp *const *ops;
  guint n_ops;
};

Xmodel *xmodel_load (const gchar *path, GError **error);
Xmodel *xmodel_parse (GBytes *bytes, GError **error);
Xmodel *xmodel_ref (Xmodel *self);
void xmodel_unref (Xmodel *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Xmodel, xmodel_unref)

gchar *xmodel_make_printable (const gchar *text);
GBytes *xmodel_get_bytes (const Xmodel *self);
const gchar *xmodel_get_name (const Xmodel *self);
const XmodelAttributes *xmodel_get_attributes (const Xmodel *self);
const XmodelSubgraph *xmodel_get_root (const Xmodel *self);
guint xmodel_get_n_ops (const Xmodel *self);
const XmodelOp *xmodel_get_op (const Xmodel *self, guint index);
const XmodelOp *xmodel_find_op (const Xmodel *self, const gchar *name);
GPtrArray *xmodel_find_results (const Xmodel *self);
void xmodel_sort_ops (const Xmodel *self, GPtrArray *ops);

const XmodelArgument *xmodel_op_get_argument (
    const XmodelOp *op, const gchar *name);
const XmodelOp *xmodel_op_get_input (
    const XmodelOp *op, const gchar *name, guint index);
gboolean xmodel_op_is_movement (const XmodelOp *op);
gboolean xmodel_subgraph_is_on (
    const XmodelSubgraph *subgraph, const gchar *device);
gboolean xmodel_tensor_get_n_elements (
    const XmodelTensor *tensor, guint64 *n_elements);

/* Attributes. Each returns %TRUE and sets its out arguments only when the
 * attribute is there with that type; any integer width and sign that fits the
 * value is taken, as is float for double. Memory belongs to the model. */
gboolean xmodel_attributes_has (
    const XmodelAttributes *self, const gchar *name);
gboolean xmodel_attributes_get_bool (
    const XmodelAttributes *self, const gchar *name, gboolean *value);
gboolean xmodel_attributes_get_int (
    const XmodelAttributes *self, const gchar *name, gint *value);
gboolean xmodel_attributes_get_uint64 (
    const XmodelAttributes *self, const gchar *name, guint64 *value);
gboolean xmodel_attributes_get_double (
    const XmodelAttributes *self, const gchar *name, gdouble *value);
gboolean xmodel_attributes_get_string (
    const XmodelAttributes *self, const gchar *name, const gchar **value);
gboolean xmodel_attributes_get_bytes (const XmodelAttributes *self,
    const gchar *name, const guint8 **data, gsize *size);
gboolean xmodel_attributes_get_ints (const XmodelAttributes *self,
    const gchar *name, const gint32 **values, gsize *n_values);
gboolean xmodel_attributes_get_floats (const XmodelAttributes *self,
    const gchar *name, const gfloat **values, gsize *n_values);
gboolean xmodel_attributes_lookup_int (const XmodelAttributes *self,
    const gchar *name, const gchar *key, gint *value);
gboolean xmodel_attributes_lookup_string (const XmodelAttributes *self,
    const gchar *name, const gchar *key, const gchar **value);
gboolean xmodel_attributes_lookup_bytes (const XmodelAttributes *self,
    const gchar *name, const gchar *key, const guint8 **data, gsize *size);
const gchar **xmodel_attributes_list_keys (
    const XmodelAttributes *self, const gchar *name, gsize *n_keys);

G_END_DECLS
