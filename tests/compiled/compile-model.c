/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* compile-model MODEL OUTPUT: gives a quantizer's model the form in which AMD's
 * compiler writes it, so that the fake DPU can run it. Instructions are a
 * number that nothing but the fake DPU understands. What the software DPU makes
 * of both forms is the same plan, but for sums of unequal fix points, which a
 * DPU rounds to the smallest before it adds. That is the same where the result
 * has the smallest, too, as in the demo's models.
 *
 * MODEL's .modelinfo comes along as that of OUTPUT. */

#include "xmodel/samples.h"

#include <swdpu/plan.h>

#include <string.h>

/* AMD's compiler does not begin at 0 either */
#define INPUT_ADDRESS 3872
#define PARAMETER_ALIGNMENT 64

enum { REG_PARAMETERS, REG_WORKSPACE, REG_INPUT, REG_OUTPUT };

/**
 * Compiler:
 * @ops: (element-type utf8): per tensor of the plan, the operator that makes it
 * @layer: where the step's operators belong
 * @output_size: bytes of all outputs, which lie after each other
 */
typedef struct {
  const Plan *plan;
  GPtrArray *ops;
  XmodelFile__Graph *graph;
  XmodelFile__Subgraph *dpu;
  XmodelFile__Subgraph *layer;
  GByteArray *parameters;
  gsize output_size;
} Compiler;

typedef gboolean (*CompileFunction) (
    Compiler *self, const PlanStep *step, XmodelFile__Op *op, GError **error);

static gboolean
fail (const PlanStep *step, GError **error, const gchar *text)
{
  g_set_error (error, SWDPU_ERROR, SWDPU_ERROR_UNSUPPORTED, "\"%s\" %s",
      step->name, text);
  return FALSE;
}

static void
place (const PlanTensor *tensor, XmodelFile__Op *op, gsize output_address)
{
  switch (tensor->place) {
    case PLAN_PLACE_INPUT:
      xmodel_sample_place_tensor (
          op, tensor->fix_point, REG_INPUT, INPUT_ADDRESS);
      break;
    case PLAN_PLACE_OUTPUT:
      xmodel_sample_place_tensor (
          op, tensor->fix_point, REG_OUTPUT, output_address);
      break;
    default:
      xmodel_sample_place_tensor (
          op, tensor->fix_point, REG_WORKSPACE, tensor->offset);
      break;
  }
}

/* the operator that makes @tensor */
static XmodelFile__Op *
add_op (Compiler *self, guint index, const gchar *type)
{
  const PlanTensor *tensor = plan_tensor (self->plan, index);
  XmodelFile__Op *op;

  self->ops->pdata[index] = g_strdup_printf ("%s.%u", tensor->name, index);
  op = xmodel_sample_add_op (self->graph, self->ops->pdata[index], type,
      tensor->shape.dims, tensor->shape.n_dims);
  place (tensor, op, self->output_size);
  if (tensor->place == PLAN_PLACE_OUTPUT)
    self->output_size += tensor->size;
  return op;
}

static void
set_pair (
    XmodelFile__Op *op, const gchar *name, gint32 horizontal, gint32 vertical)
{
  const gint32 pair[] = { horizontal, vertical };

  xmodel_sample_set_ints (XMODEL_SAMPLE_ATTRIBUTES (op), name, pair, 2);
}

/* what the window needs beyond the input's end */
static gint32
get_end_padding (
    gint32 in, gint32 out, gint32 extent, gint32 stride, gint32 before)
{
  return MAX ((out - 1) * stride + extent - in - before, 0);
}

static void
set_window (Compiler *self, const PlanStep *step, const PlanWindow *window,
    XmodelFile__Op *op)
{
  const guint32 *in = plan_tensor (self->plan, step->inputs[0])->shape.dims;
  const guint32 *out = plan_tensor (self->plan, step->output)->shape.dims;
  gint32 extent_w = (window->kernel_w - 1) * window->dilation_w + 1;
  gint32 extent_h = (window->kernel_h - 1) * window->dilation_h + 1;
  const gint32 pad[] = {
    window->pad_left,
    get_end_padding (
        in[PLAN_W], out[PLAN_W], extent_w, window->stride_w, window->pad_left),
    window->pad_top,
    get_end_padding (
        in[PLAN_H], out[PLAN_H], extent_h, window->stride_h, window->pad_top),
  };

  set_pair (op, "kernel", window->kernel_w, window->kernel_h);
  set_pair (op, "stride", window->stride_w, window->stride_h);
  set_pair (op, "dilation", window->dilation_w, window->dilation_h);
  xmodel_sample_set_ints (XMODEL_SAMPLE_ATTRIBUTES (op), "pad", pad, 4);
  xmodel_sample_set_string (XMODEL_SAMPLE_ATTRIBUTES (op), "pad_mode", "FLOOR");
}

static void
set_activation (XmodelFile__Op *op, PlanActivation activation)
{
  static const gchar *const names[] = {
    [PLAN_ACTIVATION_NONE] = "NONE",
    [PLAN_ACTIVATION_RELU] = "RELU",
    [PLAN_ACTIVATION_RELU6] = "RELU6",
    [PLAN_ACTIVATION_LEAKY_RELU] = "LEAKYRELU",
  };
  XmodelSampleAttributes attributes = XMODEL_SAMPLE_ATTRIBUTES (op);

  xmodel_sample_set_string (attributes, "nonlinear", names[activation]);
  if (activation == PLAN_ACTIVATION_LEAKY_RELU)
    xmodel_sample_set_float (attributes, "LEAKYRELU_alpha", 26.f / 256);
}

/* a constant in REG_0 that @op reads as its @argument. Its bytes are to be
 * appended next */
static void
add_parameter (Compiler *self, XmodelFile__Op *op, const gchar *argument,
    const guint32 *dims, guint n_dims, gint fix_point)
{
  static const guint8 gap[PARAMETER_ALIGNMENT];
  g_autofree gchar *name = g_strdup_printf ("%s_%s", op->name, argument);
  XmodelFile__Op *constant =
      xmodel_sample_add_source (self->graph, name, "const-fix", dims, n_dims);

  g_byte_array_append (self->parameters, gap,
      -self->parameters->len & (PARAMETER_ALIGNMENT - 1));
  xmodel_sample_place_tensor (
      constant, fix_point, REG_PARAMETERS, self->parameters->len);
  xmodel_sample_add_input (op, argument, name);
  xmodel_sample_subgraph_add_op (self->layer, name);
}

/* [channel][kernel row][kernel column][1] of the plan's groups as the file has
 * them for a depthwise convolution, [1][kernel row][kernel column][channel] */
static void
append_depthwise (
    Compiler *self, const gint8 *weights, guint taps, guint channels)
{
  guint i, c;

  for (i = 0; i < taps; i++) {
    for (c = 0; c < channels; c++)
      g_byte_array_append (
          self->parameters, (const guint8 *) &weights[c * taps + i], 1);
  }
}

static gboolean
compile_convolution (
    Compiler *self, const PlanStep *step, XmodelFile__Op *op, GError **error)
{
  const PlanConvolution *convolution = &step->convolution;
  const PlanWindow *window = &convolution->window;
  guint in = plan_tensor (self->plan, step->inputs[0])->shape.dims[PLAN_C];
  guint out = plan_tensor (self->plan, step->output)->shape.dims[PLAN_C];
  gboolean depthwise = convolution->groups > 1;
  const guint32 dims[] = { depthwise ? 1 : out, window->kernel_h,
    window->kernel_w, in };
  guint taps = window->kernel_h * window->kernel_w;

  if (depthwise && (convolution->groups != in || in != out))
    return fail (step, error, "has groups of several channels");
  if (depthwise) {
    g_free (op->type);
    op->type = g_strdup ("depthwise-conv2d-fix");
  }
  set_window (self, step, window, op);
  set_activation (op, convolution->activation);
  add_parameter (self, op, "weights", dims, 4, convolution->weights_fix_point);
  if (depthwise)
    append_depthwise (self, convolution->weights, taps, out);
  else
    g_byte_array_append (self->parameters,
        (const guint8 *) convolution->weights, taps * in * out);
  if (convolution->bias != NULL) {
    add_parameter (self, op, "bias", &out, 1, convolution->bias_fix_point);
    g_byte_array_append (
        self->parameters, (const guint8 *) convolution->bias, out);
  }
  return TRUE;
}

static gboolean
compile_sum (
    Compiler *self, const PlanStep *step, XmodelFile__Op *op, GError **error)
{
  xmodel_sample_set_string (XMODEL_SAMPLE_ATTRIBUTES (op), "type", "ADD");
  set_activation (op, step->sum.requantize.activation);
  return TRUE;
}

static gboolean
compile_product (
    Compiler *self, const PlanStep *step, XmodelFile__Op *op, GError **error)
{
  xmodel_sample_set_string (XMODEL_SAMPLE_ATTRIBUTES (op), "type", "MUL");
  set_activation (op, step->product.activation);
  return TRUE;
}

static gboolean
compile_max_pool (
    Compiler *self, const PlanStep *step, XmodelFile__Op *op, GError **error)
{
  xmodel_sample_set_string (XMODEL_SAMPLE_ATTRIBUTES (op), "type", "MAX");
  set_window (self, step, &step->max_pool, op);
  return TRUE;
}

static gboolean
compile_average_pool (
    Compiler *self, const PlanStep *step, XmodelFile__Op *op, GError **error)
{
  xmodel_sample_set_string (XMODEL_SAMPLE_ATTRIBUTES (op), "type", "AVG");
  set_window (self, step, &step->average_pool.window, op);
  return TRUE;
}

static gboolean
compile_concatenate (
    Compiler *self, const PlanStep *step, XmodelFile__Op *op, GError **error)
{
  xmodel_sample_set_int (
      XMODEL_SAMPLE_ATTRIBUTES (op), "axis", step->concatenate_axis);
  return TRUE;
}

static gboolean
compile_upsample (
    Compiler *self, const PlanStep *step, XmodelFile__Op *op, GError **error)
{
  const guint32 *in = plan_tensor (self->plan, step->inputs[0])->shape.dims;
  const guint32 *out = plan_tensor (self->plan, step->output)->shape.dims;
  const gfloat scale[] = { out[PLAN_W] / in[PLAN_W], out[PLAN_H] / in[PLAN_H] };
  XmodelSampleAttributes attributes = XMODEL_SAMPLE_ATTRIBUTES (op);

  xmodel_sample_set_floats (attributes, "scale", scale, 2);
  xmodel_sample_set_string (attributes, "mode", "NEAREST");
  return TRUE;
}

static const struct {
  const gchar *type;
  CompileFunction compile;
} compile_functions[PLAN_N_STEP_TYPES] = {
  [PLAN_STEP_CONVOLUTION] = { "conv2d-fix", compile_convolution },
  [PLAN_STEP_SUM] = { "eltwise-fix", compile_sum },
  [PLAN_STEP_PRODUCT] = { "eltwise-fix", compile_product },
  [PLAN_STEP_MAX_POOL] = { "pool-fix", compile_max_pool },
  [PLAN_STEP_AVERAGE_POOL] = { "pool-fix", compile_average_pool },
  [PLAN_STEP_CONCATENATE] = { "concat-fix", compile_concatenate },
  [PLAN_STEP_UPSAMPLE_NEAREST] = { "upsample-fix", compile_upsample },
};

/* operators come after what they read, constants too */
static void
move_to_end (XmodelFile__Graph *graph, XmodelFile__Op *op)
{
  gsize i;

  for (i = 0; graph->ops[i] != op; i++)
    ;
  for (; i + 1 < graph->n_ops; i++)
    graph->ops[i] = graph->ops[i + 1];
  graph->ops[i] = op;
}

/* what a layer does to its input before it moves or compares elements is not an
 * operator of its own, but the difference of their fix points */
static gboolean
is_conversion (const PlanStep *step, const PlanStep *next)
{
  return step->type == PLAN_STEP_TABLE && next != NULL
         && g_str_equal (step->name, next->name) && next->n_inputs == 1
         && next->inputs[0] == step->output
         && (next->type == PLAN_STEP_UPSAMPLE_NEAREST
             || next->type == PLAN_STEP_MAX_POOL);
}

static gboolean
compile_step (Compiler *self, guint index, GError **error)
{
  const PlanStep *step = plan_step (self->plan, index);
  const PlanStep *next = index + 1 < self->plan->steps->len
                             ? plan_step (self->plan, index + 1)
                             : NULL;
  XmodelFile__Op *op;
  guint i;

  if (is_conversion (step, next)) {
    self->ops->pdata[step->output] =
        g_strdup (self->ops->pdata[step->inputs[0]]);
    return TRUE;
  }
  if (compile_functions[step->type].compile == NULL)
    return fail (step, error, "is of a kind that is not compiled here");
  op = add_op (self, step->output, compile_functions[step->type].type);
  for (i = 0; i < step->n_inputs; i++) {
    if (self->ops->pdata[step->inputs[i]] == NULL)
      return fail (step, error, "reads a constant");
    xmodel_sample_add_input (op, "input", self->ops->pdata[step->inputs[i]]);
  }
  self->layer = xmodel_sample_add_subgraph (self->dpu, op->name);
  if (!compile_functions[step->type].compile (self, step, op, error))
    return FALSE;
  xmodel_sample_subgraph_add_op (self->layer, op->name);
  move_to_end (self->graph, op);
  return TRUE;
}

static XmodelFile__Subgraph *
add_part (Compiler *self, const gchar *name, const gchar *device)
{
  XmodelFile__Subgraph *part =
      xmodel_sample_add_subgraph (self->graph->root, name);

  xmodel_sample_set_string (XMODEL_SAMPLE_ATTRIBUTES (part), "device", device);
  return part;
}

static void
add_input (Compiler *self, XmodelFile__Subgraph *user, guint index)
{
  const PlanTensor *tensor = plan_tensor (self->plan, index);
  XmodelFile__Op *op = xmodel_sample_add_source (self->graph, tensor->name,
      "data-fix", tensor->shape.dims, tensor->shape.n_dims);

  xmodel_sample_place_tensor (op, tensor->fix_point, -1, 0);
  xmodel_sample_subgraph_add_op (user, op->name);
  op = add_op (self, index, "upload");
  xmodel_sample_add_input (op, "input", tensor->name);
  xmodel_sample_subgraph_add_op (
      xmodel_sample_add_subgraph (self->dpu, op->name), op->name);
}

static void
add_output (Compiler *self, XmodelFile__Subgraph *cpu, guint index)
{
  const PlanTensor *tensor = plan_tensor (self->plan, index);
  const guint32 *dims = tensor->shape.dims;
  g_autofree gchar *name = g_strconcat (tensor->name, "_float", NULL);
  XmodelFile__Op *op =
      xmodel_sample_add_op (self->graph, tensor->name, "download", dims, 4);

  xmodel_sample_add_input (op, "input", self->ops->pdata[index]);
  xmodel_sample_place_tensor (op, tensor->fix_point, -1, 0);
  xmodel_sample_subgraph_add_op (
      xmodel_sample_add_subgraph (self->dpu, op->name), op->name);
  xmodel_sample_add_fix2float (
      self->graph, name, op->name, dims, tensor->fix_point);
  xmodel_sample_subgraph_add_op (xmodel_sample_add_subgraph (cpu, name), name);
}

/* what no other model has */
static void
set_instructions (Compiler *self)
{
  g_autoptr (GBytes) bytes = xmodel_sample_pack (self->graph);
  g_autoptr (GChecksum) checksum = g_checksum_new (G_CHECKSUM_SHA256);
  guint8 digest[32];
  gsize size = sizeof (digest);

  g_checksum_update (
      checksum, g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes));
  g_checksum_get_digest (checksum, digest, &size);
  xmodel_sample_set_bytes (
      XMODEL_SAMPLE_ATTRIBUTES (self->dpu), "mc_code", digest, size);
}

static gboolean
check_edges (const Plan *plan, GError **error)
{
  guint i;

  if (plan->inputs->len != 1) {
    g_set_error (error, SWDPU_ERROR, SWDPU_ERROR_UNSUPPORTED,
        "%u inputs are not compiled here, only one is", plan->inputs->len);
    return FALSE;
  }
  for (i = 0; i < plan->outputs->len; i++) {
    const PlanTensor *output =
        plan_tensor (plan, g_array_index (plan->outputs, guint, i));

    if (output->shape.n_dims == 4)
      continue;
    g_set_error (error, SWDPU_ERROR, SWDPU_ERROR_UNSUPPORTED,
        "The output \"%s\" has %u dimensions, only 4 are compiled here",
        output->name, output->shape.n_dims);
    return FALSE;
  }
  return TRUE;
}

static gboolean
compile (Compiler *self, GError **error)
{
  const Plan *plan = self->plan;
  guint input = g_array_index (plan->inputs, guint, 0);
  XmodelFile__Subgraph *user, *cpu;
  guint i;

  if (!check_edges (plan, error))
    return FALSE;
  user = add_part (self, "subgraph_input", "USER");
  self->dpu = add_part (self, "subgraph_dpu", "DPU");
  cpu = add_part (self, "subgraph_output", "CPU");
  add_input (self, user, input);
  for (i = 0; i < plan->steps->len; i++) {
    if (!compile_step (self, i, error))
      return FALSE;
  }
  for (i = 0; i < plan->outputs->len; i++)
    add_output (self, cpu, g_array_index (plan->outputs, guint, i));
  xmodel_sample_describe_dpu (self->dpu, self->parameters->data,
      self->parameters->len, plan->arena_size,
      INPUT_ADDRESS + plan_tensor (plan, input)->size, self->output_size);
  set_instructions (self);
  return TRUE;
}

static GBytes *
compile_plan (const Plan *plan, const gchar *name, GError **error)
{
  g_autoptr (XmodelFile__Graph) graph = xmodel_sample_new (name);
  g_autoptr (GByteArray) parameters = g_byte_array_new ();
  g_autoptr (GPtrArray) ops = g_ptr_array_new_with_free_func (g_free);
  Compiler self = { plan, ops, graph, NULL, NULL, parameters, 0 };

  g_ptr_array_set_size (ops, plan->tensors->len);
  return compile (&self, error) ? xmodel_sample_pack (graph) : NULL;
}

static gchar *
get_info_path (const gchar *model)
{
  const gchar *end = strrchr (model, '.');
  g_autofree gchar *stem =
      end == NULL ? g_strdup (model) : g_strndup (model, end - model);

  return g_strconcat (stem, ".modelinfo", NULL);
}

static gboolean
copy_info (const gchar *source, const gchar *target, GError **error)
{
  g_autofree gchar *from = get_info_path (source);
  g_autofree gchar *to = get_info_path (target);
  g_autofree gchar *text = NULL;
  gsize size;

  if (!g_file_test (from, G_FILE_TEST_EXISTS))
    return TRUE;
  return g_file_get_contents (from, &text, &size, error)
         && g_file_set_contents (to, text, size, error);
}

static gboolean
compile_file (const gchar *source, const gchar *target, GError **error)
{
  g_autoptr (Xmodel) model = xmodel_load (source, error);
  g_autoptr (Plan) plan = NULL;
  g_autoptr (GBytes) compiled = NULL;

  if (model == NULL)
    return FALSE;
  plan = plan_new_from_quantized (model, NULL, error);
  if (plan == NULL)
    return FALSE;
  compiled = compile_plan (plan, xmodel_get_name (model), error);
  return compiled != NULL
         && g_file_set_contents (target, g_bytes_get_data (compiled, NULL),
             g_bytes_get_size (compiled), error)
         && copy_info (source, target, error);
}

int
main (int argc, char **argv)
{
  g_autoptr (GError) error = NULL;

  if (argc != 3) {
    g_printerr ("Usage: %s MODEL OUTPUT\n", argv[0]);
    return 2;
  }
  if (!compile_file (argv[1], argv[2], &error)) {
    g_printerr ("%s: %s\n", argv[1], error->message);
    return 1;
  }
  return 0;
}
