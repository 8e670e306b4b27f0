/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* VART behind a C face. The file is read by the strict reader first: libxir
 * aborts or crashes on what that refuses. */

#include <UniLog/UniLog.hpp>
#include <vart/runner_ext.hpp>
#include <vart/tensor_buffer.hpp>
#include <xir/attrs/attrs.hpp>
#include <xir/graph/graph.hpp>
#include <xir/graph/subgraph.hpp>
#include <xir/tensor/tensor.hpp>

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "dpu.h"
#include "devices.h"
#include "subgraphs.h"

struct _DpuModel {
  gatomicrefcount ref_count;
  DpuDevice device;
  gchar *fallback_reason;
  gchar *runner_library;
  std::vector<std::string> output_names;
  std::unique_ptr<xir::Graph> graph;
  xir::Subgraph *subgraph;
  DpuTensor input;
  std::vector<DpuTensor> outputs;
  /* the runner that told the tensors, kept until there is another one: what
   * runners share need not be made twice */
  std::mutex probe_lock;
  std::unique_ptr<xir::Attrs> probe_attrs;
  std::unique_ptr<vart::Runner> probe;
};

/* members in the order of creation: the runner borrows the attributes */
struct _DpuRunner {
  DpuModel *model;
  std::unique_ptr<xir::Attrs> attrs;
  std::unique_ptr<vart::Runner> runner;
  std::vector<vart::TensorBuffer *> inputs;
  std::vector<vart::TensorBuffer *> outputs;
  gint8 *input;
  std::vector<const gint8 *> output_data;
};

GQuark
dpu_error_quark (void)
{
  return g_quark_from_static_string ("dpu-error-quark");
}

namespace
{

/* VART's checks throw instead of aborting, from here on */
void
tame_unilog ()
{
  static std::once_flag once;

  std::call_once (
      once, [] { UniLog::mapLogConfig[UNI_LOG_CHECK_FAKE_LAYER] = true; });
}

/* runs @function, and turns what it throws into an error that begins with
 * @what */
template <typename Function>
gboolean
guard (GError **error, DpuError code, const gchar *what, Function function)
{
  std::string reason = "unknown reason";

  try {
    return function ();
  } catch (const std::exception &exception) {
    reason = exception.what ();
  } catch (const ErrorCode &check) {
    reason = check.getErrID () + ": " + check.getErrDsp ();
  } catch (...) {
  }
  g_set_error (error, DPU_ERROR, code, "%s: %s", what, reason.c_str ());
  return FALSE;
}

gboolean
load_graph (DpuModel *self, const Xmodel *model, const DpuSubgraph *part,
    GError **error)
{
  return guard (error, DPU_ERROR_MODEL, "XIR does not accept the model",
      [&] () -> gboolean {
        gsize size;
        auto data = static_cast<const char *> (
            g_bytes_get_data (xmodel_get_bytes (model), &size));

        self->graph =
            xir::Graph::deserialize_from_string (std::string (data, size));
        self->subgraph = self->graph->get_root_subgraph ();
        if (!part->compiled) {
          /* what VART looks for in a subgraph it makes a runner of */
          self->subgraph->set_attr<std::string> ("device", "DPU");
          self->subgraph->set_attr<std::map<std::string, std::string>> (
              "runner", { { "run", self->runner_library } });
          return TRUE;
        }
        for (auto child : self->subgraph->get_children ()) {
          if (child->get_name () == part->subgraph->name)
            self->subgraph = child;
        }
        return TRUE;
      });
}

gboolean
create_runner (DpuRunner *self, guint cpu_threads, GError **error)
{
  DpuModel *model = self->model;

  return guard (
      error, DPU_ERROR_INIT, "VART cannot make a runner", [&] () -> gboolean {
        vart::RunnerExt *runner;

        self->attrs = xir::Attrs::create ();
        self->attrs->set_attr<std::string> ("mode", "run");
        self->attrs->set_attr<std::map<std::string, std::string>> (
            "lib", { { "DPU", model->runner_library } });
        self->attrs->set_attr<int> ("cpu_threads", cpu_threads);
        if (!model->output_names.empty ())
          self->attrs->set_attr<std::vector<std::string>> (
              "outputs", model->output_names);
        self->runner = vart::Runner::create_runner_with_attrs (
            model->subgraph, self->attrs.get ());
        if (self->runner == nullptr && self->attrs->has_attr ("error")) {
          g_set_error (error, DPU_ERROR, DPU_ERROR_MODEL,
              "The software DPU cannot run the model. %s",
              self->attrs->get_attr<std::string> ("error").c_str ());
          return FALSE;
        }
        runner = dynamic_cast<vart::RunnerExt *> (self->runner.get ());
        if (runner == nullptr) {
          g_set_error (error, DPU_ERROR, DPU_ERROR_INIT,
              "The runner in %s does not give its own buffers; a libvart 2.5 "
              "runner is needed",
              model->runner_library);
          return FALSE;
        }
        self->inputs = runner->get_inputs ();
        self->outputs = runner->get_outputs ();
        return TRUE;
      });
}

/* a full index: the views of device memory read all of it */
gint8 *
get_memory (vart::TensorBuffer *buffer, gsize size)
{
  std::vector<std::int32_t> origin (
      buffer->get_tensor ()->get_shape ().size (), 0);
  auto place = buffer->data (origin);

  return place.second < size ? nullptr
                             : reinterpret_cast<gint8 *> (place.first);
}

gboolean
map_buffers (DpuRunner *self, GError **error)
{
  return guard (
      error, DPU_ERROR_INIT, "VART's buffers are unusable", [&] () -> gboolean {
        DpuModel *model = self->model;

        if (self->inputs.size () == 1
            && self->outputs.size () == model->outputs.size ()) {
          self->input = get_memory (self->inputs[0], model->input.size);
          for (gsize i = 0; i < self->outputs.size (); i++)
            self->output_data.push_back (
                get_memory (self->outputs[i], model->outputs[i].size));
        }
        for (auto data : self->output_data) {
          if (data == nullptr)
            self->input = nullptr;
        }
        if (self->input == nullptr)
          g_set_error (error, DPU_ERROR, DPU_ERROR_INIT,
              "VART's buffers are smaller than the model's tensors");
        return self->input != nullptr;
      });
}

/* @kind: "input" or "output", for the message */
gboolean
describe_tensor (const vart::TensorBuffer *buffer, const gchar *kind,
    DpuTensor *tensor, GError **error)
{
  auto description = buffer->get_tensor ();
  auto shape = description->get_shape ();

  if (shape.empty () || shape.size () > 4 || shape[0] != 1
      || description->get_data_type ().bit_width != 8) {
    g_autoptr (GString) text = g_string_new (nullptr);

    for (auto size : shape)
      g_string_append_printf (text, "%s%d", text->len > 0 ? "x" : "", size);
    g_set_error (error, DPU_ERROR, DPU_ERROR_MODEL,
        "The model's %s \"%s\" is %s with %d bits, it must be batch 1 x height "
        "x width x channels with 8",
        kind, description->get_name ().c_str (), text->str,
        description->get_data_type ().bit_width);
    return FALSE;
  }
  /* a flat result is one pixel */
  shape.insert (shape.begin () + 1, 4 - shape.size (), 1);
  tensor->name = g_strdup (description->get_name ().c_str ());
  tensor->height = shape[1];
  tensor->width = shape[2];
  tensor->channels = shape[3];
  tensor->fix_point = description->get_attr<int> ("fix_point");
  tensor->size = (gsize) shape[1] * shape[2] * shape[3];
  return TRUE;
}

/* fills the model's tensors from a runner; runners of one model are alike */
gboolean
describe_model (DpuModel *self, const DpuRunner *runner, GError **error)
{
  return guard (error, DPU_ERROR_MODEL, "The model's tensors are unusable",
      [&] () -> gboolean {
        if (runner->inputs.size () != 1) {
          g_set_error (error, DPU_ERROR, DPU_ERROR_MODEL,
              "The model has %u inputs, YOLOv5 has one",
              (guint) runner->inputs.size ());
          return FALSE;
        }
        if (!describe_tensor (runner->inputs[0], "input", &self->input, error))
          return FALSE;
        for (auto buffer : runner->outputs) {
          DpuTensor tensor = {};

          if (!describe_tensor (buffer, "output", &tensor, error))
            return FALSE;
          self->outputs.push_back (tensor);
        }
        return TRUE;
      });
}

gboolean
probe_model (DpuModel *self, GError **error)
{
  DpuRunner *runner = new DpuRunner ();
  gboolean probed;

  runner->model = dpu_model_ref (self);
  probed =
      create_runner (runner, 1, error) && describe_model (self, runner, error);
  self->probe_attrs = std::move (runner->attrs);
  self->probe = std::move (runner->runner);
  dpu_runner_free (runner);
  return probed;
}

void
drop_probe (DpuModel *self)
{
  std::lock_guard<std::mutex> guard (self->probe_lock);

  self->probe.reset ();
  self->probe_attrs.reset ();
}

DpuError
code_of_read_error (const GError *error)
{
  return g_error_matches (error, XMODEL_ERROR, XMODEL_ERROR_NOT_FOUND)
             ? DPU_ERROR_NOT_FOUND
             : DPU_ERROR_MODEL;
}

} // namespace

/**
 * dpu_model_open:
 * @path: an .xmodel file
 * @device: what is to run it
 *
 * Reads and checks the file, chooses the device and lets VART make a first
 * runner, to learn the tensors. Takes part of a second; any thread may call it.
 *
 * Returns: (transfer full) (nullable): the model, or %NULL with a %DPU_ERROR
 */
DpuModel *
dpu_model_open (const gchar *path, DpuDevice device, GError **error)
{
  return dpu_model_open_outputs (path, device, nullptr, error);
}

/**
 * dpu_model_open_outputs:
 * @outputs: (nullable) (array zero-terminated=1): operators whose results are
 *   wanted instead of the model's own; the software DPU can, a DPU cannot
 *
 * Opens a model as dpu_model_open() does, to look inside.
 */
DpuModel *
dpu_model_open_outputs (const gchar *path, DpuDevice device,
    const gchar *const *outputs, GError **error)
{
  g_autoptr (GError) read_error = nullptr;
  g_autoptr (Xmodel) file = xmodel_load (path, &read_error);
  DpuSubgraph part = {};
  DpuModel *self;

  if (file == nullptr) {
    g_set_error_literal (
        error, DPU_ERROR, code_of_read_error (read_error), read_error->message);
    return nullptr;
  }
  if (!dpu_subgraph_find (file, &part, error)) {
    g_prefix_error (error, "%s: ", path);
    return nullptr;
  }

  tame_unilog ();
  self = new DpuModel ();
  g_atomic_ref_count_init (&self->ref_count);
  for (; outputs != nullptr && *outputs != nullptr; outputs++)
    self->output_names.push_back (*outputs);
  if (!dpu_device_choose (
          device, part.compiled, &self->device, &self->fallback_reason, error)
      || (self->runner_library = dpu_device_find_runner (self->device, error))
             == nullptr
      || !load_graph (self, file, &part, error) || !probe_model (self, error)) {
    g_prefix_error (error, "%s: ", path);
    g_clear_pointer (&self, dpu_model_unref);
  }
  return self;
}

DpuModel *
dpu_model_ref (DpuModel *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

void
dpu_model_unref (DpuModel *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  g_free (self->input.name);
  for (auto &tensor : self->outputs)
    g_free (tensor.name);
  g_free (self->fallback_reason);
  g_free (self->runner_library);
  delete self;
}

/**
 * dpu_model_get_device:
 *
 * Returns: what runs it: never %DPU_DEVICE_AUTO
 */
DpuDevice
dpu_model_get_device (const DpuModel *self)
{
  return self->device;
}

/**
 * dpu_model_get_fallback_reason:
 *
 * Returns: (nullable): a sentence why %DPU_DEVICE_AUTO became the software DPU,
 *   %NULL when it did not
 */
const gchar *
dpu_model_get_fallback_reason (const DpuModel *self)
{
  return self->fallback_reason;
}

const DpuTensor *
dpu_model_get_input (const DpuModel *self)
{
  return &self->input;
}

guint
dpu_model_get_n_outputs (const DpuModel *self)
{
  return self->outputs.size ();
}

const DpuTensor *
dpu_model_get_output (const DpuModel *self, guint index)
{
  return &self->outputs[index];
}

/**
 * dpu_runner_new:
 * @model: (transfer none):
 * @cpu_threads: threads of the software DPU, 0 for as many as there are CPUs;
 *   a DPU ignores it
 *
 * Returns: (transfer full) (nullable): a runner with buffers of its own, for one
 *   thread at a time
 */
DpuRunner *
dpu_runner_new (DpuModel *model, guint cpu_threads, GError **error)
{
  DpuRunner *self = new DpuRunner ();

  self->model = dpu_model_ref (model);
  if (!create_runner (self, cpu_threads, error) || !map_buffers (self, error)) {
    dpu_runner_free (self);
    return nullptr;
  }
  drop_probe (model);
  return self;
}

void
dpu_runner_free (DpuRunner *self)
{
  DpuModel *model = self->model;

  guard (nullptr, DPU_ERROR_FAILED, "VART cannot end a runner",
      [&] () -> gboolean {
        delete self;
        return TRUE;
      });
  dpu_model_unref (model);
}

/**
 * dpu_runner_get_input:
 *
 * Returns: (transfer none): the runner's own memory for the input of a frame,
 *   laid out as dpu_model_get_input() says. What it holds stays between runs.
 */
gint8 *
dpu_runner_get_input (DpuRunner *self)
{
  return self->input;
}

/**
 * dpu_runner_get_output:
 *
 * Returns: (transfer none): output @index, laid out as dpu_model_get_output()
 *   says; the next run overwrites it
 */
const gint8 *
dpu_runner_get_output (DpuRunner *self, guint index)
{
  return self->output_data[index];
}

/**
 * dpu_runner_execute:
 *
 * Runs the model on the runner's input and waits for its outputs.
 */
gboolean
dpu_runner_execute (DpuRunner *self, GError **error)
{
  return guard (error, DPU_ERROR_FAILED, "VART failed to run the model",
      [&] () -> gboolean {
        std::pair<std::uint32_t, int> job;

        for (auto buffer : self->inputs)
          buffer->sync_for_write (0, self->model->input.size);
        job = self->runner->execute_async (self->inputs, self->outputs);
        if (job.second == 0)
          job.second = self->runner->wait ((int) job.first, -1);
        if (job.second != 0) {
          g_set_error (error, DPU_ERROR, DPU_ERROR_FAILED,
              "The runner in %s failed with status %d",
              self->model->runner_library, job.second);
          return FALSE;
        }
        for (gsize i = 0; i < self->outputs.size (); i++)
          self->outputs[i]->sync_for_read (0, self->model->outputs[i].size);
        return TRUE;
      });
}
