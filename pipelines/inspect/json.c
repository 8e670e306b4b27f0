/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "output.h"

#include <json-glib/json-glib.h>

/* paths are in messages, and can be in any encoding */
static void
add_string_value (JsonBuilder *builder, const gchar *value)
{
  g_autofree gchar *valid = g_utf8_make_valid (value, -1);

  json_builder_add_string_value (builder, valid);
}

static void
add_string (JsonBuilder *builder, const gchar *name, const gchar *value)
{
  json_builder_set_member_name (builder, name);
  if (value != NULL)
    add_string_value (builder, value);
  else
    json_builder_add_null_value (builder);
}

static void
add_int (JsonBuilder *builder, const gchar *name, guint64 value)
{
  json_builder_set_member_name (builder, name);
  json_builder_add_int_value (builder, MIN (value, (guint64) G_MAXINT64));
}

static void
add_double (JsonBuilder *builder, const gchar *name, gdouble value)
{
  json_builder_set_member_name (builder, name);
  json_builder_add_double_value (builder, value);
}

static void
add_boolean (JsonBuilder *builder, const gchar *name, gboolean value)
{
  json_builder_set_member_name (builder, name);
  json_builder_add_boolean_value (builder, value);
}

static void
begin_object (JsonBuilder *builder, const gchar *name)
{
  json_builder_set_member_name (builder, name);
  json_builder_begin_object (builder);
}

static void
begin_array (JsonBuilder *builder, const gchar *name)
{
  json_builder_set_member_name (builder, name);
  json_builder_begin_array (builder);
}

static void
add_strings (JsonBuilder *builder, const gchar *name, const GPtrArray *strings)
{
  begin_array (builder, name);
  for (guint i = 0; i < strings->len; i++)
    add_string_value (builder, strings->pdata[i]);
  json_builder_end_array (builder);
}

static void
add_tensors (JsonBuilder *builder, const gchar *name, const GArray *tensors)
{
  begin_array (builder, name);
  for (guint i = 0; i < tensors->len; i++) {
    const InspectTensor *tensor = &g_array_index (tensors, InspectTensor, i);

    json_builder_begin_object (builder);
    add_string (builder, "name", tensor->name);
    begin_array (builder, "shape");
    for (guint j = 0; j < tensor->n_dims; j++)
      json_builder_add_int_value (builder, tensor->dims[j]);
    json_builder_end_array (builder);
    json_builder_set_member_name (builder, "fix_point");
    if (tensor->has_fix_point)
      json_builder_add_int_value (builder, tensor->fix_point);
    else
      json_builder_add_null_value (builder);
    add_int (builder, "bytes", tensor->size);
    json_builder_end_object (builder);
  }
  json_builder_end_array (builder);
}

static void
add_target (JsonBuilder *builder, const InspectTarget *target)
{
  g_autofree gchar *fingerprint =
      g_strdup_printf ("0x%" G_GINT64_MODIFIER "x", target->fingerprint);

  begin_object (builder, "target");
  add_string (builder, "name", target->name);
  /* more bits than a number in JSON keeps */
  add_string (
      builder, "fingerprint", target->fingerprint != 0 ? fingerprint : NULL);
  add_string (builder, "vitis_ai", target->release);
  json_builder_end_object (builder);
}

static void
add_subgraph (JsonBuilder *builder, const InspectSubgraph *subgraph)
{
  json_builder_begin_object (builder);
  add_string (builder, "name", subgraph->name);
  add_string (builder, "device", subgraph->device);
  add_int (builder, "operators", subgraph->n_ops);
  add_tensors (builder, "inputs", subgraph->inputs);
  add_tensors (builder, "outputs", subgraph->outputs);
  begin_object (builder, "registers");
  for (guint i = 0; i < subgraph->registers->len; i++) {
    const InspectRegister *entry =
        &g_array_index (subgraph->registers, InspectRegister, i);

    begin_object (builder, entry->name);
    add_string (builder, "use", entry->use);
    add_int (builder, "bytes", MAX (entry->size, 0));
    json_builder_end_object (builder);
  }
  json_builder_end_object (builder);
  json_builder_end_object (builder);
}

static void
add_cpu_ops (JsonBuilder *builder, const InspectCpuOps *group)
{
  json_builder_begin_object (builder);
  add_string (builder, "type", group->type);
  add_boolean (builder, "needed", group->needed);
  add_string (builder, "why", group->why);
  add_string (builder, "advice", group->advice);
  add_strings (builder, "names", group->names);
  json_builder_end_object (builder);
}

static void
add_head (JsonBuilder *builder, const Yolov5Head *head)
{
  json_builder_begin_object (builder);
  add_int (builder, "stride", head->stride_x);
  add_int (builder, "width", head->tensor.width);
  add_int (builder, "height", head->tensor.height);
  add_int (builder, "channels", head->tensor.channels);
  json_builder_set_member_name (builder, "fix_point");
  json_builder_add_int_value (builder, head->tensor.fix_point);
  begin_array (builder, "anchors");
  for (guint i = 0; i < head->n_anchors; i++) {
    json_builder_begin_array (builder);
    json_builder_add_double_value (builder, head->anchors[i].width);
    json_builder_add_double_value (builder, head->anchors[i].height);
    json_builder_end_array (builder);
  }
  json_builder_end_array (builder);
  json_builder_end_object (builder);
}

static void
add_yolov5 (JsonBuilder *builder, const InspectReport *report)
{
  const Yolov5Model *yolov5 = report->yolov5;

  begin_object (builder, "yolov5");
  begin_array (builder, "heads");
  for (guint i = 0; i < yolov5_model_get_n_heads (yolov5); i++)
    add_head (builder, yolov5_model_get_head (yolov5, i));
  json_builder_end_array (builder);
  add_string (builder, "model_info", report->info_path);
  add_boolean (builder, "own_anchors", report->has_own_anchors);
  add_int (builder, "classes", yolov5_model_get_n_classes (yolov5));
  add_boolean (builder, "own_labels", report->has_own_labels);
  begin_array (builder, "labels");
  for (guint i = 0; inspect_report_has_labels (report)
                    && i < yolov5_model_get_n_classes (yolov5);
       i++)
    add_string_value (builder, yolov5_model_get_label (yolov5, i));
  json_builder_end_array (builder);
  json_builder_end_object (builder);
}

static void
add_model (JsonBuilder *builder, const InspectReport *report)
{
  guint64 input_size = inspect_tensors_get_size (report->inputs);
  guint64 output_size = inspect_tensors_get_size (report->outputs);

  add_string (builder, "graph", xmodel_get_name (report->model));
  add_int (builder, "operators", xmodel_get_n_ops (report->model));
  add_string (builder, "compiler", report->compiler);
  add_strings (builder, "libraries", report->libraries);
  add_target (builder, &report->target);
  begin_array (builder, "subgraphs");
  for (guint i = 0; i < report->subgraphs->len; i++)
    add_subgraph (builder, report->subgraphs->pdata[i]);
  json_builder_end_array (builder);
  begin_array (builder, "cpu_operators");
  for (guint i = 0; i < report->cpu_ops->len; i++)
    add_cpu_ops (builder, report->cpu_ops->pdata[i]);
  json_builder_end_array (builder);
  add_tensors (builder, "inputs", report->inputs);
  add_tensors (builder, "outputs", report->outputs);
  if (report->yolov5 != NULL)
    add_yolov5 (builder, report);
  add_int (builder, "multiply_adds", report->multiply_adds);
  add_double (builder, "gops", 2e-9 * report->multiply_adds);
  add_int (builder, "parameter_bytes", report->parameter_size);
  begin_object (builder, "memory_per_slot");
  add_int (builder, "input_bytes", input_size);
  add_int (builder, "output_bytes", output_size);
  add_int (builder, "bytes", input_size + output_size);
  json_builder_end_object (builder);
}

static void
add_verdict (JsonBuilder *builder, const InspectReport *report)
{
  static const gchar *const devices[] = {
    [INSPECT_VERDICT_CANNOT_RUN] = NULL,
    [INSPECT_VERDICT_SOFTWARE_ONLY] = "cpu",
    [INSPECT_VERDICT_DPU] = "dpu",
  };
  g_autofree gchar *text = inspect_report_describe_verdict (report);

  begin_object (builder, "verdict");
  add_boolean (builder, "runs", report->verdict != INSPECT_VERDICT_CANNOT_RUN);
  add_string (builder, "device", devices[report->verdict]);
  add_string (builder, "text", text);
  add_strings (builder, "reasons", report->reasons);
  json_builder_end_object (builder);
  add_strings (builder, "hints", report->hints);
}

static void
add_picture (JsonBuilder *builder, const InspectPicture *picture)
{
  begin_array (builder, "detections");
  for (guint i = 0; i < picture->detections->len; i++) {
    const DetectBox *box = &g_array_index (picture->detections, DetectBox, i);

    json_builder_begin_object (builder);
    add_string (builder, "label", box->label);
    add_double (builder, "confidence", box->confidence);
    add_int (builder, "label_id", box->label_id);
    add_int (builder, "x", box->x);
    add_int (builder, "y", box->y);
    add_int (builder, "width", box->width);
    add_int (builder, "height", box->height);
    json_builder_end_object (builder);
  }
  json_builder_end_array (builder);
  add_string (builder, "written", picture->output);
}

static void
add_bench (JsonBuilder *builder, const InspectBench *bench)
{
  begin_object (builder, "bench");
  add_string (builder, "device", bench->is_software ? "cpu" : "dpu");
  add_int (builder, "pictures", bench->n_runs);
  add_double (builder, "letterbox_ms", bench->letterbox / 1e3);
  add_double (builder, "execute_ms", bench->execute / 1e3);
  add_double (builder, "decode_ms", bench->decode / 1e3);
  json_builder_end_object (builder);
}

/**
 * inspect_outcome_to_json:
 *
 * Returns: (transfer full): one object
 */
gchar *
inspect_outcome_to_json (const InspectOutcome *outcome)
{
  static const gchar *const kinds[] = {
    [INSPECT_KIND_UNREADABLE] = "unreadable",
    [INSPECT_KIND_UNSOUND] = "unsound",
    [INSPECT_KIND_FLOAT] = "float",
    [INSPECT_KIND_QUANTIZED] = "quantized",
    [INSPECT_KIND_COMPILED] = "compiled",
  };
  const InspectReport *report = outcome->report;
  g_autofree gchar *path = g_filename_display_name (report->path);
  g_autoptr (JsonBuilder) builder = json_builder_new ();
  g_autoptr (JsonNode) root = NULL;

  json_builder_begin_object (builder);
  add_string (builder, "file", path);
  add_string (builder, "kind", kinds[report->kind]);
  add_int (builder, "bytes", report->file_size);
  if (report->model != NULL)
    add_model (builder, report);
  add_verdict (builder, report);
  if (outcome->picture != NULL)
    add_picture (builder, outcome->picture);
  if (outcome->bench != NULL)
    add_bench (builder, outcome->bench);
  if (outcome->failure != NULL)
    add_string (builder, "error", outcome->failure->message);
  json_builder_end_object (builder);

  root = json_builder_get_root (builder);
  return json_to_string (root, TRUE);
}
