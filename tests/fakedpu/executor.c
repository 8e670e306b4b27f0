/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "executor.h"

#include <swdpu/swdpu.h>
#include <xmodel/xmodel.h>

#include <string.h>

#define N_DIMS 4
/* as good as any that no test's frame is full of */
#define SCRIBBLE 0x55

/**
 * Placement:
 * @strides: in bytes, as elements are int8
 * @offset: of the first element from where the register points to
 *
 * Where a tensor at the edge of the model lies.
 */
typedef struct {
  guint register_id;
  gsize offset;
  gsize dims[N_DIMS];
  gsize strides[N_DIMS];
} Placement;

struct _Executor {
  Xmodel *model;
  const XmodelSubgraph *subgraph;
  SwdpuProgram *program;
  Placement *inputs;
  Placement *outputs;
  /* whether an output lies in the register of an input */
  gboolean shares_register;
  gboolean repeat;
  /* contexts that no run is using */
  GAsyncQueue *contexts;
};

static gboolean
fail (GError **error, const gchar *format, const gchar *name)
{
  g_set_error (error, XMODEL_ERROR, XMODEL_ERROR_INVALID, format, name);
  return FALSE;
}

/* strides are written down where a tensor is a part of another one */
static void
read_layout (const XmodelTensor *tensor, Placement *placement)
{
  const gint32 *strides;
  gsize n_strides = 0, stride = 1;
  gint i;

  xmodel_attributes_get_ints (
      tensor->attributes, "stride", &strides, &n_strides);
  for (i = N_DIMS - 1; i >= 0; i--) {
    gint dim = i - (gint) (N_DIMS - tensor->n_dims);

    placement->dims[i] = dim < 0 ? 1 : tensor->dims[dim];
    placement->strides[i] =
        dim >= 0 && (gsize) dim < n_strides ? (gsize) strides[dim] : stride;
    stride *= placement->dims[i];
  }
}

static gboolean
read_placement (const XmodelOp *op, Placement *placement, GError **error)
{
  gint register_id, address;

  if (!xmodel_attributes_get_int (op->tensor.attributes, "reg_id", &register_id)
      || !xmodel_attributes_get_int (
          op->tensor.attributes, "ddr_addr", &address)
      || op->tensor.n_dims > N_DIMS || register_id < 0
      || register_id >= EXECUTOR_N_REGISTERS || address < 0)
    return fail (error, "\"%s\" lies nowhere in the DPU's memory", op->name);
  placement->register_id = register_id;
  placement->offset = address;
  read_layout (&op->tensor, placement);
  return TRUE;
}

/* an input lies where the operator that uploads it says */
static const XmodelOp *
find_upload (const XmodelSubgraph *subgraph, const gchar *tensor)
{
  guint i;

  for (i = 0; i < subgraph->n_ops; i++) {
    const XmodelOp *op = subgraph->ops[i];
    const XmodelOp *source = xmodel_op_get_input (op, "input", 0);

    if (source != NULL && g_str_equal (source->tensor.name, tensor))
      return op;
  }
  return NULL;
}

/* an output lies where the operator that is downloaded says */
static const XmodelOp *
find_result (const XmodelSubgraph *subgraph, const gchar *tensor)
{
  guint i;

  for (i = 0; i < subgraph->n_ops; i++) {
    const XmodelOp *op = subgraph->ops[i];

    if (!g_str_equal (op->tensor.name, tensor))
      continue;
    if (g_str_equal (op->type, "download"))
      return xmodel_op_get_input (op, "input", 0);
    return op;
  }
  return NULL;
}

static gboolean
find_placements (Executor *self, GError **error)
{
  guint n_inputs = swdpu_program_get_n_inputs (self->program);
  guint n_outputs = swdpu_program_get_n_outputs (self->program);
  guint i;

  self->inputs = g_new0 (Placement, n_inputs);
  self->outputs = g_new0 (Placement, n_outputs);
  for (i = 0; i < n_inputs + n_outputs; i++) {
    gboolean is_input = i < n_inputs;
    SwdpuTensor tensor =
        is_input ? swdpu_program_get_input (self->program, i)
                 : swdpu_program_get_output (self->program, i - n_inputs);
    const XmodelOp *op = is_input ? find_upload (self->subgraph, tensor.name)
                                  : find_result (self->subgraph, tensor.name);

    if (op == NULL)
      return fail (error, "no operator touches \"%s\"", tensor.name);
    if (!read_placement (op,
            is_input ? &self->inputs[i] : &self->outputs[i - n_inputs], error))
      return FALSE;
  }
  return TRUE;
}

static gboolean
find_shared_register (const Executor *self)
{
  guint i, j;

  for (i = 0; i < swdpu_program_get_n_inputs (self->program); i++) {
    for (j = 0; j < swdpu_program_get_n_outputs (self->program); j++) {
      if (self->inputs[i].register_id == self->outputs[j].register_id)
        return TRUE;
    }
  }
  return FALSE;
}

static const XmodelSubgraph *
find_subgraph (const XmodelSubgraph *root)
{
  const gchar *device;
  guint i;

  for (i = 0; i < root->n_children; i++) {
    if (xmodel_attributes_get_string (
            root->children[i]->attributes, "device", &device)
        && g_str_equal (device, "DPU"))
      return root->children[i];
  }
  return NULL;
}

static void
free_context (gpointer context)
{
  swdpu_context_free (context);
}

/**
 * executor_new:
 * @path: an .xmodel file with a DPU subgraph, whose first is taken
 * @repeat: whether to compute once only, and give that result to all runs
 *
 * Returns: (transfer full) (nullable): an executor for any number of threads
 */
Executor *
executor_new (const gchar *path, gboolean repeat, GError **error)
{
  g_autoptr (Executor) self = g_new0 (Executor, 1);

  self->repeat = repeat;
  self->contexts = g_async_queue_new_full (free_context);
  self->model = xmodel_load (path, error);
  if (self->model == NULL)
    return NULL;
  self->subgraph = find_subgraph (xmodel_get_root (self->model));
  if (self->subgraph == NULL) {
    fail (error, "%s has no DPU subgraph", path);
    return NULL;
  }
  self->program = swdpu_program_get (
      xmodel_get_bytes (self->model), self->subgraph->name, NULL, 1, error);
  if (self->program == NULL || !find_placements (self, error))
    return NULL;
  self->shares_register = find_shared_register (self);
  return g_steal_pointer (&self);
}

void
executor_free (Executor *self)
{
  g_async_queue_unref (self->contexts);
  g_clear_pointer (&self->program, swdpu_program_unref);
  g_clear_pointer (&self->model, xmodel_unref);
  g_free (self->inputs);
  g_free (self->outputs);
  g_free (self);
}

/**
 * executor_has_code:
 *
 * Returns: whether @code begins with the instructions of this model
 */
gboolean
executor_has_code (const Executor *self, const ExecutorRegister *code)
{
  const guint8 *own;
  gsize size;

  return xmodel_attributes_get_bytes (
             self->subgraph->attributes, "mc_code", &own, &size)
         && size > 0 && code->size >= size
         && memcmp (code->memory, own, size) == 0;
}

/* the software DPU has its own copy of the parameters; that of the registers
 * has to be the same */
static gboolean
check_parameters (
    const Executor *self, const ExecutorRegister *registers, GError **error)
{
  const guint8 *own;
  gsize size;

  if (!xmodel_attributes_lookup_bytes (self->subgraph->attributes,
          "reg_id_to_parameter_value", "REG_0", &own, &size))
    return TRUE;
  if (registers[0].size < size || memcmp (registers[0].memory, own, size) != 0)
    return fail (error, "REG_0 does not point to the parameters of \"%s\"",
        self->subgraph->name);
  return TRUE;
}

/* copies between the dense @tensor and its place in a register's memory */
static gboolean
copy_tensor (const Placement *placement, const ExecutorRegister *registers,
    gint8 *tensor, gboolean to_register, GError **error)
{
  const ExecutorRegister *target = &registers[placement->register_id];
  const gsize *dims = placement->dims, *strides = placement->strides;
  gsize last = placement->offset, n, y, x, i;

  for (i = 0; i < N_DIMS; i++)
    last += (dims[i] - 1) * strides[i];
  if (target->memory == NULL || last >= target->size)
    return fail (error, "%s reaches beyond its buffer",
        to_register ? "An output" : "An input");

  for (n = 0; n < dims[0]; n++) {
    for (y = 0; y < dims[1]; y++) {
      for (x = 0; x < dims[2]; x++) {
        gint8 *place = target->memory + placement->offset + n * strides[0]
                       + y * strides[1] + x * strides[2];

        if (to_register)
          memcpy (place, tensor, dims[3]);
        else
          memcpy (tensor, place, dims[3]);
        tensor += dims[3];
      }
    }
  }
  return TRUE;
}

static gboolean
compute (Executor *self, SwdpuContext *context,
    const ExecutorRegister *registers, GError **error)
{
  guint i;

  for (i = 0; i < swdpu_program_get_n_inputs (self->program); i++) {
    if (!copy_tensor (&self->inputs[i], registers,
            swdpu_context_get_input (context, i), FALSE, error))
      return FALSE;
  }
  return swdpu_context_run (context, error);
}

/**
 * executor_get_overwritten:
 *
 * Returns: the memory of the first input, where that shares a register with
 *   outputs: a run leaves something else there, as compilers use such memory
 *   again. Else %NULL
 */
ExecutorRegister
executor_get_overwritten (
    const Executor *self, const ExecutorRegister *registers)
{
  const Placement *input = &self->inputs[0];

  if (!self->shares_register)
    return (ExecutorRegister){ NULL, 0 };
  return (ExecutorRegister){
    registers[input->register_id].memory + input->offset,
    input->dims[0] * input->strides[0],
  };
}

/**
 * executor_run:
 * @registers: (array fixed-size=8):
 *
 * Reads the inputs, computes and writes the outputs.
 */
gboolean
executor_run (Executor *self, const ExecutorRegister *registers, GError **error)
{
  SwdpuContext *context = g_async_queue_try_pop (self->contexts);
  ExecutorRegister overwritten = executor_get_overwritten (self, registers);
  gboolean computed = context != NULL && self->repeat;
  gboolean succeeded;
  guint i;

  if (context == NULL)
    context = swdpu_context_new (self->program, error);
  if (context == NULL)
    return FALSE;

  succeeded = check_parameters (self, registers, error)
              && (computed || compute (self, context, registers, error));
  if (succeeded && overwritten.size > 0)
    memset (overwritten.memory, SCRIBBLE, overwritten.size);
  for (i = 0; succeeded && i < swdpu_program_get_n_outputs (self->program); i++)
    succeeded = copy_tensor (&self->outputs[i], registers,
        swdpu_context_get_output (context, i), TRUE, error);
  g_async_queue_push (self->contexts, context);
  return succeeded;
}
