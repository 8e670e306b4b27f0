/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* What the software DPU executes: a flat list of steps over int8 tensors with
 * fix points. Both forms of xmodel are lowered to it. */

#pragma once

#include <glib.h>
#include <xmodel/xmodel.h>

#include "error.h"

G_BEGIN_DECLS

#define PLAN_MAX_DIMS 6
/* bytes: of one tensor, of all that a frame needs at once with its inputs and
 * outputs, and of the weights. YOLOv5x6 for pictures of 1280x1280 takes 140 MB of
 * weights, and not much more for a frame; a small file shall not take much memory:
 * more than MANY has to be earned by weights */
#define PLAN_MAX_TENSOR_SIZE (G_GINT64_CONSTANT (1) << 28)
#define PLAN_MANY_FRAME_SIZE (G_GINT64_CONSTANT (1) << 28)
#define PLAN_MAX_FRAME_SIZE (G_GINT64_CONSTANT (1) << 30)
#define PLAN_FRAME_BYTES_PER_WEIGHT 10
#define PLAN_MAX_CONSTANTS_SIZE (G_GINT64_CONSTANT (1) << 28)
/* how often weights may be read by different convolutions, each of which packs its
 * own, but for a few: heads for several scales share theirs in some networks */
#define PLAN_MAX_SHARED_WEIGHTS 8
#define PLAN_FEW_WEIGHTS (G_GINT64_CONSTANT (1) << 22)
/* multiply-adds of a frame, and what costs as much; that YOLOv5x6 has 4.2e11 */
#define PLAN_MAX_OPERATIONS G_GINT64_CONSTANT (1000000000000)

/* batch, rows, columns, channels of a four-dimensional tensor */
enum { PLAN_N, PLAN_H, PLAN_W, PLAN_C };

typedef struct {
  guint n_dims;
  guint32 dims[PLAN_MAX_DIMS];
} PlanShape;

typedef enum {
  PLAN_PLACE_ARENA,
  PLAN_PLACE_INPUT,
  PLAN_PLACE_OUTPUT,
  PLAN_PLACE_CONSTANT,
} PlanPlace;

/**
 * PlanTensor:
 * @fix_point: value = int8 * 2^-@fix_point
 * @index: which input or output it is
 * @data: of a constant; belongs to the plan
 * @offset: where it lies in the arena, in bytes
 * @is_hosted: whether it lies within another tensor, see swdpu_join_in_place()
 * @host: that tensor, which has no host itself
 * @host_offset: where in it, in bytes; its pixels lie as far apart as the host's
 * @is_non_negative: whether its values are known not to be negative, see
 *   swdpu_find_non_negative()
 */
typedef struct {
  gchar *name;
  PlanShape shape;
  gsize size;
  gint fix_point;
  PlanPlace place;
  guint index;
  const gint8 *data;
  gsize offset;
  gboolean is_hosted;
  guint host;
  gsize host_offset;
  gboolean is_non_negative;
} PlanTensor;

typedef enum {
  PLAN_ACTIVATION_NONE,
  PLAN_ACTIVATION_RELU,
  PLAN_ACTIVATION_RELU6,
  PLAN_ACTIVATION_LEAKY_RELU,
} PlanActivation;

/**
 * PlanRequantize:
 * @fix_point: of the exact integers that come in
 * @output_fix_point: of the int8 that go out
 *
 * The one rounding at the end of a layer.
 */
typedef struct {
  PlanActivation activation;
  gint fix_point;
  gint output_fix_point;
} PlanRequantize;

/* a window that slides over rows and columns; the bottom and right padding
 * follow from the output's size */
typedef struct {
  guint kernel_h, kernel_w;
  guint stride_h, stride_w;
  guint dilation_h, dilation_w;
  gint pad_top, pad_left;
} PlanWindow;

/**
 * PlanConvolution:
 * @weights: int8, [out channel][kernel row][kernel column][in channel / groups]
 * @bias: int8 per out channel, or %NULL
 */
typedef struct {
  PlanWindow window;
  guint groups;
  const gint8 *weights;
  gint weights_fix_point;
  const gint8 *bias;
  gint bias_fix_point;
  PlanActivation activation;
} PlanConvolution;

/* out = round (sum over the window * multiplier * 2^-shift) */
typedef struct {
  PlanWindow window;
  guint32 multiplier;
  gint shift;
} PlanAveragePool;

/**
 * PlanSum:
 * @shifts: per input, rounding shift to the sum's fix point
 * @requantize: from the sum's fix point to the output's
 */
typedef struct {
  gint *shifts;
  PlanRequantize requantize;
} PlanSum;

/**
 * PlanGather:
 * @shape: the output seen as this many dimensions
 * @start: element of the input that comes first
 * @strides: in elements of the input, per dimension of @shape; 0 repeats
 *
 * Copies elements into the output in its order.
 */
typedef struct {
  PlanShape shape;
  gsize start;
  gsize strides[PLAN_MAX_DIMS];
} PlanGather;

typedef enum {
  PLAN_STEP_CONVOLUTION,
  PLAN_STEP_SUM,
  PLAN_STEP_PRODUCT,
  PLAN_STEP_MAX_POOL,
  PLAN_STEP_AVERAGE_POOL,
  PLAN_STEP_CONCATENATE,
  PLAN_STEP_UPSAMPLE_NEAREST,
  PLAN_STEP_UPSAMPLE_BILINEAR,
  PLAN_STEP_DILATE,
  PLAN_STEP_PAD,
  PLAN_STEP_GATHER,
  PLAN_STEP_TABLE,
  PLAN_N_STEP_TYPES,
} PlanStepType;

/**
 * PlanStep:
 * @name: of the operator it comes from
 * @inputs: (array length=n_inputs): indices of tensors
 * @output: index of a tensor
 */
typedef struct {
  PlanStepType type;
  gchar *name;
  guint *inputs;
  guint n_inputs;
  guint output;
  union {
    PlanConvolution convolution;
    PlanSum sum;
    PlanRequantize product;
    PlanWindow max_pool;
    PlanAveragePool average_pool;
    /* axis along which inputs are joined */
    guint concatenate_axis;
    struct {
      gboolean half_pixel_centers;
    } bilinear;
    /* zeros between the rows and columns of a transposed convolution's input */
    struct {
      guint stride_h, stride_w;
    } dilate;
    /* elements before each dimension's first, and what they hold */
    struct {
      guint before[PLAN_MAX_DIMS];
      gint8 value;
    } pad;
    PlanGather gather;
    /* indexed by the input as an unsigned byte */
    gint8 *table;
  };
} PlanStep;

/**
 * Plan:
 * @inputs: indices of the tensors a caller fills
 * @outputs: indices of the tensors a caller reads
 * @constants: (element-type gint8): memory that lives as long as the plan
 * @constants_size: bytes of all of them
 * @arena_size: bytes that hold all tensors in between
 */
typedef struct {
  GArray *tensors;
  GArray *steps;
  GArray *inputs;
  GArray *outputs;
  GPtrArray *constants;
  gsize constants_size;
  gsize arena_size;
} Plan;

Plan *plan_new_from_quantized (
    const Xmodel *model, const gchar *const *outputs, GError **error);
Plan *plan_new_from_compiled (const Xmodel *model,
    const XmodelSubgraph *subgraph, const gchar *const *outputs,
    GError **error);
void plan_free (Plan *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Plan, plan_free)

static inline PlanTensor *
plan_tensor (const Plan *self, guint index)
{
  return &g_array_index (self->tensors, PlanTensor, index);
}

/* of a tensor of four dimensions: bytes from where a pixel's channels begin to where
 * the next's do */
static inline gsize
plan_get_pixel_stride (const Plan *self, const PlanTensor *tensor)
{
  const PlanTensor *whole =
      tensor->is_hosted ? plan_tensor (self, tensor->host) : tensor;

  return whole->shape.dims[PLAN_C];
}

static inline PlanStep *
plan_step (const Plan *self, guint index)
{
  return &g_array_index (self->steps, PlanStep, index);
}

/* for the two lowerings */
Plan *plan_new (void);
gboolean plan_shape_from_tensor (
    PlanShape *shape, const XmodelTensor *tensor, GError **error);
gboolean plan_shape_equal (const PlanShape *a, const PlanShape *b);
gsize plan_shape_get_size (const PlanShape *shape);
guint plan_add_tensor (
    Plan *self, const gchar *name, const PlanShape *shape, gint fix_point);
gint8 *plan_allocate_constant (Plan *self, gsize size, GError **error);
guint plan_add_constant (Plan *self, const gchar *name, const PlanShape *shape,
    gint fix_point, const gint8 *data);
PlanStep *plan_add_step (Plan *self, PlanStepType type, const gchar *name,
    const guint *inputs, guint n_inputs, guint output);
void plan_mark_input (Plan *self, guint tensor);
void plan_mark_output (Plan *self, guint tensor);
GPtrArray *plan_find_ops (
    const Xmodel *model, const gchar *const *names, GError **error);
gboolean plan_place_tensors (Plan *self, GError **error);
guint64 plan_count_operations (const Plan *self);
guint64 plan_count_weights (const Plan *self);

G_END_DECLS
