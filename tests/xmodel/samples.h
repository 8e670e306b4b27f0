/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Small models for tests, and the hands to change them with. */

#pragma once

#include <glib.h>

#include "xmodel.pb-c.h"

G_BEGIN_DECLS

XmodelFile__Graph *xmodel_sample_load (const gchar *path);
XmodelFile__Graph *xmodel_sample_new (const gchar *name);
XmodelFile__Graph *xmodel_sample_new_compiled (void);
void xmodel_sample_seed_compiled (XmodelFile__Graph *graph, guint8 seed);
XmodelFile__Graph *xmodel_sample_new_operators (void);
XmodelFile__Graph *xmodel_sample_new_detector (guint32 seed, gboolean shared);
void xmodel_sample_strip_definitions (XmodelFile__Graph *graph);
GBytes *xmodel_sample_pack (const XmodelFile__Graph *graph);
void xmodel_sample_free (XmodelFile__Graph *graph);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (XmodelFile__Graph, xmodel_sample_free)

XmodelFile__Op *xmodel_sample_find_op (
    XmodelFile__Graph *graph, const gchar *type, guint index);
XmodelFile__Op *xmodel_sample_add_op (XmodelFile__Graph *graph,
    const gchar *name, const gchar *type, const guint32 *dims, guint n_dims);
void xmodel_sample_add_input (
    XmodelFile__Op *op, const gchar *argument, const gchar *input);
void xmodel_sample_remove_input (XmodelFile__Op *op, const gchar *argument);

/* each makes the attribute when it is not there, and gives it that type */
typedef struct {
  size_t *n_entries;
  XmodelFile__AttributeEntry ***entries;
} XmodelSampleAttributes;

#define XMODEL_SAMPLE_ATTRIBUTES(holder)                                       \
  ((XmodelSampleAttributes){ &(holder)->n_attributes, &(holder)->attributes })

XmodelFile__Attribute *xmodel_sample_get_attribute (
    XmodelSampleAttributes attributes, const gchar *name);
void xmodel_sample_remove_attribute (
    XmodelSampleAttributes attributes, const gchar *name);
void xmodel_sample_set_bool (
    XmodelSampleAttributes attributes, const gchar *name, gboolean value);
void xmodel_sample_set_int (
    XmodelSampleAttributes attributes, const gchar *name, gint value);
void xmodel_sample_set_uint64 (
    XmodelSampleAttributes attributes, const gchar *name, guint64 value);
void xmodel_sample_set_float (
    XmodelSampleAttributes attributes, const gchar *name, gfloat value);
void xmodel_sample_set_string (
    XmodelSampleAttributes attributes, const gchar *name, const gchar *value);
void xmodel_sample_set_bytes (XmodelSampleAttributes attributes,
    const gchar *name, const guint8 *data, gsize size);
void xmodel_sample_set_ints (XmodelSampleAttributes attributes,
    const gchar *name, const gint32 *values, gsize n_values);
void xmodel_sample_set_floats (XmodelSampleAttributes attributes,
    const gchar *name, const gfloat *values, gsize n_values);
void xmodel_sample_map_int (XmodelSampleAttributes attributes,
    const gchar *name, const gchar *key, gint value);
void xmodel_sample_map_string (XmodelSampleAttributes attributes,
    const gchar *name, const gchar *key, const gchar *value);
void xmodel_sample_map_bytes (XmodelSampleAttributes attributes,
    const gchar *name, const gchar *key, const guint8 *data, gsize size);

/* as the compiler writes them */
XmodelFile__Op *xmodel_sample_add_source (XmodelFile__Graph *graph,
    const gchar *name, const gchar *type, const guint32 *dims, guint n_dims);
XmodelFile__Op *xmodel_sample_add_fix2float (XmodelFile__Graph *graph,
    const gchar *name, const gchar *input, const guint32 *dims, gint fix_point);
void xmodel_sample_place_tensor (
    XmodelFile__Op *op, gint fix_point, gint register_id, gint address);
void xmodel_sample_describe_dpu (XmodelFile__Subgraph *dpu,
    const guint8 *parameters, gsize n_parameters, gint workspace_size,
    gint input_size, gint output_size);

XmodelFile__Subgraph *xmodel_sample_add_subgraph (
    XmodelFile__Subgraph *parent, const gchar *name);
void xmodel_sample_subgraph_add_op (
    XmodelFile__Subgraph *subgraph, const gchar *op);

G_END_DECLS
