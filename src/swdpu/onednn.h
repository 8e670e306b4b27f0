/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* What versions 2 and 3 of oneDNN's API do not have in common, in one form. */

#pragma once

#include <glib.h>
#include <oneapi/dnnl/dnnl.h>

G_BEGIN_DECLS

/* a memory descriptor, which version 2 lets us see and version 3 does not */
#if DNNL_VERSION_MAJOR >= 3
typedef struct dnnl_memory_desc SwdpuLayout;
#else
typedef dnnl_memory_desc_t SwdpuLayout;
#endif

/* Version 2 computes (accumulator + bias) * scale, before the activation;
 * version 3 accumulator * scale + bias. */
#define SWDPU_BIAS_IS_SCALED (DNNL_VERSION_MAJOR < 3)

/* index of the argument that holds the scale of swdpu_attributes_set_scale() */
#if DNNL_VERSION_MAJOR >= 3
#define SWDPU_ARG_SCALE (DNNL_ARG_ATTR_SCALES | DNNL_ARG_SRC)
#else
#define SWDPU_ARG_SCALE DNNL_ARG_ATTR_OUTPUT_SCALES
#endif

SwdpuLayout *swdpu_layout_new (guint n_dims, const dnnl_dims_t sizes,
    dnnl_data_type_t type, dnnl_format_tag_t order);
void swdpu_layout_free (SwdpuLayout *self);

gboolean swdpu_attributes_set_scale (dnnl_primitive_attr_t attributes,
    dnnl_engine_t engine, gfloat scale, dnnl_memory_t *argument);
gboolean swdpu_operations_append (dnnl_post_ops_t operations,
    dnnl_alg_kind_t kind, gfloat alpha, gfloat beta);
gboolean swdpu_describe_convolution (dnnl_primitive_desc_t *descriptor,
    dnnl_engine_t engine, const SwdpuLayout *source, const SwdpuLayout *weights,
    const SwdpuLayout *bias, const SwdpuLayout *destination,
    const dnnl_dims_t strides, const dnnl_dims_t dilations,
    const dnnl_dims_t before, const dnnl_dims_t after,
    dnnl_primitive_attr_t attributes);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SwdpuLayout, swdpu_layout_free)

G_END_DECLS
