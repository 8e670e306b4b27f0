/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* The plan's data: tensors, steps, and where tensors lie in memory. */

#include "plan.h"

#include <string.h>

/* what oneDNN's widest loads like */
#define TENSOR_ALIGNMENT 64

static void
plan_tensor_clear (PlanTensor *tensor)
{
  g_free (tensor->name);
}

static void
plan_step_clear (PlanStep *step)
{
  g_free (step->name);
  g_free (step->inputs);
  if (step->type == PLAN_STEP_SUM)
    g_free (step->sum.shifts);
}

Plan *
plan_new (void)
{
  Plan *self = g_new0 (Plan, 1);

  self->tensors = g_array_new (FALSE, TRUE, sizeof (PlanTensor));
  g_array_set_clear_func (self->tensors, (GDestroyNotify) plan_tensor_clear);
  self->steps = g_array_new (FALSE, TRUE, sizeof (PlanStep));
  g_array_set_clear_func (self->steps, (GDestroyNotify) plan_step_clear);
  self->inputs = g_array_new (FALSE, TRUE, sizeof (guint));
  self->outputs = g_array_new (FALSE, TRUE, sizeof (guint));
  self->constants = g_ptr_array_new_with_free_func (g_free);
  return self;
}

void
plan_free (Plan *self)
{
  g_array_unref (self->tensors);
  g_array_unref (self->steps);
  g_array_unref (self->inputs);
  g_array_unref (self->outputs);
  g_ptr_array_unref (self->constants);
  g_free (self);
}

/**
 * plan_shape_from_tensor:
 *
 * Takes over the dimensions of @tensor when the software DPU can hold it.
 */
gboolean
plan_shape_from_tensor (
    PlanShape *shape, const XmodelTensor *tensor, GError **error)
{
  guint64 n_elements;

  if (tensor->n_dims > PLAN_MAX_DIMS) {
    g_set_error (error, SWDPU_ERROR, SWDPU_ERROR_UNSUPPORTED,
        "Tensor \"%s\" has %u dimensions, the software DPU takes at most %d",
        tensor->name, tensor->n_dims, PLAN_MAX_DIMS);
    return FALSE;
  }
  if (!xmodel_tensor_get_n_elements (tensor, &n_elements)
      || n_elements > (guint64) PLAN_MAX_TENSOR_SIZE) {
    g_set_error (error, SWDPU_ERROR, SWDPU_ERROR_UNSUPPORTED,
        "Tensor \"%s\" is larger than the %" G_GINT64_FORMAT
        " bytes the software DPU takes",
        tensor->name, (gint64) PLAN_MAX_TENSOR_SIZE);
    return FALSE;
  }

  memset (shape, 0, sizeof (*shape));
  shape->n_dims = tensor->n_dims;
  memcpy (shape->dims, tensor->dims, tensor->n_dims * sizeof (guint32));
  return TRUE;
}

gboolean
plan_shape_equal (const PlanShape *a, const PlanShape *b)
{
  return a->n_dims == b->n_dims
         && memcmp (a->dims, b->dims, a->n_dims * sizeof (a->dims[0])) == 0;
}

gsize
plan_shape_get_size (const PlanShape *shape)
{
  gsize size = 1;

  for (guint i = 0; i < shape->n_dims; i++)
    size *= shape->dims[i];
  return size;
}

guint
plan_add_tensor (
    Plan *self, const gchar *name, const PlanShape *shape, gint fix_point)
{
  PlanTensor tensor = {
    .name = g_strdup (name),
    .shape = *shape,
    .size = plan_shape_get_size (shape),
    .fix_point = fix_point,
    .place = PLAN_PLACE_ARENA,
  };

  g_array_append_val (self->tensors, tensor);
  return self->tensors->len - 1;
}

/**
 * plan_allocate_constant:
 *
 * Returns: (transfer none) (nullable): memory for weights and the like, %NULL
 *   when the model has more of them than the software DPU takes
 */
gint8 *
plan_allocate_constant (Plan *self, gsize size, GError **error)
{
  gint8 *data;

  if (size > PLAN_MAX_CONSTANTS_SIZE - self->constants_size) {
    g_set_error (error, SWDPU_ERROR, SWDPU_ERROR_UNSUPPORTED,
        "The model needs more than %" G_GSIZE_FORMAT
        " bytes for its weights, the software DPU gives at most "
        "%" G_GINT64_FORMAT,
        self->constants_size + size - 1, PLAN_MAX_CONSTANTS_SIZE);
    return NULL;
  }
  data = g_malloc (MAX (size, 1));
  self->constants_size += size;
  g_ptr_array_add (self->constants, data);
  return data;
}

/**
 * plan_add_constant:
 * @data: (transfer none): from plan_allocate_constant(), plan_shape_get_size() of
 *   @shape bytes
 */
guint
plan_add_constant (Plan *self, const gchar *name, const PlanShape *shape,
    gint fix_point, const gint8 *data)
{
  guint index = plan_add_tensor (self, name, shape, fix_point);
  PlanTensor *tensor = plan_tensor (self, index);

  tensor->place = PLAN_PLACE_CONSTANT;
  tensor->data = data;
  return index;
}

/**
 * plan_add_step:
 *
 * Returns: (transfer none): the step, for its parameters to be set; good until
 *   the next one is added
 */
PlanStep *
plan_add_step (Plan *self, PlanStepType type, const gchar *name,
    const guint *inputs, guint n_inputs, guint output)
{
  PlanStep step = {
    .type = type,
    .name = g_strdup (name),
    .inputs = g_memdup2 (inputs, n_inputs * sizeof (guint)),
    .n_inputs = n_inputs,
    .output = output,
  };

  g_array_append_val (self->steps, step);
  return plan_step (self, self->steps->len - 1);
}

/**
 * plan_find_ops:
 * @names: (array zero-terminated=1): operators whose results are wanted
 *
 * Returns: (transfer container) (nullable) (element-type XmodelOp): them, %NULL
 *   when there is not one for each name
 */
GPtrArray *
plan_find_ops (const Xmodel *model, const gchar *const *names, GError **error)
{
  g_autoptr (GPtrArray) ops = g_ptr_array_new ();

  for (; *names != NULL; names++) {
    const XmodelOp *op = xmodel_find_op (model, *names);

    if (op == NULL) {
      g_set_error (error, SWDPU_ERROR, SWDPU_ERROR_INVALID,
          "The model has no operator \"%s\" to read a result from", *names);
      return NULL;
    }
    g_ptr_array_add (ops, (gpointer) op);
  }
  return g_steal_pointer (&ops);
}

void
plan_mark_input (Plan *self, guint tensor)
{
  plan_tensor (self, tensor)->place = PLAN_PLACE_INPUT;
  plan_tensor (self, tensor)->index = self->inputs->len;
  g_array_append_val (self->inputs, tensor);
}

void
plan_mark_output (Plan *self, guint tensor)
{
  plan_tensor (self, tensor)->place = PLAN_PLACE_OUTPUT;
  plan_tensor (self, tensor)->index = self->outputs->len;
  g_array_append_val (self->outputs, tensor);
}

typedef struct {
  guint tensor;
  guint last_step;
} LiveTensor;

/* the lowest gap between the live tensors, which are sorted by offset */
static gsize
find_gap (const Plan *self, const GArray *live, gsize size, guint *position)
{
  gsize end = 0;

  for (*position = 0; *position < live->len; (*position)++) {
    const LiveTensor *entry = &g_array_index (live, LiveTensor, *position);
    const PlanTensor *tensor = plan_tensor (self, entry->tensor);

    if (tensor->offset >= end + size)
      break;
    end = tensor->offset + tensor->size;
    end = (end + TENSOR_ALIGNMENT - 1) / TENSOR_ALIGNMENT * TENSOR_ALIGNMENT;
  }
  return end;
}

static guint *
find_last_uses (const Plan *self)
{
  guint *last_uses = g_new0 (guint, self->tensors->len);

  for (guint i = 0; i < self->steps->len; i++) {
    const PlanStep *step = plan_step (self, i);

    last_uses[step->output] = MAX (last_uses[step->output], i);
    for (guint j = 0; j < step->n_inputs; j++)
      last_uses[step->inputs[j]] = i;
  }
  return last_uses;
}

static guint64
get_window_size (const PlanWindow *window)
{
  return (guint64) window->kernel_h * window->kernel_w;
}

/* of one element of its output */
static guint64
count_step_operations (const Plan *self, const PlanStep *step)
{
  const guint32 *in = plan_tensor (self, step->inputs[0])->shape.dims;

  switch (step->type) {
    case PLAN_STEP_CONVOLUTION:
      return get_window_size (&step->convolution.window) * in[PLAN_C]
             / step->convolution.groups;
    case PLAN_STEP_MAX_POOL:
      return get_window_size (&step->max_pool);
    case PLAN_STEP_AVERAGE_POOL:
      return get_window_size (&step->average_pool.window);
    default:
      return step->n_inputs;
  }
}

/**
 * plan_count_operations:
 *
 * Returns: how many multiply-adds a frame takes; what a step does to an element
 *   counts as one
 */
guint64
plan_count_operations (const Plan *self)
{
  guint64 n_operations = 0;

  for (guint i = 0; i < self->steps->len; i++) {
    const PlanStep *step = plan_step (self, i);

    n_operations += count_step_operations (self, step)
                    * plan_tensor (self, step->output)->size;
  }
  return n_operations;
}

static gsize
get_edge_size (const Plan *self, const GArray *edge)
{
  gsize size = 0;

  for (guint i = 0; i < edge->len; i++)
    size += plan_tensor (self, g_array_index (edge, guint, i))->size;
  return size;
}

/**
 * plan_count_weights:
 *
 * Returns: those of all convolutions, each of which packs its own, shared or not
 */
guint64
plan_count_weights (const Plan *self)
{
  guint64 size = 0;

  for (guint i = 0; i < self->steps->len; i++) {
    const PlanStep *step = plan_step (self, i);

    if (step->type == PLAN_STEP_CONVOLUTION)
      size += count_step_operations (self, step)
              * plan_tensor (self, step->output)->shape.dims[PLAN_C];
  }
  return size;
}

typedef struct {
  const gint8 *start, *end;
} Extent;

static gint
compare_extents (gconstpointer a, gconstpointer b)
{
  const Extent *left = a, *right = b;

  return (left->start > right->start) - (left->start < right->start);
}

/* of plan_count_weights(), those that lie in different places */
static guint64
count_distinct_weights (const Plan *self)
{
  g_autoptr (GArray) extents = g_array_new (FALSE, FALSE, sizeof (Extent));
  const gint8 *end = NULL;
  guint64 n = 0;

  for (guint i = 0; i < self->steps->len; i++) {
    const PlanStep *step = plan_step (self, i);

    if (step->type == PLAN_STEP_CONVOLUTION) {
      const gint8 *start = step->convolution.weights;
      Extent extent = { start,
        start
            + count_step_operations (self, step)
                  * plan_tensor (self, step->output)->shape.dims[PLAN_C] };

      g_array_append_val (extents, extent);
    }
  }
  g_array_sort (extents, compare_extents);
  for (guint i = 0; i < extents->len; i++) {
    const Extent *extent = &g_array_index (extents, Extent, i);

    if (end == NULL || extent->end > end) {
      n += extent->end
           - (end == NULL ? extent->start : MAX (extent->start, end));
      end = extent->end;
    }
  }
  return n;
}

static gboolean
check_sharing (const Plan *self, guint64 n_weights, GError **error)
{
  guint64 n_distinct = count_distinct_weights (self);
  guint64 most = n_distinct * PLAN_MAX_SHARED_WEIGHTS + PLAN_FEW_WEIGHTS;

  if (n_weights <= most)
    return TRUE;
  g_set_error (error, SWDPU_ERROR, SWDPU_ERROR_UNSUPPORTED,
      "The model's convolutions read %" G_GUINT64_FORMAT
      " weights, of which its file has %" G_GUINT64_FORMAT
      ": for so many the software DPU takes at most %" G_GUINT64_FORMAT,
      n_weights, n_distinct, most);
  return FALSE;
}

static gboolean
check_budget (const Plan *self, GError **error)
{
  gsize size = self->arena_size + get_edge_size (self, self->inputs)
               + get_edge_size (self, self->outputs);
  guint64 weights_size = plan_count_weights (self);
  guint64 max_size = CLAMP (weights_size * PLAN_FRAME_BYTES_PER_WEIGHT,
      (guint64) PLAN_MANY_FRAME_SIZE, (guint64) PLAN_MAX_FRAME_SIZE);
  guint64 n_operations = plan_count_operations (self);

  if (weights_size > (guint64) PLAN_MAX_CONSTANTS_SIZE) {
    g_set_error (error, SWDPU_ERROR, SWDPU_ERROR_UNSUPPORTED,
        "The model's convolutions have %" G_GUINT64_FORMAT
        " weights, the software DPU takes at most %" G_GINT64_FORMAT,
        weights_size, PLAN_MAX_CONSTANTS_SIZE);
    return FALSE;
  }
  if (!check_sharing (self, weights_size, error))
    return FALSE;
  if (size > max_size) {
    g_set_error (error, SWDPU_ERROR, SWDPU_ERROR_UNSUPPORTED,
        "The model needs %" G_GSIZE_FORMAT
        " bytes for the tensors of a frame, the software DPU gives a model with "
        "%" G_GUINT64_FORMAT " weights at most %" G_GUINT64_FORMAT,
        size, weights_size, max_size);
    return FALSE;
  }
  if (n_operations > (guint64) PLAN_MAX_OPERATIONS) {
    g_set_error (error, SWDPU_ERROR, SWDPU_ERROR_UNSUPPORTED,
        "The model computes %" G_GUINT64_FORMAT
        " multiply-adds for a frame, the software DPU does at most "
        "%" G_GINT64_FORMAT,
        n_operations, PLAN_MAX_OPERATIONS);
    return FALSE;
  }
  return TRUE;
}

static void
forget_tensors (GArray *live, guint before)
{
  for (guint i = live->len; i > 0; i--) {
    if (g_array_index (live, LiveTensor, i - 1).last_step < before)
      g_array_remove_index (live, i - 1);
  }
}

/* a host has its place from the first part of it that is computed on */
static void
place_tensor (
    Plan *self, GArray *live, guint index, guint last_step, gboolean *is_placed)
{
  PlanTensor *tensor = plan_tensor (self, index);
  LiveTensor entry = { index, last_step };
  guint position;

  if (*is_placed)
    return;
  *is_placed = TRUE;
  tensor->offset = find_gap (self, live, tensor->size, &position);
  g_array_insert_val (live, position, entry);
  self->arena_size = MAX (self->arena_size, tensor->offset + tensor->size);
}

/**
 * plan_place_tensors:
 *
 * Gives every tensor in between its place in one arena, so that tensors that
 * are needed at the same time do not overlap, but for those within others.
 *
 * Returns: %FALSE when the frame would take more memory or time than the software
 *   DPU gives, nothing of which has been allocated
 */
gboolean
plan_place_tensors (Plan *self, GError **error)
{
  g_autofree guint *last_uses = find_last_uses (self);
  g_autofree gboolean *is_placed = g_new0 (gboolean, self->tensors->len);
  g_autoptr (GArray) live = g_array_new (FALSE, FALSE, sizeof (LiveTensor));

  self->arena_size = 0;
  for (guint i = 0; i < self->steps->len; i++) {
    guint output = plan_step (self, i)->output;
    PlanTensor *tensor = plan_tensor (self, output);
    guint whole = tensor->is_hosted ? tensor->host : output;

    forget_tensors (live, i);
    if (tensor->place != PLAN_PLACE_ARENA)
      continue;
    place_tensor (self, live, whole, last_uses[whole], &is_placed[whole]);
    if (tensor->is_hosted)
      tensor->offset = plan_tensor (self, whole)->offset + tensor->host_offset;
  }

  return check_budget (self, error);
}
