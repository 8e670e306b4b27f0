/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* The operators libxir 2.5 knows: the arguments and attributes it looks for.
 * What their values have to be like is in shapes.c. */

#include "operators.h"

#include "attribute-rules.h"
#include "shapes.h"

#include <string.h>

#define VALUE(name) XMODEL_FILE__ATTRIBUTE__VALUE_##name

typedef enum {
  ONE,
  AT_MOST_ONE,
  AT_LEAST_ONE,
  AT_LEAST_TWO,
  ANY_NUMBER,
} Occurrence;

typedef struct {
  const gchar *name;
  Occurrence occurrence;
} ArgumentRule;

typedef gboolean (*CheckFunc) (const XmodelOp *op, GError **error);

typedef struct {
  const gchar *type;
  const ArgumentRule *arguments;
  const XmodelAttributeRule *attributes;
  CheckFunc check;
} OperatorRule;

static const ArgumentRule no_arguments[] = { { NULL } };
static const ArgumentRule one_input[] = { { "input", ONE }, { NULL } };
static const ArgumentRule some_inputs[] = { { "input", AT_LEAST_ONE },
  { NULL } };
static const ArgumentRule more_inputs[] = { { "input", AT_LEAST_TWO },
  { NULL } };
static const ArgumentRule any_inputs[] = { { "input", ANY_NUMBER }, { NULL } };
static const ArgumentRule input_weights[] = {
  { "input", ONE },
  { "weights", ONE },
  { "bias", AT_MOST_ONE },
  { NULL },
};
static const ArgumentRule input_size[] = { { "input", ONE },
  { "size", AT_MOST_ONE }, { NULL } };
static const ArgumentRule input_shape[] = { { "input", ONE },
  { "shape", AT_MOST_ONE }, { NULL } };
static const ArgumentRule input_scale[] = {
  { "input", ONE },
  { "scale", ONE },
  { "bias", AT_MOST_ONE },
  { NULL },
};
static const ArgumentRule input_threshold[] = { { "input", ONE },
  { "threshold", ONE }, { NULL } };
static const ArgumentRule matmul_inputs[] = { { "input", AT_LEAST_ONE },
  { "bias", AT_MOST_ONE }, { NULL } };
static const ArgumentRule batchnorm_inputs[] = {
  { "input", ONE },
  { "gamma", ONE },
  { "beta", ONE },
  { "moving_mean", ONE },
  { "moving_var", ONE },
  { NULL },
};

#define WINDOW(name, required, n, least)                                       \
  {                                                                            \
    name, VALUE (INT32S), required, n, least, XMODEL_MAX_WINDOW                \
  }
#define NONLINEAR                                                              \
  { "nonlinear", VALUE (STRING_VALUE) },                                       \
      { "hsigmoid_in", VALUE (INT32_VALUE) },                                  \
      { "shift_hsigmoid", VALUE (INT32_VALUE) },                               \
  {                                                                            \
    "shift_hswish", VALUE (INT32_VALUE)                                        \
  }
#define GROUP                                                                  \
  {                                                                            \
    "group", VALUE (INT32_VALUE), FALSE, 0, 1, XMODEL_MAX_DIM                  \
  }
#define SCALE(name)                                                            \
  {                                                                            \
    name, VALUE (INT32_VALUE), TRUE, 0, 1, XMODEL_MAX_SCALE                    \
  }

static const XmodelAttributeRule no_attributes[] = { { NULL } };
static const XmodelAttributeRule source[] = {
  { "shape", VALUE (INT32S), TRUE, 0, 1, XMODEL_MAX_DIM },
  { "data_type", VALUE (STRING_VALUE), TRUE },
  { "seed", VALUE (INT32_VALUE) },
  { "seed2", VALUE (INT32_VALUE) },
  { NULL },
};
static const XmodelAttributeRule constant[] = {
  { "shape", VALUE (INT32S), TRUE, 0, 1, XMODEL_MAX_DIM },
  { "data_type", VALUE (STRING_VALUE), TRUE },
  { "data", VALUE (BYTES_VALUE), TRUE },
  { NULL },
};
static const XmodelAttributeRule convolution_2d[] = {
  WINDOW ("kernel", TRUE, 2, 1),
  WINDOW ("stride", TRUE, 2, 1),
  WINDOW ("dilation", FALSE, 2, 1),
  WINDOW ("pad", FALSE, 4, 0),
  { "pad_mode", VALUE (STRING_VALUE), TRUE },
  GROUP,
  { NULL },
};
static const XmodelAttributeRule convolution_2d_fix[] = {
  WINDOW ("kernel", TRUE, 2, 1),
  WINDOW ("stride", TRUE, 2, 1),
  WINDOW ("dilation", FALSE, 2, 1),
  WINDOW ("pad", FALSE, 4, 0),
  { "pad_mode", VALUE (STRING_VALUE) },
  GROUP,
  NONLINEAR,
  { NULL },
};
static const XmodelAttributeRule convolution_3d[] = {
  WINDOW ("kernel", TRUE, 3, 1),
  WINDOW ("stride", TRUE, 3, 1),
  WINDOW ("dilation", FALSE, 3, 1),
  WINDOW ("pad", FALSE, 6, 0),
  { "pad_mode", VALUE (STRING_VALUE), TRUE },
  GROUP,
  { NULL },
};
static const XmodelAttributeRule convolution_3d_fix[] = {
  WINDOW ("kernel", TRUE, 3, 1),
  WINDOW ("stride", TRUE, 3, 1),
  WINDOW ("dilation", FALSE, 3, 1),
  WINDOW ("pad", FALSE, 6, 0),
  { "pad_mode", VALUE (STRING_VALUE) },
  GROUP,
  NONLINEAR,
  { NULL },
};
static const XmodelAttributeRule pool_2d[] = {
  WINDOW ("kernel", TRUE, 2, 1),
  WINDOW ("stride", TRUE, 2, 1),
  WINDOW ("pad", FALSE, 4, 0),
  { "pad_mode", VALUE (STRING_VALUE), TRUE },
  { "global", VALUE (BOOL_VALUE) },
  { "count_include_pad", VALUE (BOOL_VALUE) },
  { "count_include_invalid", VALUE (BOOL_VALUE) },
  { NULL },
};
static const XmodelAttributeRule pool_fix[] = {
  WINDOW ("kernel", TRUE, 2, 1),
  WINDOW ("stride", TRUE, 2, 1),
  WINDOW ("pad", FALSE, 4, 0),
  { "type", VALUE (STRING_VALUE), TRUE },
  { NULL },
};
static const XmodelAttributeRule eltwise_fix[] = {
  NONLINEAR,
  { "type", VALUE (STRING_VALUE) },
  { NULL },
};
static const XmodelAttributeRule quantization[] = {
  { "fix_point", VALUE (INT32_VALUE), TRUE, 0, -XMODEL_MAX_FIX_POINT,
      XMODEL_MAX_FIX_POINT },
  { "bit_width", VALUE (INT32_VALUE), TRUE, 0, 1, XMODEL_MAX_BITS },
  { "round_mode", VALUE (STRING_VALUE), TRUE },
  { "if_signed", VALUE (BOOL_VALUE), TRUE },
  { NULL },
};
static const XmodelAttributeRule one_axis[] = {
  { "axis", VALUE (INT32_VALUE), TRUE }, { NULL }
};
static const XmodelAttributeRule maybe_axis[] = {
  { "axis", VALUE (INT32_VALUE) }, { NULL }
};
static const XmodelAttributeRule maybe_axes[] = {
  { "axis", VALUE (INT32S) },
  { "epsilon", VALUE (DOUBLE_VALUE) },
  { NULL },
};
static const XmodelAttributeRule reduction[] = {
  { "axis", VALUE (INT32S), TRUE },
  { "keep_dims", VALUE (BOOL_VALUE), TRUE },
  { NULL },
};
static const XmodelAttributeRule batchnorm[] = {
  { "axis", VALUE (INT32_VALUE), TRUE },
  { "epsilon", VALUE (FLOAT_VALUE), TRUE },
  { NULL },
};
static const XmodelAttributeRule alpha[] = {
  { "alpha", VALUE (FLOAT_VALUE), TRUE }, { NULL }
};
static const XmodelAttributeRule maybe_alpha[] = {
  { "alpha", VALUE (FLOAT_VALUE) }, { NULL }
};
static const XmodelAttributeRule resize[] = {
  { "mode", VALUE (STRING_VALUE), TRUE },
  { "align_corners", VALUE (BOOL_VALUE) },
  { "half_pixel_centers", VALUE (BOOL_VALUE) },
  { "scale", VALUE (FLOATS) },
  { NULL },
};
static const XmodelAttributeRule resize_fix[] = {
  { "mode", VALUE (STRING_VALUE), TRUE },
  { "align_corners", VALUE (BOOL_VALUE) },
  { "half_pixel_centers", VALUE (BOOL_VALUE) },
  { "scale", VALUE (FLOATS), TRUE, 2 },
  { NULL },
};
static const XmodelAttributeRule reorg[] = { SCALE ("scale"),
  { "reverse", VALUE (BOOL_VALUE), TRUE }, { NULL } };
static const XmodelAttributeRule tiling[] = { SCALE ("stride"),
  { "reverse", VALUE (BOOL_VALUE), TRUE }, { NULL } };
static const XmodelAttributeRule pixel_shuffle[] = { SCALE ("scale"),
  { "upscale", VALUE (BOOL_VALUE), TRUE }, { NULL } };
/* libxir asks for one of them and reads the other */
static const XmodelAttributeRule pixel_shuffle_fix[] = {
  SCALE ("scale"),
  { "reverse", VALUE (BOOL_VALUE), TRUE },
  { "upscale", VALUE (BOOL_VALUE), TRUE },
  { NULL },
};
static const XmodelAttributeRule reshape[] = { { "shape", VALUE (INT32S) },
  { NULL } };
static const XmodelAttributeRule reshape_fix[] = {
  { "shape", VALUE (INT32S), TRUE, 0, 1, XMODEL_MAX_DIM },
  { NULL },
};
static const XmodelAttributeRule transpose[] = {
  { "order", VALUE (INT32S), TRUE }, { NULL }
};
static const XmodelAttributeRule flatten[] = {
  { "start_axis", VALUE (INT32_VALUE), TRUE },
  { "end_axis", VALUE (INT32_VALUE), TRUE },
  { NULL },
};
static const XmodelAttributeRule pad[] = {
  { "paddings", VALUE (INT32S), TRUE, 0, -XMODEL_MAX_DIM, XMODEL_MAX_DIM },
  { "mode", VALUE (STRING_VALUE), TRUE },
  { "constant_values", VALUE (FLOATS) },
  { NULL },
};
static const XmodelAttributeRule pad_fix[] = {
  { "paddings", VALUE (INT32S), TRUE, 0, -XMODEL_MAX_DIM, XMODEL_MAX_DIM },
  { "mode", VALUE (STRING_VALUE), TRUE },
  { "constant_values", VALUE (BYTES_VALUE) },
  { NULL },
};
/* ellipses and new axes are beyond what is checked here */
static const XmodelAttributeRule strided_slice[] = {
  { "begin", VALUE (INT32S), TRUE },
  { "end", VALUE (INT32S), TRUE },
  { "strides", VALUE (INT32S), TRUE },
  { "begin_mask", VALUE (INT32_VALUE) },
  { "end_mask", VALUE (INT32_VALUE) },
  { "ellipsis_mask", VALUE (INT32_VALUE) },
  { "new_axis_mask", VALUE (INT32_VALUE) },
  { "shrink_axis_mask", VALUE (INT32_VALUE) },
  { NULL },
};
static const XmodelAttributeRule matmul[] = {
  { "transpose_a", VALUE (BOOL_VALUE), TRUE },
  { "transpose_b", VALUE (BOOL_VALUE), TRUE },
  { NULL },
};
static const XmodelAttributeRule priorbox[] = {
  { "min_sizes", VALUE (FLOATS), TRUE },
  { "max_sizes", VALUE (FLOATS) },
  { "aspect_ratio", VALUE (FLOATS) },
  { "flip", VALUE (BOOL_VALUE), TRUE },
  { "clip", VALUE (BOOL_VALUE), TRUE },
  { "variance", VALUE (FLOATS), TRUE },
  { "step", VALUE (FLOATS), TRUE },
  { "offset", VALUE (FLOAT_VALUE), TRUE },
  { NULL },
};

#define CONVOLUTION(type, attributes, check)                                   \
  {                                                                            \
    type, input_weights, attributes, xmodel_check_##check                      \
  }
#define UNARY(type)                                                            \
  {                                                                            \
    type, one_input, no_attributes, NULL                                       \
  }
#define BROADCAST(type)                                                        \
  {                                                                            \
    type, more_inputs, no_attributes, xmodel_check_broadcast                   \
  }
#define REDUCTION(type)                                                        \
  {                                                                            \
    type, one_input, reduction, xmodel_check_reduction                         \
  }

/* clang-format off */
static const OperatorRule operator_rules[] = {
  { "const", no_arguments, constant, xmodel_check_constant },
  { "const-fix", no_arguments, constant, xmodel_check_constant },
  { "data", no_arguments, source, xmodel_check_source },
  { "data-fix", no_arguments, source, xmodel_check_source },
  { "random_standard_normal", no_arguments, source, xmodel_check_source },

  { "fix", one_input, quantization, NULL },
  { "fix2float", one_input, quantization, NULL },
  { "float2fix", one_input, quantization, NULL },
  UNARY ("upload"),
  UNARY ("download"),
  UNARY ("identity"),
  UNARY ("placeholder"),

  CONVOLUTION ("conv2d", convolution_2d, convolution_2d),
  CONVOLUTION ("conv2d-fix", convolution_2d_fix, convolution_2d),
  CONVOLUTION ("depthwise-conv2d", convolution_2d, depthwise_2d),
  CONVOLUTION ("depthwise-conv2d-fix", convolution_2d_fix, depthwise_2d),
  CONVOLUTION ("transposed-conv2d", convolution_2d, transposed_2d),
  CONVOLUTION ("transposed-conv2d-fix", convolution_2d_fix, transposed_2d),
  CONVOLUTION ("transposed-depthwise-conv2d", convolution_2d, transposed_2d),
  CONVOLUTION ("transposed-depthwise-conv2d-fix", convolution_2d_fix,
      transposed_2d),
  CONVOLUTION ("conv3d", convolution_3d, convolution_3d),
  CONVOLUTION ("conv3d-fix", convolution_3d_fix, convolution_3d),
  CONVOLUTION ("depthwise-conv3d", convolution_3d, convolution_3d),
  CONVOLUTION ("depthwise-conv3d-fix", convolution_3d_fix, convolution_3d),
  CONVOLUTION ("transposed-conv3d", convolution_3d, convolution_3d),
  CONVOLUTION ("transposed-conv3d-fix", convolution_3d_fix, convolution_3d),
  CONVOLUTION ("transposed-depthwise-conv3d", convolution_3d, convolution_3d),
  CONVOLUTION ("transposed-depthwise-conv3d-fix", convolution_3d_fix,
      convolution_3d),
  CONVOLUTION ("inner-product", one_axis, inner_product),
  { "matmul", matmul_inputs, matmul, xmodel_check_matmul },

  { "maxpool2d", one_input, pool_2d, xmodel_check_pool },
  { "avgpool2d", one_input, pool_2d, xmodel_check_pool },
  { "pool-fix", one_input, pool_fix, xmodel_check_pool },

  BROADCAST ("add"),
  BROADCAST ("sub"),
  BROADCAST ("mul"),
  BROADCAST ("div"),
  BROADCAST ("max"),
  BROADCAST ("min"),
  { "eltwise-fix", some_inputs, eltwise_fix, xmodel_check_broadcast },
  { "depthwise-fix", some_inputs, eltwise_fix, xmodel_check_broadcast },

  UNARY ("exp"),
  UNARY ("gelu"),
  UNARY ("hard-sigmoid"),
  UNARY ("hard-sigmoid-fix"),
  UNARY ("hard-swish"),
  UNARY ("hard-tanh"),
  UNARY ("neg"),
  UNARY ("relu"),
  UNARY ("relu6"),
  UNARY ("selu"),
  UNARY ("shape"),
  UNARY ("sigmoid"),
  UNARY ("swish"),
  UNARY ("tanh"),
  { "celu", one_input, maybe_alpha, NULL },
  { "elu", one_input, maybe_alpha, NULL },
  { "leaky-relu", one_input, alpha, NULL },
  { "softmax", one_input, one_axis, NULL },
  { "l2_normalize", one_input, maybe_axes, NULL },
  { "scale", input_scale, maybe_axis, NULL },
  { "threshold", input_threshold, no_attributes, NULL },
  { "batchnorm", batchnorm_inputs, batchnorm, xmodel_check_batchnorm },

  REDUCTION ("reduction_max"),
  REDUCTION ("reduction_mean"),
  REDUCTION ("reduction_product"),
  REDUCTION ("reduction_sum"),

  { "concat", some_inputs, one_axis, xmodel_check_concat },
  { "concat-fix", some_inputs, one_axis, xmodel_check_concat },
  { "stack", some_inputs, one_axis, xmodel_check_stack },
  { "resize", input_size, resize, xmodel_check_resize },
  { "upsample-fix", input_size, resize_fix, xmodel_check_resize_fix },
  { "downsample-fix", input_size, resize_fix, xmodel_check_resize_fix },
  { "reorg", one_input, reorg, xmodel_check_tiling },
  { "reorg-fix", one_input, reorg, xmodel_check_tiling },
  { "gstiling", one_input, tiling, xmodel_check_tiling },
  { "tile-fix", one_input, tiling, xmodel_check_tiling },
  { "pixel-shuffle", one_input, pixel_shuffle, xmodel_check_tiling },
  { "pixel-shuffle-fix", one_input, pixel_shuffle_fix, xmodel_check_tiling },
  { "reshape", input_shape, reshape, xmodel_check_reshape },
  { "reshape-fix", one_input, reshape_fix, xmodel_check_reshape_fix },
  { "squeeze", one_input, maybe_axes, xmodel_check_squeeze },
  { "flatten", one_input, flatten, xmodel_check_flatten },
  { "transpose", one_input, transpose, xmodel_check_transpose },
  { "pad", one_input, pad, xmodel_check_pad },
  { "pad-fix", one_input, pad_fix, xmodel_check_pad },
  { "strided_slice", one_input, strided_slice, xmodel_check_strided_slice },
  { "priorbox", some_inputs, priorbox, xmodel_check_priorbox },
};
/* clang-format on */

/* libxir makes a definition for what it does not know, with these */
static const OperatorRule unknown_operator = { NULL, any_inputs, source,
  xmodel_check_custom };

static const OperatorRule *
find_operator_rule (const gchar *type)
{
  gsize i;

  for (i = 0; i < G_N_ELEMENTS (operator_rules); i++) {
    if (strcmp (operator_rules[i].type, type) == 0)
      return &operator_rules[i];
  }
  return &unknown_operator;
}

static gboolean
check_occurrence (const XmodelOp *op, const ArgumentRule *rule, GError **error)
{
  const XmodelArgument *argument = xmodel_op_get_argument (op, rule->name);
  guint n_ops = argument != NULL ? argument->n_ops : 0;

  if (n_ops == 0
      && (rule->occurrence == ONE || rule->occurrence == AT_LEAST_ONE))
    return xmodel_invalid (error, "operator \"%s\" of type %s has no \"%s\"",
        op->name, op->type, rule->name);
  if (n_ops > 1 && (rule->occurrence == ONE || rule->occurrence == AT_MOST_ONE))
    return xmodel_invalid (error,
        "operator \"%s\" of type %s has %u operators as \"%s\", it takes one",
        op->name, op->type, n_ops, rule->name);
  if (n_ops < 2 && rule->occurrence == AT_LEAST_TWO)
    return xmodel_invalid (error,
        "operator \"%s\" of type %s has %u operators as \"%s\", it takes at "
        "least two",
        op->name, op->type, n_ops, rule->name);
  return TRUE;
}

static gboolean
check_arguments (const XmodelOp *op, const ArgumentRule *rules, GError **error)
{
  const ArgumentRule *rule;
  guint i;

  for (i = 0; i < op->n_arguments; i++) {
    for (rule = rules; rule->name != NULL; rule++) {
      if (strcmp (rule->name, op->arguments[i].name) == 0)
        break;
    }
    if (rule->name == NULL)
      return xmodel_invalid (error,
          "operator \"%s\" of type %s has an argument \"%s\", which the type "
          "does not take",
          op->name, op->type, op->arguments[i].name);
  }
  for (rule = rules; rule->name != NULL; rule++) {
    if (!check_occurrence (op, rule, error))
      return FALSE;
  }
  return TRUE;
}

/*
 * xmodel_validate_operator:
 * @op: an operator with its arguments resolved and its tensor checked
 *
 * Returns: %FALSE with @error set when libxir could not make sense of it
 */
gboolean
xmodel_validate_operator (const XmodelOp *op, GError **error)
{
  static const XmodelAttributeRule device = { "device", VALUE (STRING_VALUE) };
  const OperatorRule *operator_rule = find_operator_rule (op->type);
  const XmodelAttributeRule *rule;

  if (*op->type == '\0')
    return xmodel_invalid (error, "operator \"%s\" has no type", op->name);
  if (!check_arguments (op, operator_rule->arguments, error)
      || !xmodel_check_attribute (
          op->attributes, &device, "operator", op->name, error))
    return FALSE;
  for (rule = operator_rule->attributes; rule->name != NULL; rule++) {
    if (!xmodel_check_attribute (
            op->attributes, rule, "operator", op->name, error))
      return FALSE;
  }
  return operator_rule->check == NULL || operator_rule->check (op, error);
}
