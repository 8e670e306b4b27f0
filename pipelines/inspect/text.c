/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "output.h"

#include <string.h>

#define LABEL_WIDTH 16
#define LINE_WIDTH 80

/* names of the compiler run to hundreds of characters, and differ at their
 * ends; what is left of the line beside the other columns */
#define TENSOR_NAME_WIDTH 29
#define SUBGRAPH_NAME_WIDTH 42
#define NAME_WIDTH 60

/* what more there is of them is only counted */
#define MAX_LABELS 8
#define MAX_SUBGRAPHS 16
#define MAX_CPU_OPS 16

static gchar *
shorten_name (const gchar *name, glong width)
{
  static const gchar dots[] = "...";
  g_autofree gchar *printable = xmodel_make_printable (name);
  glong length = g_utf8_strlen (printable, -1);

  if (length <= width)
    return g_steal_pointer (&printable);
  return g_strconcat (dots,
      g_utf8_offset_to_pointer (
          printable, length - width + (glong) strlen (dots)),
      NULL);
}

/* 1234567 as "1,234,567" */
static gchar *
format_count (guint64 count)
{
  GString *text = g_string_new (NULL);

  g_string_printf (text, "%" G_GUINT64_FORMAT, count);
  for (gssize place = (gssize) text->len - 3; place > 0; place -= 3)
    g_string_insert_c (text, place, ',');
  return g_string_free (text, FALSE);
}

static gchar *
format_shape (const InspectTensor *tensor)
{
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < tensor->n_dims; i++)
    g_string_append_printf (text, "%s%u", i > 0 ? " x " : "", tensor->dims[i]);
  return g_string_free (text, FALSE);
}

/* @value in words, broken between them; @label may be empty */
static void
append_row (GString *text, const gchar *label, const gchar *value)
{
  g_auto (GStrv) words = g_strsplit (value, " ", -1);
  glong column = LABEL_WIDTH;

  g_string_append_printf (text, "  %-*s", LABEL_WIDTH - 2, label);
  for (guint i = 0; words[i] != NULL; i++) {
    g_autofree gchar *word = shorten_name (words[i], LINE_WIDTH - LABEL_WIDTH);
    glong length = g_utf8_strlen (word, -1);

    if (i > 0 && column + 1 + length > LINE_WIDTH) {
      g_string_append_printf (text, "\n%*s", LABEL_WIDTH, "");
      column = LABEL_WIDTH;
    } else if (i > 0) {
      g_string_append_c (text, ' ');
      column++;
    }
    g_string_append (text, word);
    column += length;
  }
  g_string_append_c (text, '\n');
}

/* whole, to be copied */
static void
append_path (GString *text, const gchar *label, const gchar *path)
{
  g_autofree gchar *name = g_filename_display_name (path);
  g_autofree gchar *printable = xmodel_make_printable (name);

  g_string_append_printf (
      text, "  %-*s%s\n", LABEL_WIDTH - 2, label, printable);
}

G_GNUC_PRINTF (3, 4)
static void
append_format (GString *text, const gchar *label, const gchar *format, ...)
{
  g_autofree gchar *value = NULL;
  va_list args;

  va_start (args, format);
  value = g_strdup_vprintf (format, args);
  va_end (args);
  append_row (text, label, value);
}

static void
append_file (GString *text, const InspectReport *report)
{
  g_autofree gchar *size = format_count (report->file_size);

  append_path (text, "File", report->path);
  if (report->kind == INSPECT_KIND_UNREADABLE)
    append_row (text, "Kind", inspect_report_describe_kind (report));
  else
    append_format (text, "Kind", "%s, %s bytes",
        inspect_report_describe_kind (report), size);
  if (report->model != NULL) {
    g_autofree gchar *name =
        shorten_name (xmodel_get_name (report->model), NAME_WIDTH);

    append_format (text, "Graph", "%s%s%u operators", name,
        *name != '\0' ? ", " : "", xmodel_get_n_ops (report->model));
  }
}

static const gchar *
describe_compiler (const InspectReport *report)
{
  if (report->compiler != NULL)
    return report->compiler;
  if (report->kind == INSPECT_KIND_COMPILED)
    return "not recorded in the file";
  return "none, it is not compiled";
}

/* "xir.2.5.0" as "xir 2.5.0" */
static void
append_compiler (GString *text, const InspectReport *report)
{
  GString *libraries = g_string_new (NULL);

  for (guint i = 0; i < report->libraries->len; i++) {
    g_autofree gchar *library = g_strdup (report->libraries->pdata[i]);
    gchar *dot = strchr (library, '.');

    if (dot != NULL)
      *dot = ' ';
    g_string_append_printf (
        libraries, "%s%s", i == 0 ? " with " : ", ", library);
  }
  append_format (
      text, "Compiler", "%s%s", describe_compiler (report), libraries->str);
  g_string_free (libraries, TRUE);
}

static void
append_target (GString *text, const InspectReport *report)
{
  const InspectTarget *target = &report->target;

  if (report->kind != INSPECT_KIND_COMPILED)
    return;
  if (target->name == NULL && target->fingerprint == 0)
    append_row (text, "Target", "not recorded in the file");
  else
    append_format (text, "Target",
        "%s, fingerprint 0x%" G_GINT64_MODIFIER "x%s%s%s",
        target->name != NULL ? target->name : "unknown DPU",
        target->fingerprint, target->release != NULL ? " (Vitis AI " : "",
        target->release != NULL ? target->release : "",
        target->release != NULL ? ")" : "");
}

static void
append_tensors (GString *text, const gchar *label, const GArray *tensors)
{
  for (guint i = 0; i < tensors->len && i < YOLOV5_MAX_HEADS; i++) {
    const InspectTensor *tensor = &g_array_index (tensors, InspectTensor, i);
    g_autofree gchar *shape = format_shape (tensor);
    g_autofree gchar *name = shorten_name (tensor->name, TENSOR_NAME_WIDTH);
    g_autofree gchar *fix_point =
        g_strdup_printf ("fix point %d", tensor->fix_point);

    append_format (text, i == 0 ? label : "", "%-20s %-13s %s", shape,
        tensor->has_fix_point ? fix_point : "float", name);
  }
  if (tensors->len > YOLOV5_MAX_HEADS)
    append_format (text, "", "and %u more", tensors->len - YOLOV5_MAX_HEADS);
}

static void
append_subgraphs (GString *text, const InspectReport *report)
{
  for (guint i = 0; i < report->subgraphs->len && i < MAX_SUBGRAPHS; i++) {
    const InspectSubgraph *subgraph = report->subgraphs->pdata[i];
    g_autofree gchar *name = shorten_name (subgraph->name, SUBGRAPH_NAME_WIDTH);

    append_format (text, i == 0 ? "Subgraphs" : "", "%-4s  %4u operator%s  %s",
        subgraph->device, subgraph->n_ops, subgraph->n_ops == 1 ? " " : "s",
        name);
  }
  if (report->subgraphs->len > MAX_SUBGRAPHS)
    append_format (
        text, "", "and %u more", report->subgraphs->len - MAX_SUBGRAPHS);
}

static void
append_cpu_ops (GString *text, const InspectReport *report)
{
  const gchar *label =
      report->kind == INSPECT_KIND_COMPILED ? "On the CPU" : "Not for DPUs";

  for (guint i = 0; i < report->cpu_ops->len && i < MAX_CPU_OPS; i++) {
    const InspectCpuOps *group = report->cpu_ops->pdata[i];
    g_autofree gchar *first = shorten_name (group->names->pdata[0], NAME_WIDTH);

    append_format (text, i == 0 ? label : "", "%u x %s: %s", group->names->len,
        group->type, group->why);
    if (group->advice != NULL)
      append_format (
          text, "", "%s%s", group->names->len > 1 ? "first: " : "", first);
  }
  if (report->cpu_ops->len > MAX_CPU_OPS)
    append_format (text, "", "and %u more", report->cpu_ops->len - MAX_CPU_OPS);
}

static void
append_head (GString *text, const Yolov5Head *head, gboolean is_first)
{
  GString *anchors = g_string_new (NULL);

  for (guint i = 0; i < head->n_anchors; i++)
    g_string_append_printf (anchors, "%s%gx%g", i > 0 ? ", " : "",
        head->anchors[i].width, head->anchors[i].height);
  append_format (text, is_first ? "Heads" : "",
      "stride %u, %u x %u cells, anchors %s", head->stride_x,
      head->tensor.width, head->tensor.height, anchors->str);
  g_string_free (anchors, TRUE);
}

static void
append_yolov5 (GString *text, const InspectReport *report)
{
  const Yolov5Model *yolov5 = report->yolov5;
  GString *classes = g_string_new (NULL);
  guint n_classes = yolov5_model_get_n_classes (yolov5);
  gboolean has_labels = inspect_report_has_labels (report);

  for (guint i = 0; i < yolov5_model_get_n_heads (yolov5); i++)
    append_head (text, yolov5_model_get_head (yolov5, i), i == 0);

  append_row (text, "Anchors",
      report->has_own_anchors ? "of the model info" : "YOLOv5's defaults");

  g_string_append_printf (classes, "%u", n_classes);
  if (yolov5_model_has_assumed_labels (yolov5))
    g_string_append (classes, ", by COCO's names");
  for (guint i = 0; has_labels && i < n_classes && i < MAX_LABELS; i++)
    g_string_append_printf (classes, "%s%s", i == 0 ? ": " : ", ",
        yolov5_model_get_label (yolov5, i));
  if (has_labels && n_classes > MAX_LABELS)
    g_string_append (classes, ", ...");
  append_row (text, "Classes", classes->str);
  if (report->info_path != NULL)
    append_path (text, "Model info", report->info_path);
  g_string_free (classes, TRUE);
}

/* how often what the compiler calls @use is in memory: libvart-dpu-runner shares
 * parameters among all runners of a model, and workspace among those on a core */
static const gchar *
describe_use (const gchar *use)
{
  if (g_strcmp0 (use, "CONST") == 0)
    return "once";
  if (g_strcmp0 (use, "WORKSPACE") == 0)
    return "once per core";
  if (g_strcmp0 (use, "INTERFACE") == 0)
    return "per slot";
  return "";
}

static void
append_registers (GString *text, const InspectSubgraph *subgraph)
{
  for (guint i = 0; i < subgraph->registers->len; i++) {
    const InspectRegister *entry =
        &g_array_index (subgraph->registers, InspectRegister, i);
    g_autofree gchar *size = format_count (MAX (entry->size, 0));
    g_autofree gchar *use =
        shorten_name (entry->use != NULL ? entry->use : "", NAME_WIDTH);

    append_format (text, i == 0 ? "Registers" : "", "%-6s %-10s %12s bytes %s",
        entry->name, use, size, describe_use (entry->use));
  }
}

static void
append_cost (GString *text, const InspectReport *report)
{
  g_autofree gchar *parameters = format_count (report->parameter_size);
  guint64 input_size = inspect_tensors_get_size (report->inputs);
  guint64 output_size = inspect_tensors_get_size (report->outputs);
  g_autofree gchar *input = format_count (input_size);
  g_autofree gchar *output = format_count (output_size);
  g_autofree gchar *both = format_count (input_size + output_size);

  append_format (text, "Work", "%.3f GOPs a picture (multiply-adds x 2)",
      2e-9 * report->multiply_adds);
  append_format (text, "Parameters", "%s bytes", parameters);
  if (report->inputs->len > 0 && report->outputs->len > 0)
    append_format (text, "Memory",
        "%s bytes a slot: %s of input, %s of outputs", both, input, output);
  for (guint i = 0; i < report->subgraphs->len && i < MAX_SUBGRAPHS; i++)
    append_registers (text, report->subgraphs->pdata[i]);
}

static void
append_edges (GString *text, const GArray *inputs, const GArray *outputs)
{
  append_tensors (text, inputs->len == 1 ? "Input" : "Inputs", inputs);
  append_tensors (text, outputs->len == 1 ? "Output" : "Outputs", outputs);
}

/* where the model as a whole has none that matter */
static void
append_dpu_edges (GString *text, const GPtrArray *subgraphs)
{
  for (guint i = 0; i < subgraphs->len && i < MAX_SUBGRAPHS; i++) {
    const InspectSubgraph *subgraph = subgraphs->pdata[i];

    if (strcmp (subgraph->device, "DPU") == 0)
      append_edges (text, subgraph->inputs, subgraph->outputs);
  }
}

static void
append_model (GString *text, const InspectReport *report)
{
  append_compiler (text, report);
  append_target (text, report);
  append_subgraphs (text, report);
  append_cpu_ops (text, report);
  append_edges (text, report->inputs, report->outputs);
  if (report->outputs->len == 0)
    append_dpu_edges (text, report->subgraphs);
  if (report->yolov5 != NULL)
    append_yolov5 (text, report);
  append_cost (text, report);
}

static void
append_picture (GString *text, const InspectPicture *picture)
{
  g_string_append_c (text, '\n');
  append_format (text, "Detections", "%u%s", picture->detections->len,
      picture->detections->len > 0
          ? " (confidence, left and top, width x height, label)"
          : "");
  for (guint i = 0; i < picture->detections->len; i++) {
    const DetectBox *box = &g_array_index (picture->detections, DetectBox, i);

    append_format (text, "", "%.2f  %4d,%-4d  %4d x %-4d  %s", box->confidence,
        box->x, box->y, box->width, box->height, box->label);
  }
  append_path (text, "Written", picture->output);
}

static void
append_bench (GString *text, const InspectBench *bench)
{
  g_string_append_c (text, '\n');
  append_format (text, "Letterbox", "%8.2f ms  (%u x %u NV12)",
      bench->letterbox / 1e3, bench->width, bench->height);
  append_format (
      text, "Execute", "%8.2f ms  (%s)", bench->execute / 1e3, bench->device);
  append_format (text, "Decode", "%8.2f ms  (%u detections)",
      bench->decode / 1e3, bench->n_detections);
  append_format (text, "", "Medians of %u pictures.%s", bench->n_runs,
      bench->is_software
          ? " The software DPU's time says nothing about a DPU's."
          : "");
}

/**
 * inspect_outcome_to_text:
 *
 * Returns: (transfer full): lines of at most 80 columns where names allow, with
 *   nothing in them that a terminal would obey
 */
gchar *
inspect_outcome_to_text (const InspectOutcome *outcome)
{
  const InspectReport *report = outcome->report;
  g_autofree gchar *verdict = inspect_report_describe_verdict (report);
  GString *text = g_string_new (NULL);

  append_file (text, report);
  if (report->model != NULL)
    append_model (text, report);
  g_string_append_c (text, '\n');
  append_row (text, "Verdict", verdict);
  for (guint i = 0; i < report->hints->len; i++)
    append_row (text, i == 0 ? "Hints" : "", report->hints->pdata[i]);
  if (outcome->picture != NULL)
    append_picture (text, outcome->picture);
  if (outcome->bench != NULL)
    append_bench (text, outcome->bench);
  return g_string_free (text, FALSE);
}
