/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* From the bytes of a file to a graph of operators whose names are resolved. */

#include "xmodel-private.h"

#include "attribute-rules.h"
#include "validate.h"
#include "wire.h"

#include <glib/gstdio.h>

#include <string.h>

static gboolean
check_name (const gchar *name, const gchar *kind, guint index, GError **error)
{
  if (*name == '\0')
    return xmodel_invalid (error, "%s number %u has no name", kind, index);
  if (strlen (name) > XMODEL_MAX_NAME_BYTES)
    return xmodel_invalid (error,
        "the name of %s number %u has %" G_GSIZE_FORMAT
        " bytes, more than the %d that are taken",
        kind, index, strlen (name), XMODEL_MAX_NAME_BYTES);
  return TRUE;
}

static gboolean
resolve_arguments (Xmodel *self, XmodelOp *op, const XmodelFile__Op *source,
    XmodelArgument *arguments, const XmodelOp ***next_op, GError **error)
{
  gsize i, j, k;

  if (source->n_arguments > XMODEL_MAX_ARGUMENTS)
    return xmodel_invalid (error,
        "operator \"%s\" has %" G_GSIZE_FORMAT " arguments, more than the %d "
        "that are taken",
        op->name, source->n_arguments, XMODEL_MAX_ARGUMENTS);
  op->arguments = arguments;
  op->n_arguments = source->n_arguments;
  for (i = 0; i < source->n_arguments; i++) {
    const XmodelFile__Argument *argument = source->arguments[i];

    for (j = 0; j < i; j++) {
      if (strcmp (arguments[j].name, argument->name) == 0)
        return xmodel_invalid (error,
            "operator \"%s\" has its argument \"%s\" twice", op->name,
            argument->name);
    }
    arguments[i].name = argument->name;
    arguments[i].ops = *next_op;
    arguments[i].n_ops = argument->n_ops;
    for (k = 0; k < argument->n_ops; k++) {
      const XmodelOp *input = xmodel_find_op (self, argument->ops[k]);

      if (input == NULL || input->index >= op->index)
        return xmodel_invalid (error,
            "operator \"%s\" reads \"%s\" as its \"%s\", but no operator "
            "before it has that name",
            op->name, argument->ops[k], argument->name);
      *(*next_op)++ = input;
    }
  }
  return TRUE;
}

static void
set_tensor (XmodelTensor *tensor, const XmodelFile__Tensor *source,
    XmodelAttributes *attributes)
{
  attributes->entries = source->attributes;
  attributes->n_entries = source->n_attributes;
  tensor->name = source->name;
  tensor->dims = source->dims;
  tensor->n_dims = source->n_dims;
  tensor->data_type = source->data_type;
  tensor->bit_width = source->bit_width;
  tensor->attributes = attributes;
}

static gboolean
set_op (Xmodel *self, guint index, GError **error)
{
  const XmodelFile__Op *source = self->graph->ops[index];
  XmodelOp *op = &self->ops[index];
  XmodelAttributes *attributes = &self->op_attributes[2 * index];

  if (!check_name (source->name, "operator", index, error))
    return FALSE;
  if (source->tensor == NULL)
    return xmodel_invalid (
        error, "operator \"%s\" has no output tensor", source->name);
  if (source->tensor->bit_width < 0)
    return xmodel_invalid (error,
        "the tensor of operator \"%s\" has %d bits per element", source->name,
        source->tensor->bit_width);

  op->index = index;
  op->name = source->name;
  op->type = source->type;
  attributes[0].entries = source->attributes;
  attributes[0].n_entries = source->n_attributes;
  op->attributes = &attributes[0];
  set_tensor (&op->tensor, source->tensor, &attributes[1]);
  self->ops_by_name[index] = op;
  return TRUE;
}

static gint
compare_op_names (gconstpointer a, gconstpointer b)
{
  const XmodelOp *left = *(const XmodelOp *const *) a;
  const XmodelOp *right = *(const XmodelOp *const *) b;

  return strcmp (left->name, right->name);
}

static gboolean
sort_ops (Xmodel *self, GError **error)
{
  guint i;

  qsort (self->ops_by_name, self->n_ops, sizeof (gpointer), compare_op_names);
  for (i = 1; i < self->n_ops; i++) {
    const gchar *name = self->ops_by_name[i]->name;

    if (strcmp (name, self->ops_by_name[i - 1]->name) == 0)
      return xmodel_invalid (error, "two operators have the name \"%s\"", name);
  }
  return TRUE;
}

static gboolean
add_ops (Xmodel *self, GError **error)
{
  const XmodelFile__Graph *graph = self->graph;
  gsize n_arguments = 0, n_argument_ops = 0;
  XmodelArgument *arguments;
  const XmodelOp **next_op;
  gsize i, j;

  if (graph->n_ops == 0)
    return xmodel_invalid (error, "the model has no operators");

  for (i = 0; i < graph->n_ops; i++) {
    n_arguments += graph->ops[i]->n_arguments;
    for (j = 0; j < graph->ops[i]->n_arguments; j++)
      n_argument_ops += graph->ops[i]->arguments[j]->n_ops;
  }
  self->n_ops = graph->n_ops;
  self->ops = g_new0 (XmodelOp, graph->n_ops);
  self->op_attributes = g_new0 (XmodelAttributes, 2 * graph->n_ops);
  /* one more, to have an address to start from when there are none */
  self->arguments = g_new0 (XmodelArgument, n_arguments + 1);
  self->argument_ops = g_new0 (const XmodelOp *, n_argument_ops + 1);
  self->ops_by_name = g_new0 (const XmodelOp *, graph->n_ops);

  for (i = 0; i < graph->n_ops; i++) {
    if (!set_op (self, i, error))
      return FALSE;
  }
  if (!sort_ops (self, error))
    return FALSE;
  arguments = self->arguments;
  next_op = self->argument_ops;
  for (i = 0; i < graph->n_ops; i++) {
    if (!resolve_arguments (
            self, &self->ops[i], graph->ops[i], arguments, &next_op, error))
      return FALSE;
    arguments += graph->ops[i]->n_arguments;
  }
  return TRUE;
}

static gint
compare_op_indices (gconstpointer a, gconstpointer b)
{
  const XmodelOp *op_a = *(const XmodelOp *const *) a;
  const XmodelOp *op_b = *(const XmodelOp *const *) b;

  return (op_a->index > op_b->index) - (op_a->index < op_b->index);
}

static gboolean
collect_own_ops (Xmodel *self, const XmodelFile__Subgraph *source,
    GPtrArray *ops, guint8 *is_taken, GError **error)
{
  gsize i;

  for (i = 0; i < source->n_ops; i++) {
    const XmodelOp *op = xmodel_find_op (self, source->ops[i]);

    if (op == NULL)
      return xmodel_invalid (error,
          "subgraph \"%s\" holds operator \"%s\", which the model does not "
          "have",
          source->name, source->ops[i]);
    if (is_taken[op->index])
      return xmodel_invalid (error,
          "subgraph \"%s\" holds operator \"%s\", which is already in "
          "another place",
          source->name, source->ops[i]);
    is_taken[op->index] = TRUE;
    g_ptr_array_add (ops, (gpointer) op);
  }
  return TRUE;
}

/* fills @subgraph even when it fails, as far as it came */
static gboolean
fill_subgraph (Xmodel *self, XmodelSubgraph *subgraph,
    const XmodelFile__Subgraph *source, guint8 *is_taken, guint depth,
    GError **error)
{
  XmodelAttributes *attributes = g_new0 (XmodelAttributes, 1);
  XmodelSubgraph **children = g_new0 (XmodelSubgraph *, source->n_children);
  GPtrArray *ops = g_ptr_array_new ();
  gboolean ok = TRUE;
  gsize n_ops = 0;
  gsize i, j;

  attributes->entries = source->attributes;
  attributes->n_entries = source->n_attributes;
  subgraph->name = source->name;
  subgraph->attributes = attributes;
  subgraph->children = (const XmodelSubgraph *const *) children;

  if (depth > XMODEL_MAX_SUBGRAPH_DEPTH)
    ok = xmodel_invalid (error, "the subgraphs are nested more than %d deep",
        XMODEL_MAX_SUBGRAPH_DEPTH);
  else if (source->n_ops != 0 && source->n_children != 0)
    ok = xmodel_invalid (error,
        "subgraph \"%s\" holds both operators and subgraphs, it can hold one "
        "or the other",
        source->name);
  else if (source->n_ops == 0 && source->n_children == 0)
    ok = xmodel_invalid (error,
        "subgraph \"%s\" holds neither operators nor subgraphs", source->name);
  else
    ok = collect_own_ops (self, source, ops, is_taken, error);

  for (i = 0; ok && i < source->n_children; i++) {
    children[i] = g_new0 (XmodelSubgraph, 1);
    subgraph->n_children = i + 1;
    ok = fill_subgraph (
        self, children[i], source->children[i], is_taken, depth + 1, error);
    for (j = 0; j < children[i]->n_ops; j++)
      g_ptr_array_add (ops, (gpointer) children[i]->ops[j]);
  }
  n_ops = ops->len;
  if (n_ops > 0)
    qsort (ops->pdata, n_ops, sizeof (gpointer), compare_op_indices);
  subgraph->ops = (const XmodelOp *const *) g_ptr_array_free (ops, FALSE);
  subgraph->n_ops = n_ops;
  return ok;
}

static gboolean
add_subgraphs (Xmodel *self, GError **error)
{
  g_autofree guint8 *is_taken = g_new0 (guint8, self->n_ops);
  guint i;

  if (self->graph->root == NULL)
    return xmodel_invalid (error, "the model has no root subgraph");
  self->root = g_new0 (XmodelSubgraph, 1);
  if (!fill_subgraph (self, self->root, self->graph->root, is_taken, 0, error))
    return FALSE;
  for (i = 0; i < self->n_ops; i++) {
    if (!is_taken[i])
      return xmodel_invalid (error,
          "operator \"%s\" is in none of the subgraphs", self->ops[i].name);
  }
  return TRUE;
}

/**
 * xmodel_parse:
 * @bytes: (transfer none): the content of an .xmodel file
 * @error: return location of a #GError
 *
 * Reads a model and checks everything libxir relies on. The model keeps a
 * reference of @bytes.
 *
 * Returns: (transfer full) (nullable): the model, %NULL with @error set when
 *   it is not sound
 */
Xmodel *
xmodel_parse (GBytes *bytes, GError **error)
{
  gsize size;
  const guint8 *data = g_bytes_get_data (bytes, &size);
  Xmodel *self;

  if (!xmodel_wire_check (data, size, error))
    return NULL;

  self = g_new0 (Xmodel, 1);
  g_atomic_ref_count_init (&self->ref_count);
  self->bytes = g_bytes_ref (bytes);
  self->graph = xmodel_file__graph__unpack (NULL, size, data);
  if (self->graph == NULL) {
    xmodel_invalid (error, "the file is damaged or no xmodel");
    goto failed;
  }
  self->attributes.entries = self->graph->attributes;
  self->attributes.n_entries = self->graph->n_attributes;
  if (!add_ops (self, error) || !add_subgraphs (self, error)
      || !xmodel_validate (self, error))
    goto failed;
  return self;

failed:
  xmodel_unref (self);
  return NULL;
}

/* @path: a folder; returns the only model in it, if there is one */
static gchar *
find_model (const gchar *path)
{
  g_autoptr (GDir) folder = g_dir_open (path, 0, NULL);
  g_autofree gchar *found = NULL;
  const gchar *name;

  while (folder != NULL && (name = g_dir_read_name (folder)) != NULL) {
    if (!g_str_has_suffix (name, ".xmodel"))
      continue;
    if (found != NULL)
      return NULL;
    found = g_build_filename (path, name, NULL);
  }
  return g_steal_pointer (&found);
}

static gboolean
fail_folder (const gchar *path, GError **error)
{
  g_autofree gchar *model = find_model (path);

  if (model != NULL)
    g_set_error (error, XMODEL_ERROR, XMODEL_ERROR_NOT_FOUND,
        "cannot read the model: \"%s\" is a folder; the model in it is \"%s\"",
        path, model);
  else
    g_set_error (error, XMODEL_ERROR, XMODEL_ERROR_NOT_FOUND,
        "cannot read the model: \"%s\" is a folder; name an .xmodel file",
        path);
  return FALSE;
}

/* devices and pipes may never end, and large files are no models */
static gboolean
check_file (const gchar *path, GError **error)
{
  GStatBuf status;

  /* a file that is not there is the next one's to report */
  if (g_stat (path, &status) != 0)
    return TRUE;
  if (S_ISDIR (status.st_mode))
    return fail_folder (path, error);
  if (!S_ISREG (status.st_mode)) {
    g_set_error (error, XMODEL_ERROR, XMODEL_ERROR_NOT_FOUND,
        "cannot read the model: \"%s\" is a device or a pipe, not a file",
        path);
    return FALSE;
  }
  if (status.st_size > XMODEL_MAX_BYTES) {
    g_set_error (error, XMODEL_ERROR, XMODEL_ERROR_LIMIT,
        "cannot use the model %s: the file has %" G_GOFFSET_FORMAT
        " bytes, more than the %d that are taken",
        path, (goffset) status.st_size, XMODEL_MAX_BYTES);
    return FALSE;
  }
  return TRUE;
}

/**
 * xmodel_load:
 * @path: name of an .xmodel file
 * @error: return location of a #GError
 *
 * Reads a file into memory and parses it, see xmodel_parse().
 *
 * Returns: (transfer full) (nullable): the model, %NULL with @error set
 */
Xmodel *
xmodel_load (const gchar *path, GError **error)
{
  g_autoptr (GError) local_error = NULL;
  GBytes *bytes;
  Xmodel *self;
  gchar *content;
  gsize size;

  if (!check_file (path, error))
    return NULL;
  if (!g_file_get_contents (path, &content, &size, &local_error)) {
    g_set_error (error, XMODEL_ERROR, XMODEL_ERROR_NOT_FOUND,
        "cannot read the model: %s", local_error->message);
    return NULL;
  }
  bytes = g_bytes_new_take (content, size);
  self = xmodel_parse (bytes, &local_error);
  g_bytes_unref (bytes);
  if (self == NULL)
    g_propagate_prefixed_error (error, g_steal_pointer (&local_error),
        "cannot use the model %s: ", path);
  return self;
}
