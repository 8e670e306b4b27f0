/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* What there is to know about a model before a pipeline uses it. */

#pragma once

#include <dpu/dpu.h>
#include <xmodel/xmodel.h>
#include <yolov5/yolov5.h>

G_BEGIN_DECLS

/**
 * InspectKind:
 * @INSPECT_KIND_UNREADABLE: there is no such file, or it cannot be read
 * @INSPECT_KIND_UNSOUND: not an xmodel, or one that no program should open
 * @INSPECT_KIND_FLOAT: an xmodel that was not quantized
 * @INSPECT_KIND_QUANTIZED: output of the quantizer
 * @INSPECT_KIND_COMPILED: output of the compiler
 */
typedef enum {
  INSPECT_KIND_UNREADABLE,
  INSPECT_KIND_UNSOUND,
  INSPECT_KIND_FLOAT,
  INSPECT_KIND_QUANTIZED,
  INSPECT_KIND_COMPILED,
} InspectKind;

typedef enum {
  INSPECT_VERDICT_CANNOT_RUN,
  INSPECT_VERDICT_SOFTWARE_ONLY,
  INSPECT_VERDICT_DPU,
} InspectVerdict;

/**
 * InspectTensor:
 * @has_fix_point: %FALSE for floats, which nothing has quantized
 * @size: bytes of it in the DPU's memory
 *
 * Names and dimensions belong to the model.
 */
typedef struct {
  const gchar *name;
  const guint32 *dims;
  guint n_dims;
  gboolean has_fix_point;
  gint fix_point;
  guint64 size;
} InspectTensor;

/**
 * InspectRegister:
 * @name: "REG_0" and so on
 * @use: (nullable): what the compiler calls its content
 */
typedef struct {
  gchar *name;
  const gchar *use;
  gint size;
} InspectRegister;

/**
 * InspectSubgraph:
 * @device: "DPU", "CPU" or "USER"
 * @inputs: (element-type InspectTensor): what it reads of other subgraphs
 * @outputs: (element-type InspectTensor): what others read of it
 * @registers: (element-type InspectRegister): memory of a DPU subgraph
 */
typedef struct {
  const gchar *name;
  const gchar *device;
  guint n_ops;
  GArray *inputs;
  GArray *outputs;
  GArray *registers;
} InspectSubgraph;

/**
 * InspectCpuOps:
 * @type: of the operators
 * @names: (element-type utf8): of all of them
 * @needed: whether results on the DPU or of the model depend on them
 * @why: why they are not on the DPU, a part of a sentence
 * @advice: (nullable): what to do about it
 *
 * Operators that are alike and not on the DPU, or will not be once the model is
 * compiled.
 */
typedef struct {
  const gchar *type;
  GPtrArray *names;
  gboolean needed;
  const gchar *why;
  const gchar *advice;
} InspectCpuOps;

/**
 * InspectTarget:
 * @fingerprint: of the DPU the model is compiled for, 0 if the file has none
 * @name: (nullable): of that DPU
 * @release: (nullable): the versions of Vitis AI whose bitstreams have it
 */
typedef struct {
  guint64 fingerprint;
  gchar *name;
  const gchar *release;
} InspectTarget;

/**
 * InspectReport:
 * @model: (nullable): what the pointers in here belong to
 * @compiler: (nullable): like "xcompiler 2.5.0"
 * @libraries: (element-type utf8): what the compiler was made of
 * @inputs: (element-type InspectTensor): of the part the DPU runs
 * @outputs: (element-type InspectTensor): of the part the DPU runs
 * @multiply_adds: of all layers, for one picture
 * @parameter_size: bytes of weights and biases
 * @yolov5: (nullable): what the heads mean
 * @info_path: (nullable): the .modelinfo beside the model
 * @reasons: (element-type utf8): sentences why it cannot run, or not on a DPU
 * @hints: (element-type utf8): sentences on what to do
 */
typedef struct {
  gchar *path;
  InspectKind kind;
  guint64 file_size;
  Xmodel *model;
  gchar *compiler;
  GPtrArray *libraries;
  InspectTarget target;
  GPtrArray *subgraphs;
  GPtrArray *cpu_ops;
  GArray *inputs;
  GArray *outputs;
  guint64 multiply_adds;
  guint64 parameter_size;
  Yolov5Model *yolov5;
  gchar *info_path;
  gboolean has_own_anchors;
  gboolean has_own_labels;
  InspectVerdict verdict;
  GPtrArray *reasons;
  GPtrArray *hints;
} InspectReport;

InspectReport *inspect_report_new (const gchar *path);
void inspect_report_free (InspectReport *self);

gboolean inspect_report_has_labels (const InspectReport *self);
const gchar *inspect_report_describe_kind (const InspectReport *self);
gchar *inspect_report_describe_verdict (const InspectReport *self);
guint64 inspect_tensors_get_size (const GArray *tensors);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (InspectReport, inspect_report_free)

G_END_DECLS
