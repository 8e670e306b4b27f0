/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* The software DPU's VART face: a runner plug-in that any VART program can name
 * in the "lib" attribute. Blocking, as AMD's runner is. */

#include <glog/logging.h>
#include <vart/runner_ext.hpp>
#include <vart/tensor_buffer.hpp>
#include <xir/attrs/attrs.hpp>
#include <xir/graph/graph.hpp>
#include <xir/graph/subgraph.hpp>
#include <xir/op/op.hpp>
#include <xir/tensor/tensor.hpp>

#include <malloc.h>
#include <omp.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <memory>
#include <mutex>
#include <numeric>
#include <string>
#include <vector>

#include "error.h"
#include "swdpu.h"

namespace
{

/* one tensor of a context */
class ContextBuffer : public vart::TensorBuffer
{
public:
  ContextBuffer (const xir::Tensor *tensor, gint8 *memory, gsize size)
      : vart::TensorBuffer (tensor), memory_ (memory), size_ (size)
  {
  }

  std::pair<std::uint64_t, std::size_t>
  data (const std::vector<std::int32_t> index) override
  {
    auto shape = get_tensor ()->get_shape ();
    std::size_t offset = 0;

    for (std::size_t i = 0; i < shape.size (); i++)
      offset = offset * shape[i] + (i < index.size () ? index[i] : 0);
    if (offset >= size_)
      return { 0, 0 };
    return { reinterpret_cast<std::uint64_t> (memory_ + offset),
      size_ - offset };
  }

  gint8 *
  memory () const
  {
    return memory_;
  }
  gsize
  size () const
  {
    return size_;
  }

private:
  gint8 *memory_;
  gsize size_;
};

std::unique_ptr<xir::Tensor>
make_tensor (const SwdpuTensor &description)
{
  std::vector<std::int32_t> shape (
      description.dims, description.dims + description.n_dims);
  auto tensor = xir::Tensor::create (
      description.name, shape, xir::DataType{ xir::DataType::XINT, 8 });

  tensor->set_attr<int> ("fix_point", description.fix_point);
  tensor->set_attr<int> ("bit_width", 8);
  tensor->set_attr<bool> ("if_signed", true);
  tensor->set_attr<std::string> ("round_mode", "DPU_ROUND");
  return tensor;
}

/* tensors and their buffers on one side of the model */
struct Edge {
  std::vector<std::unique_ptr<xir::Tensor>> tensors;
  std::vector<std::unique_ptr<ContextBuffer>> buffers;

  void
  add (const SwdpuTensor &description, gint8 *memory)
  {
    tensors.push_back (make_tensor (description));
    buffers.push_back (std::make_unique<ContextBuffer> (
        tensors.back ().get (), memory, description.size));
  }

  std::vector<const xir::Tensor *>
  list_tensors () const
  {
    std::vector<const xir::Tensor *> list;

    for (auto &tensor : tensors)
      list.push_back (tensor.get ());
    return list;
  }

  std::vector<vart::TensorBuffer *>
  list_buffers () const
  {
    std::vector<vart::TensorBuffer *> list;

    for (auto &buffer : buffers)
      list.push_back (buffer.get ());
    return list;
  }

  /* the buffer of the same name, else the one in the same place */
  ContextBuffer *
  match (const vart::TensorBuffer *other, std::size_t index) const
  {
    for (std::size_t i = 0; i < tensors.size (); i++) {
      if (tensors[i]->get_name () == other->get_tensor ()->get_name ())
        return buffers[i].get ();
    }
    return buffers[index].get ();
  }
};

/* where the caller's own buffer lies, if it holds what ours does */
gint8 *
get_memory (vart::TensorBuffer *buffer, gsize size)
{
  std::vector<std::int32_t> origin (
      buffer->get_tensor ()->get_shape ().size (), 0);
  auto place = buffer->data (origin);

  if (buffer->get_tensor ()->get_data_type ().bit_width != 8
      || place.second < size)
    return nullptr;
  return reinterpret_cast<gint8 *> (place.first);
}

class Runner : public vart::RunnerExt
{
public:
  /* @outputs: their order */
  Runner (SwdpuProgram *program, SwdpuContext *context,
      const std::vector<guint> &outputs)
      : context_ (context)
  {
    for (guint i = 0; i < swdpu_program_get_n_inputs (program); i++)
      inputs_.add (swdpu_program_get_input (program, i),
          swdpu_context_get_input (context, i));
    for (guint i : outputs)
      outputs_.add (swdpu_program_get_output (program, i),
          swdpu_context_get_output (context, i));
  }

  ~Runner () override
  {
    swdpu_context_free (context_);
  }

  std::pair<std::uint32_t, int>
  execute_async (const std::vector<vart::TensorBuffer *> &in,
      const std::vector<vart::TensorBuffer *> &out) override
  {
    std::lock_guard<std::mutex> guard (lock_);

    if (in.size () != inputs_.buffers.size ()
        || out.size () != outputs_.buffers.size () || !copy_in (in) || !run ()
        || !copy_out (out))
      return { 0, -1 };
    return { 1, 0 };
  }

  /* every job is done when execute_async returns */
  int
  wait (int, int) override
  {
    return 0;
  }

  std::vector<const xir::Tensor *>
  get_input_tensors () override
  {
    return inputs_.list_tensors ();
  }

  std::vector<const xir::Tensor *>
  get_output_tensors () override
  {
    return outputs_.list_tensors ();
  }

  std::vector<vart::TensorBuffer *>
  get_inputs () override
  {
    return inputs_.list_buffers ();
  }

  std::vector<vart::TensorBuffer *>
  get_outputs () override
  {
    return outputs_.list_buffers ();
  }

private:
  bool
  copy_in (const std::vector<vart::TensorBuffer *> &in) const
  {
    for (std::size_t i = 0; i < in.size (); i++) {
      ContextBuffer *own = inputs_.match (in[i], i);
      gint8 *memory = get_memory (in[i], own->size ());

      if (memory == nullptr)
        return false;
      if (memory != own->memory ())
        std::memcpy (own->memory (), memory, own->size ());
    }
    return true;
  }

  bool
  copy_out (const std::vector<vart::TensorBuffer *> &out) const
  {
    for (std::size_t i = 0; i < out.size (); i++) {
      ContextBuffer *own = outputs_.match (out[i], i);
      gint8 *memory = get_memory (out[i], own->size ());

      if (memory == nullptr)
        return false;
      if (memory != own->memory ())
        std::memcpy (memory, own->memory (), own->size ());
    }
    return true;
  }

  bool
  run () const
  {
    g_autoptr (GError) error = nullptr;

    if (swdpu_context_run (context_, &error))
      return true;
    /* who stops it knows */
    if (!g_error_matches (error, SWDPU_ERROR, SWDPU_ERROR_CANCELLED))
      LOG (ERROR) << "software DPU: " << error->message;
    return false;
  }

  std::mutex lock_;
  SwdpuContext *context_;
  Edge inputs_;
  Edge outputs_;
};

void
free_string (gpointer string)
{
  delete static_cast<std::string *> (string);
}

/* Attributes of the graph that are not part of its file: the bytes of that file,
 * from those who have them and keep them, and the digest of the bytes. Who hands
 * over the bytes need not let libxir read them: an empty graph will do, whose root
 * has the name of the subgraph to run. */
const char *const model_attribute = "__swdpu_model";
const char *const digest_attribute = "__swdpu_digest";

/* what hosts that do not hand the file over have to wait for */
GBytes *
serialize (const xir::Graph *graph)
{
  auto model = std::make_unique<std::string> ();

  graph->serialize_to_string (model.get ());
  auto data = model->data ();
  auto size = model->size ();
  return g_bytes_new_with_free_func (data, size, free_string, model.release ());
}

/* the file the graph came from, which is what the software DPU reads */
GBytes *
get_model (const xir::Graph *graph)
{
  if (graph->has_attr (model_attribute)) {
    auto attribute = graph->get_attr (model_attribute);
    auto model = xir::stdx::any_cast<GBytes *> (&attribute);

    if (model != nullptr)
      return g_bytes_ref (*model);
  }
  return serialize (graph);
}

SwdpuProgram *
find_program (const xir::Graph *graph, const gchar *subgraph_name,
    const gchar *const *outputs, guint threads)
{
  if (!graph->has_attr (digest_attribute))
    return nullptr;
  return swdpu_program_find (
      graph->get_attr<std::string> (digest_attribute).c_str (), subgraph_name,
      outputs, threads);
}

SwdpuProgram *
build_program (const xir::Graph *graph, const gchar *subgraph_name,
    const gchar *const *outputs, guint threads, const gint *cancelled,
    GError **error)
{
  GBytes *model = get_model (graph);
  g_autofree gchar *digest = swdpu_model_digest (model);
  auto program = swdpu_program_get_unless (
      model, digest, subgraph_name, outputs, threads, cancelled, error);

  const_cast<xir::Graph *> (graph)->set_attr<std::string> (
      digest_attribute, digest);
  g_bytes_unref (model);
  /* glibc would keep the copies of the model that were made on the way */
  malloc_trim (0);
  return program;
}

/* an attribute of the runner: where somebody writes another number than 0 when it
 * is to stop, which lives as long as the runner */
const gint *
get_cancelled (const xir::Attrs *attrs)
{
  if (attrs == nullptr || !attrs->has_attr ("cancelled"))
    return nullptr;
  auto attribute = attrs->get_attr ("cancelled");
  auto cancelled = xir::stdx::any_cast<const gint *> (&attribute);
  return cancelled == nullptr ? nullptr : *cancelled;
}

SwdpuProgram *
get_program (
    const xir::Subgraph *subgraph, const xir::Attrs *attrs, GError **error)
{
  /* one at a time: copies of a large model take memory, and graphs no lock */
  static std::mutex lock;
  std::lock_guard<std::mutex> guard (lock);
  auto name = subgraph->get_name ();
  std::vector<std::string> names;
  std::vector<const gchar *> pointers;
  const gchar *const *outputs = nullptr;
  int threads = 0;

  if (attrs != nullptr && attrs->has_attr ("outputs"))
    names = attrs->get_attr<std::vector<std::string>> ("outputs");
  if (attrs != nullptr && attrs->has_attr ("cpu_threads"))
    threads = attrs->get_attr<int> ("cpu_threads");
  if (threads < 1)
    threads = omp_get_max_threads ();
  for (auto &output : names)
    pointers.push_back (output.c_str ());
  pointers.push_back (nullptr);
  if (!names.empty ())
    outputs = pointers.data ();

  auto program =
      find_program (subgraph->get_graph (), name.c_str (), outputs, threads);
  if (program == nullptr)
    program = build_program (subgraph->get_graph (), name.c_str (), outputs,
        threads, get_cancelled (attrs), error);
  return program;
}

/* The heads of the quantizer's graph come in libxir's order of the operators,
 * whether the file they were read from was handed over or has been written out
 * anew, which sorts them so. A compiled subgraph's have VART's order. An
 * empty graph says nothing of either. */
std::vector<guint>
order_outputs (const xir::Subgraph *subgraph, const xir::Attrs *attrs,
    const SwdpuProgram *program)
{
  const xir::Graph *graph = subgraph->get_graph ();
  std::vector<guint> order (swdpu_program_get_n_outputs (program));
  std::map<std::string, std::size_t> places;

  std::iota (order.begin (), order.end (), 0);
  if (subgraph != graph->get_root_subgraph () || graph->get_op_num () == 0
      || (attrs != nullptr && attrs->has_attr ("outputs")))
    return order;
  for (auto op : graph->topological_sort ())
    places.emplace (op->get_name (), places.size ());
  std::sort (order.begin (), order.end (), [&] (guint a, guint b) {
    return places[swdpu_program_get_output (program, a).name]
           < places[swdpu_program_get_output (program, b).name];
  });
  return order;
}

/* what went wrong is left in the attribute "error", for those who look */
Runner *
create (const xir::Subgraph *subgraph, xir::Attrs *attrs) noexcept
{
  g_autoptr (SwdpuProgram) program = nullptr;
  SwdpuContext *context = nullptr;
  g_autoptr (GError) error = nullptr;

  try {
    program = get_program (subgraph, attrs, &error);
    if (program != nullptr)
      context = swdpu_context_new (program, &error);
    if (context != nullptr) {
      swdpu_context_watch (context, get_cancelled (attrs));
      return new Runner (
          program, context, order_outputs (subgraph, attrs, program));
    }
    if (attrs != nullptr)
      attrs->set_attr<std::string> ("error", error->message);
    else
      LOG (ERROR) << "software DPU: " << error->message;
  } catch (...) {
    if (context != nullptr)
      swdpu_context_free (context);
    LOG (ERROR) << "software DPU: the runner's attributes are unusable";
  }
  return nullptr;
}

} // namespace

#define RUNNER_EXPORT extern "C" __attribute__ ((visibility ("default")))

RUNNER_EXPORT vart::Runner *create_runner (const xir::Subgraph *subgraph);
RUNNER_EXPORT vart::Runner *create_runner_with_attrs (
    const xir::Subgraph *subgraph, xir::Attrs *attrs);

vart::Runner *
create_runner (const xir::Subgraph *subgraph)
{
  return create (subgraph, nullptr);
}

vart::Runner *
create_runner_with_attrs (const xir::Subgraph *subgraph, xir::Attrs *attrs)
{
  return create (subgraph, attrs);
}
