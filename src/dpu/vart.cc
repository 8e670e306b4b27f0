/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

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

#include "exceptions.h"
#include "fatal.h"
#include "libraries.h"
#include "vart.h"

/* members in the order of creation: the graph points to the model */
struct _VartGraph {
  std::string runner_library;
  std::unique_ptr<GBytes, decltype (&g_bytes_unref)> model{ nullptr,
    g_bytes_unref };
  std::unique_ptr<xir::Graph> graph;
  xir::Subgraph *subgraph;
};

/* members in the order of creation: the runner borrows the attributes */
struct _VartRunner {
  const VartGraph *graph;
  std::unique_ptr<xir::Attrs> attrs;
  std::unique_ptr<vart::Runner> runner;
  std::vector<vart::TensorBuffer *> inputs;
  std::vector<vart::TensorBuffer *> outputs;
  gint8 *input;
  gsize input_size;
  std::vector<const gint8 *> output_data;
  std::vector<gsize> output_sizes;
};

namespace
{

/* Where the software DPU looks for the file that a graph is of, a GBytes that
 * lives as long. Attributes with such names are in no file. */
const char *const model_attribute = "__swdpu_model";

/* runs @function, and turns what it throws into an error that begins with
 * @what */
template <typename Function>
gboolean
attempt (GError **error, DpuError code, const gchar *what, Function function)
{
  try {
    return function ();
  } catch (...) {
    g_set_error (error, DPU_ERROR, code, "%s: %s", what,
        dpu_describe_exception ().c_str ());
    return FALSE;
  }
}

/* libxir warns of each kind of operator that it does not know, which the reader
 * and the verdict have dealt with */
std::unique_ptr<xir::Graph>
deserialize (const char *data, gsize size)
{
  struct Quiet {
    Quiet ()
    {
      dpu_warnings_hide ();
    }
    ~Quiet ()
    {
      dpu_warnings_show ();
    }
  } quiet;

  return xir::Graph::deserialize_from_string (std::string (data, size));
}

gboolean
load_graph (VartGraph *self, GBytes *model, const gchar *subgraph)
{
  gsize size;
  auto data = static_cast<const char *> (g_bytes_get_data (model, &size));

  self->graph = deserialize (data, size);
  self->subgraph = self->graph->get_root_subgraph ();
  for (auto child : self->subgraph->get_children ()) {
    if (child->get_name () == subgraph)
      self->subgraph = child;
  }
  return TRUE;
}

gboolean
make_stand_in (VartGraph *self, GBytes *model, const gchar *subgraph)
{
  self->model.reset (g_bytes_ref (model));
  self->graph = xir::Graph::create (subgraph);
  self->graph->set_attr<GBytes *> (model_attribute, model);
  self->subgraph = self->graph->get_root_subgraph ();
  self->subgraph->set_name (subgraph);
  /* what VART looks for in a subgraph it makes a runner of */
  self->subgraph->set_attr<std::string> ("device", "DPU");
  self->subgraph->set_attr<std::map<std::string, std::string>> (
      "runner", { { "run", self->runner_library } });
  return TRUE;
}

/* @fill: what makes its graph */
template <typename Function>
VartGraph *
make_graph (const gchar *runner_library, GError **error, Function fill)
{
  VartGraph *self = new VartGraph ();

  vart_tame_checks ();
  self->runner_library = runner_library;
  if (!attempt (error, DPU_ERROR_MODEL, "XIR does not accept the model",
          [&] { return fill (self); })) {
    vart_graph_free (self);
    return nullptr;
  }
  return self;
}

/* each runner has attributes of its own: VART notes in them the core that it
 * chose, and would choose no other for a second runner */
void
set_attributes (VartRunner *self, const gchar *const *outputs,
    guint cpu_threads, const gint *cancelled)
{
  std::vector<std::string> names;

  for (; outputs != nullptr && *outputs != nullptr; outputs++)
    names.push_back (*outputs);
  self->attrs = xir::Attrs::create ();
  self->attrs->set_attr<std::string> ("mode", "run");
  self->attrs->set_attr<std::map<std::string, std::string>> (
      "lib", { { "DPU", self->graph->runner_library } });
  self->attrs->set_attr<int> ("cpu_threads", cpu_threads);
  self->attrs->set_attr<const gint *> ("cancelled", cancelled);
  if (!names.empty ())
    self->attrs->set_attr<std::vector<std::string>> ("outputs", names);
}

gboolean
create_runner (VartRunner *self, GError **error)
{
  vart::RunnerExt *runner;

  self->runner = vart::Runner::create_runner_with_attrs (
      self->graph->subgraph, self->attrs.get ());
  if (self->runner == nullptr && self->attrs->has_attr ("error")) {
    g_set_error (error, DPU_ERROR, DPU_ERROR_MODEL,
        "The software DPU cannot run the model. %s",
        self->attrs->get_attr<std::string> ("error").c_str ());
    return FALSE;
  }
  runner = dynamic_cast<vart::RunnerExt *> (self->runner.get ());
  if (runner == nullptr) {
    g_set_error (error, DPU_ERROR, DPU_ERROR_INIT,
        "The runner in %s does not give its own buffers; a runner of VART "
        "2.5 to 3.5 is needed",
        self->graph->runner_library.c_str ());
    return FALSE;
  }
  self->inputs = runner->get_inputs ();
  self->outputs = runner->get_outputs ();
  return TRUE;
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

} // namespace

/**
 * vart_tame_checks:
 *
 * Makes those of VART's checks that can throw do so instead of ending the
 * process, from here on. Any thread may call this, any number of times.
 *
 * VART 3 is left as it is: when told to throw, it also ends the process where a
 * check succeeds, for want of a name for one of its errors.
 */
void
vart_tame_checks (void)
{
  static std::once_flag once;

  std::call_once (once, [] {
    if (dpu_libraries_get_version () == 2)
      UniLog::mapLogConfig[UNI_LOG_CHECK_FAKE_LAYER] = true;
  });
}

/**
 * vart_graph_new:
 * @model: an xmodel that the strict reader accepted: libxir aborts or crashes
 *   on what that refuses
 * @subgraph: which of the subgraphs runners are for
 * @runner_library: of the runners
 */
VartGraph *
vart_graph_new (GBytes *model, const gchar *subgraph,
    const gchar *runner_library, GError **error)
{
  return make_graph (runner_library, error,
      [&] (VartGraph *self) { return load_graph (self, model, subgraph); });
}

/**
 * vart_graph_new_stand_in:
 * @model: an xmodel
 * @subgraph: which of the subgraphs runners are for, or the root of a model that
 *   has none
 * @runner_library: the software DPU
 *
 * An empty graph, which only leads to the model: the software DPU reads the file
 * itself, and libxir takes a good part of the time until the first frame to do so,
 * too.
 */
VartGraph *
vart_graph_new_stand_in (GBytes *model, const gchar *subgraph,
    const gchar *runner_library, GError **error)
{
  return make_graph (runner_library, error,
      [&] (VartGraph *self) { return make_stand_in (self, model, subgraph); });
}

void
vart_graph_free (VartGraph *self)
{
  attempt (nullptr, DPU_ERROR_FAILED, "", [&] () -> gboolean {
    delete self;
    return TRUE;
  });
}

/**
 * vart_runner_new:
 * @graph: which must outlive the runner
 * @outputs: (nullable) (array zero-terminated=1): operators whose results are
 *   wanted instead of the model's own
 * @cpu_threads: of the software DPU
 * @cancelled: what the software DPU looks at between its steps, to stop when it is
 *   not 0; outlives the runner
 */
VartRunner *
vart_runner_new (VartGraph *graph, const gchar *const *outputs,
    guint cpu_threads, const gint *cancelled, GError **error)
{
  VartRunner *self = new VartRunner ();

  self->graph = graph;
  if (!attempt (error, DPU_ERROR_INIT, "VART cannot make a runner", [&] {
        set_attributes (self, outputs, cpu_threads, cancelled);
        return create_runner (self, error);
      })) {
    vart_runner_free (self);
    return nullptr;
  }
  return self;
}

void
vart_runner_free (VartRunner *self)
{
  attempt (nullptr, DPU_ERROR_FAILED, "", [&] () -> gboolean {
    delete self;
    return TRUE;
  });
}

/**
 * vart_runner_describe:
 * @input: (out caller-allocates):
 * @outputs: (element-type DpuTensor): appended to
 *
 * Runners of one model are alike.
 */
gboolean
vart_runner_describe (
    const VartRunner *self, DpuTensor *input, GArray *outputs, GError **error)
{
  return attempt (error, DPU_ERROR_MODEL, "The model's tensors are unusable",
      [&] () -> gboolean {
        if (self->inputs.size () != 1) {
          g_set_error (error, DPU_ERROR, DPU_ERROR_MODEL,
              "The model has %u inputs, YOLOv5 has one",
              (guint) self->inputs.size ());
          return FALSE;
        }
        if (!describe_tensor (self->inputs[0], "input", input, error))
          return FALSE;
        for (auto buffer : self->outputs) {
          DpuTensor tensor = {};

          if (!describe_tensor (buffer, "output", &tensor, error))
            return FALSE;
          g_array_append_val (outputs, tensor);
        }
        return TRUE;
      });
}

/**
 * vart_runner_map:
 * @input: what it reads
 * @outputs: (element-type DpuTensor): what it writes
 *
 * Finds the runner's own memory, which is the device's: nothing is copied.
 */
gboolean
vart_runner_map (VartRunner *self, const DpuTensor *input,
    const GArray *outputs, GError **error)
{
  return attempt (
      error, DPU_ERROR_INIT, "VART's buffers are unusable", [&] () -> gboolean {
        bool complete =
            self->inputs.size () == 1 && self->outputs.size () == outputs->len;

        if (complete) {
          self->input_size = input->size;
          self->input = get_memory (self->inputs[0], input->size);
          complete = self->input != nullptr;
        }
        for (guint i = 0; complete && i < outputs->len; i++) {
          gsize size = g_array_index (outputs, DpuTensor, i).size;

          self->output_sizes.push_back (size);
          self->output_data.push_back (get_memory (self->outputs[i], size));
          complete = self->output_data[i] != nullptr;
        }
        if (!complete)
          g_set_error (error, DPU_ERROR, DPU_ERROR_INIT,
              "VART's buffers are smaller than the model's tensors");
        return complete;
      });
}

gint8 *
vart_runner_get_input (VartRunner *self)
{
  return self->input;
}

const gint8 *
vart_runner_get_output (VartRunner *self, guint index)
{
  return self->output_data[index];
}

/**
 * vart_runner_execute:
 * @self: a mapped one
 *
 * Device memory is cached: what was written is not there before the first of
 * the two kinds of sync, nor are results here before the second.
 */
gboolean
vart_runner_execute (VartRunner *self, GError **error)
{
  return attempt (error, DPU_ERROR_FAILED, "VART failed to run the model",
      [&] () -> gboolean {
        std::pair<std::uint32_t, int> job;

        self->inputs[0]->sync_for_write (0, self->input_size);
        job = self->runner->execute_async (self->inputs, self->outputs);
        if (job.second == 0)
          job.second = self->runner->wait ((int) job.first, -1);
        if (job.second != 0) {
          g_set_error (error, DPU_ERROR, DPU_ERROR_FAILED,
              "The runner in %s failed with status %d",
              self->graph->runner_library.c_str (), job.second);
          return FALSE;
        }
        for (gsize i = 0; i < self->outputs.size (); i++)
          self->outputs[i]->sync_for_read (0, self->output_sizes[i]);
        return TRUE;
      });
}
