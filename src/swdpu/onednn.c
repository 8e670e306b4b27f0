/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "onednn.h"

/**
 * swdpu_layout_new:
 * @sizes: (array length=n_dims):
 *
 * Returns: (transfer full) (nullable): %NULL when oneDNN has no such layout
 */
SwdpuLayout *
swdpu_layout_new (guint n_dims, const dnnl_dims_t sizes, dnnl_data_type_t type,
    dnnl_format_tag_t order)
{
  g_autoptr (SwdpuLayout) self = NULL;

#if DNNL_VERSION_MAJOR >= 3
  if (dnnl_memory_desc_create_with_tag (&self, n_dims, sizes, type, order)
      != dnnl_success)
    return NULL;
#else
  self = g_new0 (SwdpuLayout, 1);
  if (dnnl_memory_desc_init_by_tag (self, n_dims, sizes, type, order)
      != dnnl_success)
    return NULL;
#endif
  return g_steal_pointer (&self);
}

void
swdpu_layout_free (SwdpuLayout *self)
{
#if DNNL_VERSION_MAJOR >= 3
  dnnl_memory_desc_destroy (self);
#else
  g_free (self);
#endif
}

/**
 * swdpu_attributes_set_scale:
 * @scale: factor between the accumulators and the result
 * @argument: (out) (transfer full) (nullable): what each run must get as
 *   %SWDPU_ARG_SCALE, if anything
 */
gboolean
swdpu_attributes_set_scale (dnnl_primitive_attr_t attributes,
    dnnl_engine_t engine, gfloat scale, dnnl_memory_t *argument)
{
#if DNNL_VERSION_MAJOR >= 3
  const dnnl_dims_t one = { 1 };
  g_autoptr (SwdpuLayout) layout = swdpu_layout_new (1, one, dnnl_f32, dnnl_x);
  gpointer value;

  if (layout == NULL
      || dnnl_primitive_attr_set_scales_mask (attributes, DNNL_ARG_SRC, 0)
             != dnnl_success
      || dnnl_memory_create (argument, layout, engine, DNNL_MEMORY_ALLOCATE)
             != dnnl_success
      || dnnl_memory_get_data_handle (*argument, &value) != dnnl_success)
    return FALSE;
  *(gfloat *) value = scale;
  return TRUE;
#else
  *argument = NULL;
  return dnnl_primitive_attr_set_output_scales (attributes, 1, 0, &scale)
         == dnnl_success;
#endif
}

/* an elementwise operation on the scaled result */
gboolean
swdpu_operations_append (
    dnnl_post_ops_t operations, dnnl_alg_kind_t kind, gfloat alpha, gfloat beta)
{
#if DNNL_VERSION_MAJOR >= 3
  return dnnl_post_ops_append_eltwise (operations, kind, alpha, beta)
         == dnnl_success;
#else
  return dnnl_post_ops_append_eltwise (operations, 1.0f, kind, alpha, beta)
         == dnnl_success;
#endif
}

/**
 * swdpu_describe_convolution:
 * @descriptor: (out) (transfer full):
 * @bias: (nullable):
 * @before: padding above and to the left
 * @after: padding below and to the right
 *
 * Returns: %FALSE when oneDNN does not know this convolution
 */
gboolean
swdpu_describe_convolution (dnnl_primitive_desc_t *descriptor,
    dnnl_engine_t engine, const SwdpuLayout *source, const SwdpuLayout *weights,
    const SwdpuLayout *bias, const SwdpuLayout *destination,
    const dnnl_dims_t strides, const dnnl_dims_t dilations,
    const dnnl_dims_t before, const dnnl_dims_t after,
    dnnl_primitive_attr_t attributes)
{
#if DNNL_VERSION_MAJOR >= 3
  return dnnl_convolution_forward_primitive_desc_create (descriptor, engine,
             dnnl_forward_inference, dnnl_convolution_direct, source, weights,
             bias, destination, strides, dilations, before, after, attributes)
         == dnnl_success;
#else
  dnnl_convolution_desc_t convolution;

  return dnnl_dilated_convolution_forward_desc_init (&convolution,
             dnnl_forward_inference, dnnl_convolution_direct, source, weights,
             bias, destination, strides, dilations, before, after)
             == dnnl_success
         && dnnl_primitive_desc_create (
                descriptor, &convolution, attributes, engine, NULL)
                == dnnl_success;
#endif
}
