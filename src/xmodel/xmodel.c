/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* The graph of operators, for whoever computes with it. Strings and arrays point
 * into the unpacked message, which lives as long as the model. */

#include "xmodel-private.h"

#include <string.h>

GQuark
xmodel_error_quark (void)
{
  return g_quark_from_static_string ("xmodel-error-quark");
}

static void
subgraph_free (XmodelSubgraph *subgraph)
{
  guint i;

  for (i = 0; i < subgraph->n_children; i++)
    subgraph_free ((XmodelSubgraph *) subgraph->children[i]);
  g_free ((gpointer) subgraph->children);
  g_free ((gpointer) subgraph->ops);
  g_free ((gpointer) subgraph->attributes);
  g_free (subgraph);
}

/**
 * xmodel_make_printable:
 * @text: a name of a model, or a message with one in it
 *
 * Files may have anything in their names: line breaks that forge lines of a log,
 * colours and titles for terminals, letters that turn the reading direction.
 *
 * Returns: (transfer full): @text with spaces and replacement characters for those
 */
gchar *
xmodel_make_printable (const gchar *text)
{
  g_autofree gchar *valid = g_utf8_make_valid (text, -1);
  GString *printable = g_string_new (NULL);

  for (const gchar *at = valid; *at != '\0'; at = g_utf8_next_char (at)) {
    gunichar letter = g_utf8_get_char (at);

    if (letter == '\n' || letter == '\t')
      letter = ' ';
    else if (!g_unichar_isprint (letter)
             || g_unichar_type (letter) == G_UNICODE_FORMAT)
      letter = 0xfffd;
    g_string_append_unichar (printable, letter);
  }
  return g_string_free (printable, FALSE);
}

/**
 * xmodel_ref:
 * @self: a model
 *
 * Returns: (transfer full): @self; from any thread
 */
Xmodel *
xmodel_ref (Xmodel *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

/**
 * xmodel_unref:
 * @self: (transfer full): a model
 *
 * Frees it with the last reference; from any thread.
 */
void
xmodel_unref (Xmodel *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  if (self->root != NULL)
    subgraph_free (self->root);
  g_free (self->ops_by_name);
  g_free (self->argument_ops);
  g_free (self->arguments);
  g_free (self->op_attributes);
  g_free (self->ops);
  if (self->graph != NULL)
    xmodel_file__graph__free_unpacked (self->graph, NULL);
  g_bytes_unref (self->bytes);
  g_free (self);
}

/**
 * xmodel_get_bytes:
 * @self: a model
 *
 * Returns: (transfer none): the content of the file that was checked, for
 *   whoever parses it next
 */
GBytes *
xmodel_get_bytes (const Xmodel *self)
{
  return self->bytes;
}

/**
 * xmodel_get_name:
 * @self: a model
 *
 * Returns: (transfer none): the name of the graph, may be empty
 */
const gchar *
xmodel_get_name (const Xmodel *self)
{
  return self->graph->name;
}

/**
 * xmodel_get_attributes:
 * @self: a model
 *
 * Returns: (transfer none): the attributes of the graph
 */
const XmodelAttributes *
xmodel_get_attributes (const Xmodel *self)
{
  return &self->attributes;
}

/**
 * xmodel_get_root:
 * @self: a model
 *
 * Returns: (transfer none): the subgraph that holds all operators; it has no
 *   children in the quantizer's output
 */
const XmodelSubgraph *
xmodel_get_root (const Xmodel *self)
{
  return self->root;
}

/**
 * xmodel_get_n_ops:
 * @self: a model
 *
 * Returns: how many operators it has, at least one
 */
guint
xmodel_get_n_ops (const Xmodel *self)
{
  return self->n_ops;
}

/**
 * xmodel_get_op:
 * @self: a model
 * @index: less than xmodel_get_n_ops()
 *
 * Returns: (transfer none): the operator at that place of the file
 */
const XmodelOp *
xmodel_get_op (const Xmodel *self, guint index)
{
  g_return_val_if_fail (index < self->n_ops, NULL);

  return &self->ops[index];
}

/**
 * xmodel_find_op:
 * @self: a model
 * @name: name of an operator
 *
 * Returns: (transfer none) (nullable): the operator of that name
 */
const XmodelOp *
xmodel_find_op (const Xmodel *self, const gchar *name)
{
  guint first = 0, end = self->n_ops;

  while (first < end) {
    guint middle = first + (end - first) / 2;
    gint order = strcmp (name, self->ops_by_name[middle]->name);

    if (order == 0)
      return self->ops_by_name[middle];
    if (order < 0)
      end = middle;
    else
      first = middle + 1;
  }
  return NULL;
}

/**
 * xmodel_find_results:
 * @self: a model
 *
 * Finds the operators whose results nobody reads, seen through what only moves
 * their numbers: the compiler leaves that to the CPU. In quantizer output they
 * are the heads.
 *
 * Returns: (transfer container) (element-type XmodelOp): each once, in the order
 *   of the file
 */
GPtrArray *
xmodel_find_results (const Xmodel *self)
{
  g_autofree gboolean *read = g_new0 (gboolean, self->n_ops);
  GPtrArray *results = g_ptr_array_new ();

  for (guint i = 0; i < self->n_ops; i++) {
    const XmodelOp *op = &self->ops[i];

    for (guint j = 0; j < op->n_arguments; j++) {
      for (guint k = 0; k < op->arguments[j].n_ops; k++)
        read[op->arguments[j].ops[k]->index] = TRUE;
    }
  }
  for (guint i = 0; i < self->n_ops; i++) {
    const XmodelOp *op = &self->ops[i];

    if (read[i] || g_str_has_prefix (op->type, "const")
        || strcmp (op->type, "data") == 0)
      continue;
    while (xmodel_op_is_movement (op)
           && xmodel_op_get_input (op, "input", 0) != NULL)
      op = xmodel_op_get_input (op, "input", 0);
    if (!g_ptr_array_find (results, op, NULL))
      g_ptr_array_add (results, (gpointer) op);
  }
  return results;
}

/**
 * xmodel_op_is_movement:
 * @op: an operator
 *
 * Returns: whether it moves its input's numbers without changing them
 */
gboolean
xmodel_op_is_movement (const XmodelOp *op)
{
  static const gchar *const types[] = { "reshape", "transpose", "flatten",
    "squeeze", "strided_slice", "identity", "reorg", "pixel-shuffle", NULL };

  return g_strv_contains (types, op->type);
}

/**
 * xmodel_subgraph_is_on:
 * @subgraph: a subgraph of a compiled model
 * @device: "DPU", "CPU" or "USER"
 *
 * Returns: whether the compiler has put it there
 */
gboolean
xmodel_subgraph_is_on (const XmodelSubgraph *subgraph, const gchar *device)
{
  const gchar *value;

  return xmodel_attributes_get_string (subgraph->attributes, "device", &value)
         && strcmp (value, device) == 0;
}

/**
 * xmodel_op_get_argument:
 * @op: an operator
 * @name: name of an argument, as "input" or "weights"
 *
 * Returns: (transfer none) (nullable): the argument, which may be empty
 */
const XmodelArgument *
xmodel_op_get_argument (const XmodelOp *op, const gchar *name)
{
  guint i;

  for (i = 0; i < op->n_arguments; i++) {
    if (strcmp (op->arguments[i].name, name) == 0)
      return &op->arguments[i];
  }
  return NULL;
}

/**
 * xmodel_op_get_input:
 * @op: an operator
 * @name: name of an argument, as "input" or "weights"
 * @index: which of the argument's operators
 *
 * Returns: (transfer none) (nullable): the operator whose output is read
 */
const XmodelOp *
xmodel_op_get_input (const XmodelOp *op, const gchar *name, guint index)
{
  const XmodelArgument *argument = xmodel_op_get_argument (op, name);

  return argument != NULL && index < argument->n_ops ? argument->ops[index]
                                                     : NULL;
}

/**
 * xmodel_tensor_get_n_elements:
 * @tensor: a tensor
 * @n_elements: (out): the product of its dimensions
 *
 * Returns: %FALSE when the product is more than this reader takes; never for a
 *   tensor of a model
 */
gboolean
xmodel_tensor_get_n_elements (const XmodelTensor *tensor, guint64 *n_elements)
{
  guint64 product = 1;
  guint i;

  for (i = 0; i < tensor->n_dims; i++) {
    /* the product stays below 2^31 before and 2^63 after */
    product *= tensor->dims[i];
    if (product > XMODEL_MAX_ELEMENTS)
      return FALSE;
  }
  *n_elements = product;
  return TRUE;
}
