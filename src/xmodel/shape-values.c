/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Some operators take a shape from another one: from a constant's data or from
 * the "shape_info" libxir leaves at tensors. It reads as many elements as the
 * tensor has, whatever is there, and aborts on types it cannot convert. */

#include "attribute-rules.h"

#include "shape-values.h"
#include "shapes.h"

#include <string.h>

/*
 * xmodel_parse_data_type:
 * @text: a data type as attributes have it, as "XINT8" or "float32"
 * @type: (out): the part before the digits
 * @bit_width: (out): the digits
 *
 * Returns: whether libxir takes it; its own parser overflows the stack on long
 *   strings
 */
gboolean
xmodel_parse_data_type (
    const gchar *text, XmodelDataType *type, guint *bit_width)
{
  static const struct {
    const gchar *name;
    XmodelDataType type;
  } names[] = {
    { "INT", XMODEL_DATA_TYPE_INT },
    { "int", XMODEL_DATA_TYPE_INT },
    { "UINT", XMODEL_DATA_TYPE_UINT },
    { "uint", XMODEL_DATA_TYPE_UINT },
    { "XINT", XMODEL_DATA_TYPE_XINT },
    { "xint", XMODEL_DATA_TYPE_XINT },
    { "XUINT", XMODEL_DATA_TYPE_XUINT },
    { "xuint", XMODEL_DATA_TYPE_XUINT },
    { "FLOAT", XMODEL_DATA_TYPE_FLOAT },
    { "float", XMODEL_DATA_TYPE_FLOAT },
  };
  gsize n_letters = strcspn (text, "0123456789");
  const gchar *digits = text + n_letters;
  guint i;

  if (*digits == '\0' || strlen (digits) > 2
      || strspn (digits, "0123456789") != strlen (digits))
    return FALSE;
  for (i = 0; i < G_N_ELEMENTS (names); i++) {
    if (strlen (names[i].name) == n_letters
        && strncmp (names[i].name, text, n_letters) == 0) {
      *type = names[i].type;
      *bit_width = g_ascii_strtoull (digits, NULL, 10);
      return *bit_width >= 1 && *bit_width <= XMODEL_MAX_BITS;
    }
  }
  return FALSE;
}

/* dims and data_type as attributes: for operators without inputs libxir has
 * nothing else to go by */
static gboolean
check_declared_tensor (const XmodelOp *op, GError **error)
{
  const XmodelTensor *tensor = &op->tensor;
  const gchar *text = "";
  const gint32 *shape = NULL;
  gsize n_dims = 0, i;
  XmodelDataType type;
  guint bit_width;

  xmodel_attributes_get_ints (op->attributes, "shape", &shape, &n_dims);
  xmodel_attributes_get_string (op->attributes, "data_type", &text);
  if (!xmodel_parse_data_type (text, &type, &bit_width))
    return xmodel_invalid (error,
        "the data type of operator \"%s\" is \"%.32s\", which is not known",
        op->name, text);
  if (n_dims != tensor->n_dims)
    return xmodel_invalid (error,
        "the shape of operator \"%s\" has %" G_GSIZE_FORMAT
        " dimensions, but its tensor has %u",
        op->name, n_dims, tensor->n_dims);
  for (i = 0; i < n_dims; i++) {
    if ((guint32) shape[i] != tensor->dims[i])
      return xmodel_invalid (error,
          "dimension %" G_GSIZE_FORMAT
          " of the shape of operator \"%s\" is %d, but that of its tensor is "
          "%u",
          i, op->name, shape[i], tensor->dims[i]);
  }
  return TRUE;
}

static guint64
get_n_bytes (const XmodelTensor *tensor)
{
  guint64 n_elements = 0;

  xmodel_tensor_get_n_elements (tensor, &n_elements);
  return (n_elements * tensor->bit_width + 7) / 8;
}

gboolean
xmodel_check_source (const XmodelOp *op, GError **error)
{
  return check_declared_tensor (op, error);
}

gboolean
xmodel_check_custom (const XmodelOp *op, GError **error)
{
  return check_declared_tensor (op, error);
}

gboolean
xmodel_check_constant (const XmodelOp *op, GError **error)
{
  const guint8 *data;
  gsize size = 0;
  guint64 n_bytes = get_n_bytes (&op->tensor);

  if (!check_declared_tensor (op, error))
    return FALSE;
  xmodel_attributes_get_bytes (op->attributes, "data", &data, &size);
  /* the compiler moves the data to the subgraph's parameters */
  if (size == 0 && strcmp (op->type, "const-fix") == 0)
    return TRUE;
  if (size != n_bytes)
    return xmodel_invalid (error,
        "constant \"%s\" has %" G_GSIZE_FORMAT
        " bytes of data, but its tensor takes %" G_GUINT64_FORMAT,
        op->name, size, n_bytes);
  return TRUE;
}

/*
 * xmodel_has_shape_values:
 * @op: an operator
 *
 * Returns: whether libxir would read values from it
 */
gboolean
xmodel_has_shape_values (const XmodelOp *op)
{
  return xmodel_attributes_has (op->attributes, "data")
         || xmodel_attributes_has (op->tensor.attributes, "shape_info");
}

static gboolean
read_integer (
    const guint8 *data, guint bit_width, gboolean is_signed, gint64 *value)
{
  guint64 bits = 0;
  guint i;

  /* the files are little endian */
  for (i = 0; i < bit_width / 8; i++)
    bits |= (guint64) data[i] << (8 * i);
  if (is_signed && bit_width < 64 && (bits >> (bit_width - 1)) != 0)
    bits |= G_MAXUINT64 << bit_width;
  *value = (gint64) bits;
  return is_signed || bits <= G_MAXINT64;
}

static gboolean
read_element (
    const guint8 *data, XmodelDataType type, guint bit_width, gint64 *value)
{
  gdouble number;
  gfloat single;

  if (type != XMODEL_DATA_TYPE_FLOAT)
    return read_integer (data, bit_width, type == XMODEL_DATA_TYPE_INT, value);
  if (bit_width == 32) {
    memcpy (&single, data, sizeof (single));
    number = single;
  } else {
    memcpy (&number, data, sizeof (number));
  }
  /* false for NaN */
  if (!(number >= G_MININT32 && number <= G_MAXINT32))
    return FALSE;
  *value = (gint64) number;
  return TRUE;
}

static gboolean
is_readable (XmodelDataType type, guint bit_width)
{
  switch (type) {
    case XMODEL_DATA_TYPE_INT:
    case XMODEL_DATA_TYPE_UINT:
      return bit_width == 8 || bit_width == 16 || bit_width == 32
             || bit_width == 64;
    case XMODEL_DATA_TYPE_FLOAT:
      return bit_width == 32 || bit_width == 64;
    default:
      return FALSE;
  }
}

static gboolean
read_data (const XmodelOp *op, XmodelShapeValues *result, GError **error)
{
  const XmodelTensor *tensor = &op->tensor;
  const guint8 *data;
  gsize size;
  guint64 n_elements = 0;
  guint i;

  if (!is_readable (tensor->data_type, tensor->bit_width)
      || !xmodel_attributes_get_bytes (op->attributes, "data", &data, &size)
      || size != get_n_bytes (tensor))
    return xmodel_invalid (error,
        "operator \"%s\" is used as a shape, but holds no numbers", op->name);
  xmodel_tensor_get_n_elements (tensor, &n_elements);
  if (n_elements > XMODEL_MAX_SHAPE_VALUES)
    return xmodel_invalid (error,
        "operator \"%s\" is used as a shape, but has %" G_GUINT64_FORMAT
        " elements",
        op->name, n_elements);
  for (i = 0; i < n_elements; i++) {
    gint64 value;

    if (!read_element (data + i * (tensor->bit_width / 8), tensor->data_type,
            tensor->bit_width, &value)
        || value < G_MININT32 || value > G_MAXINT32)
      return xmodel_invalid (error,
          "operator \"%s\" is used as a shape, but element %u of it is not a "
          "32 bit integer",
          op->name, i);
    result->values[i] = (gint32) value;
  }
  result->n_values = n_elements;
  return TRUE;
}

/*
 * xmodel_get_shape_values:
 * @op: an operator whose output is a shape
 * @result: (out): the shape
 * @error: return location of a #GError
 *
 * Returns: %FALSE with @error set when @op does not hold a shape
 */
gboolean
xmodel_get_shape_values (
    const XmodelOp *op, XmodelShapeValues *result, GError **error)
{
  gboolean has_data = xmodel_attributes_has (op->attributes, "data");
  const gint32 *values;
  gsize n_values;

  if (!xmodel_attributes_get_ints (
          op->tensor.attributes, "shape_info", &values, &n_values)) {
    if (has_data)
      return read_data (op, result, error);
    return xmodel_invalid (error,
        "operator \"%s\" is used as a shape, but its values are not in the "
        "file",
        op->name);
  }
  if (has_data)
    return xmodel_invalid (error,
        "operator \"%s\" is used as a shape and has two of them", op->name);
  if (n_values > XMODEL_MAX_SHAPE_VALUES)
    return xmodel_invalid (error,
        "operator \"%s\" is used as a shape, but has %" G_GSIZE_FORMAT
        " elements",
        op->name, n_values);
  if (n_values > 0)
    memcpy (result->values, values, n_values * sizeof (gint32));
  result->n_values = n_values;
  return TRUE;
}
