/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "report.h"
#include "facts.h"

#include <sys/stat.h>

#include <string.h>

static void
subgraph_free (gpointer data)
{
  InspectSubgraph *self = data;

  g_array_unref (self->inputs);
  g_array_unref (self->outputs);
  g_array_unref (self->registers);
  g_free (self);
}

static void
cpu_ops_free (gpointer data)
{
  InspectCpuOps *self = data;

  g_ptr_array_unref (self->names);
  g_free (self);
}

static InspectReport *
report_alloc (const gchar *path)
{
  InspectReport *self = g_new0 (InspectReport, 1);

  self->path = g_strdup (path);
  self->libraries = g_ptr_array_new_with_free_func (g_free);
  self->subgraphs = g_ptr_array_new_with_free_func (subgraph_free);
  self->cpu_ops = g_ptr_array_new_with_free_func (cpu_ops_free);
  self->inputs = g_array_new (FALSE, FALSE, sizeof (InspectTensor));
  self->outputs = g_array_new (FALSE, FALSE, sizeof (InspectTensor));
  self->reasons = g_ptr_array_new_with_free_func (g_free);
  self->hints = g_ptr_array_new_with_free_func (g_free);
  return self;
}

/* a compiled model has subgraphs; the quantizer marks every rounding */
static InspectKind
find_kind (const Xmodel *model)
{
  if (xmodel_get_root (model)->n_children > 0)
    return INSPECT_KIND_COMPILED;
  for (guint i = 0; i < xmodel_get_n_ops (model); i++) {
    if (strcmp (xmodel_get_op (model, i)->type, "fix") == 0)
      return INSPECT_KIND_QUANTIZED;
  }
  return INSPECT_KIND_FLOAT;
}

/* @message as a reason: the report says anyway which file it is about */
static gchar *
make_read_reason (const InspectReport *self, const gchar *message)
{
  static const gchar unreadable[] = "cannot read the model: ";
  g_autofree gchar *unusable =
      g_strdup_printf ("cannot use the model %s: ", self->path);

  if (g_str_has_prefix (message, unreadable))
    return g_strconcat (
        "the file cannot be read: ", message + strlen (unreadable), NULL);
  if (g_str_has_prefix (message, unusable))
    message += strlen (unusable);
  return g_strdup (message);
}

/**
 * inspect_report_new:
 * @path: a file, of any kind
 *
 * Reads the file, and opens it as yolov5dpu would. Takes seconds for a large
 * model.
 *
 * Returns: (transfer full): what was found; never %NULL
 */
InspectReport *
inspect_report_new (const gchar *path)
{
  InspectReport *self = report_alloc (path);
  g_autoptr (GError) error = NULL;
  struct stat status;

  if (stat (path, &status) == 0)
    self->file_size = status.st_size;
  self->model = xmodel_load (path, &error);
  if (self->model == NULL) {
    self->kind = g_error_matches (error, XMODEL_ERROR, XMODEL_ERROR_NOT_FOUND)
                     ? INSPECT_KIND_UNREADABLE
                     : INSPECT_KIND_UNSOUND;
    g_ptr_array_add (self->reasons, make_read_reason (self, error->message));
    return self;
  }

  self->kind = find_kind (self->model);
  inspect_find_target (self);
  inspect_find_subgraphs (self);
  inspect_count_workload (self);
  inspect_find_cpu_operators (self);
  inspect_judge (self);
  inspect_find_hints (self);
  return self;
}

void
inspect_report_free (InspectReport *self)
{
  g_clear_pointer (&self->yolov5, yolov5_model_unref);
  g_clear_pointer (&self->model, xmodel_unref);
  g_ptr_array_unref (self->libraries);
  g_ptr_array_unref (self->subgraphs);
  g_ptr_array_unref (self->cpu_ops);
  g_array_unref (self->inputs);
  g_array_unref (self->outputs);
  g_ptr_array_unref (self->reasons);
  g_ptr_array_unref (self->hints);
  g_free (self->target.name);
  g_free (self->compiler);
  g_free (self->info_path);
  g_free (self->path);
  g_free (self);
}

/**
 * inspect_report_has_labels:
 * @self: of a YOLOv5
 *
 * Returns: whether its classes have names, its own or COCO's
 */
gboolean
inspect_report_has_labels (const InspectReport *self)
{
  return self->has_own_labels || yolov5_model_has_assumed_labels (self->yolov5);
}

/**
 * inspect_report_describe_kind:
 *
 * Returns: the kind of file in a few words
 */
const gchar *
inspect_report_describe_kind (const InspectReport *self)
{
  switch (self->kind) {
    case INSPECT_KIND_UNREADABLE:
      return "not readable";
    case INSPECT_KIND_UNSOUND:
      return "no usable xmodel";
    case INSPECT_KIND_FLOAT:
      return "xmodel that was not quantized";
    case INSPECT_KIND_QUANTIZED:
      return "quantizer output, not compiled for a DPU";
    case INSPECT_KIND_COMPILED:
      return "compiled xmodel";
  }
  g_return_val_if_reached ("");
}

/* @sentence as it goes on after other words; "XIR" and the like stay */
static gchar *
continue_sentence (const gchar *sentence)
{
  gchar *copy = g_strdup (sentence);

  if (g_ascii_isupper (copy[0]) && g_ascii_islower (copy[1]))
    copy[0] = g_ascii_tolower (copy[0]);
  return copy;
}

/**
 * inspect_report_describe_verdict:
 *
 * Returns: (transfer full): the verdict as a sentence
 */
gchar *
inspect_report_describe_verdict (const InspectReport *self)
{
  GString *text;

  if (self->verdict == INSPECT_VERDICT_DPU)
    return g_strdup ("Runs on the DPU of this machine.");

  text = g_string_new (self->verdict == INSPECT_VERDICT_SOFTWARE_ONLY
                           ? "Runs on the software DPU only, because "
                           : "Cannot run because ");
  for (guint i = 0; i < self->reasons->len; i++) {
    g_autofree gchar *reason = continue_sentence (self->reasons->pdata[i]);

    g_string_append_printf (text, "%s%s", i == 0 ? "" : ". Moreover, ", reason);
  }
  g_string_append_c (text, '.');
  return g_string_free (text, FALSE);
}

/**
 * inspect_tensors_get_size:
 * @tensors: (element-type InspectTensor):
 *
 * Returns: bytes of them all
 */
guint64
inspect_tensors_get_size (const GArray *tensors)
{
  guint64 size = 0;

  /* each stays far below 2^40, and there are not 2^24 of them */
  for (guint i = 0; i < tensors->len; i++)
    size += g_array_index (tensors, InspectTensor, i).size;
  return size;
}
