/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* The device's face to VART: what libvart-dpu-controller and
 * libvart-buffer-object have for boards. Its faults are fatal as theirs are. */

#include <glog/logging.h>
#include <xir/buffer_object.hpp>
#include <xir/dpu_controller.hpp>

#include <chrono>
#include <condition_variable>
#include <cstring>
#include <fstream>
#include <map>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "executor.h"
#include "fakedpu.h"

#define EXPORT extern "C" __attribute__ ((visibility ("default")))

EXPORT unsigned int xclProbe (void);

namespace
{

using Clock = std::chrono::steady_clock;

const char *const fault_names[] = { "none", "hang", "hang-of-first-core",
  "timeout", "missing-core", "allocation", "open", "open-hang", "probe",
  "probe-hang" };

class Buffer;

/* the one device of the process, which outlives all that VART makes of it */
struct Device {
  std::mutex lock;
  std::condition_variable changed;
  unsigned n_devices = 1;
  unsigned n_cores = 1;
  std::uint64_t fingerprint = FAKEDPU_FINGERPRINT;
  std::chrono::milliseconds pace{ 0 };
  bool repeat = false;
  std::string record;
  FakedpuFault fault = FAKEDPU_FAULT_NONE;
  bool had_fault = false;
  std::vector<Executor *> executors;
  /* by the address of their memory on the device */
  std::map<std::uint64_t, Buffer *> buffers;
  std::map<std::size_t, unsigned> n_runs;
  unsigned n_all_runs = 0;
  unsigned n_hangs = 0;
  /* a core executes one run at a time */
  std::map<std::size_t, std::mutex> cores;

  Device ()
  {
    auto text = g_getenv ("FAKEDPU_FAULT");
    auto path = g_getenv ("FAKEDPU_RECORD");

    n_cores = read_number ("FAKEDPU_CORES", n_cores);
    fingerprint = read_number ("FAKEDPU_FINGERPRINT", fingerprint);
    pace = std::chrono::milliseconds (read_number ("FAKEDPU_PACE", 0));
    repeat = g_getenv ("FAKEDPU_REPEAT") != nullptr;
    if (path != nullptr)
      record = path;
    for (unsigned i = 0; text != nullptr && i < G_N_ELEMENTS (fault_names); i++)
      if (g_str_equal (text, fault_names[i]))
        fault = static_cast<FakedpuFault> (i);
  }

  static std::uint64_t
  read_number (const char *variable, std::uint64_t value)
  {
    auto text = g_getenv (variable);

    return text == nullptr ? value : g_ascii_strtoull (text, nullptr, 0);
  }

  void
  add_model (const char *path)
  {
    g_autoptr (GError) error = nullptr;
    Executor *executor = executor_new (path, repeat, &error);

    if (executor == nullptr)
      g_error ("fakedpu: %s: %s", path, error->message);
    std::lock_guard<std::mutex> guard (lock);
    executors.push_back (executor);
  }

  /* not before the device is opened: VART counts devices while libraries are
   * still being initialised, oneDNN among them */
  void
  load_models ()
  {
    auto models = g_getenv ("FAKEDPU_MODELS");
    static std::once_flag once;

    if (models == nullptr)
      return;
    std::call_once (once, [=] {
      g_auto (GStrv) paths = g_strsplit (models, ":", 0);

      for (gchar **path = paths; *path != nullptr; path++)
        add_model (*path);
    });
  }

  ExecutorRegister locate (std::uint64_t address);
  void evict (const ExecutorRegister &memory);
};

Device &
device ()
{
  static auto self = new Device;

  return *self;
}

/* what the host writes is not what the device reads until it is synchronised,
 * nor the other way */
class Buffer : public xir::BufferObject
{
public:
  Buffer (std::size_t &size, std::size_t &, const std::string &)
      : host_ (size), memory_ (size)
  {
    std::unique_lock<std::mutex> guard (device ().lock);

    if (device ().fault == FAKEDPU_FAULT_ALLOCATION) {
      guard.unlock ();
      LOG (FATAL) << "Check failed: bo allocation failure: size " << size;
    }
    device ().buffers[phy (0)] = this;
  }

  ~Buffer () override
  {
    std::lock_guard<std::mutex> guard (device ().lock);

    device ().buffers.erase (phy (0));
  }

  std::size_t
  size () override
  {
    return host_.size ();
  }

  void *
  data_w () override
  {
    return host_.data ();
  }

  const void *
  data_r () const override
  {
    return host_.data ();
  }

  std::uint64_t
  phy (std::size_t offset) override
  {
    return reinterpret_cast<std::uint64_t> (memory_.data ()) + offset;
  }

  void
  sync_for_read (std::uint64_t offset, std::size_t size) override
  {
    check (offset, size);
    std::memcpy (host_.data () + offset, memory_.data () + offset, size);
  }

  void
  sync_for_write (std::uint64_t offset, std::size_t size) override
  {
    check (offset, size);
    std::memcpy (memory_.data () + offset, host_.data () + offset, size);
  }

  /* a cache may drop what it has not changed, and read what the device wrote */
  void
  evict (std::size_t offset, std::size_t size)
  {
    sync_for_read (offset, size);
  }

  void
  copy_from_host (
      const void *source, std::size_t size, std::size_t offset) override
  {
    check (offset, size);
    std::memcpy (host_.data () + offset, source, size);
    sync_for_write (offset, size);
  }

  void
  copy_to_host (void *target, std::size_t size, std::size_t offset) override
  {
    sync_for_read (offset, size);
    std::memcpy (target, host_.data () + offset, size);
  }

private:
  void
  check (std::size_t offset, std::size_t size) const
  {
    CHECK (offset <= host_.size () && size <= host_.size () - offset)
        << "beyond the buffer's " << host_.size () << " bytes";
  }

  std::vector<gint8> host_;
  std::vector<gint8> memory_;
};

/* with lock: the device's memory from @address to the end of its buffer */
ExecutorRegister
Device::locate (std::uint64_t address)
{
  auto after = buffers.upper_bound (address);

  if (after == buffers.begin ())
    return { nullptr, 0 };
  auto [start, buffer] = *std::prev (after);
  if (address - start >= buffer->size ())
    return { nullptr, 0 };
  return { reinterpret_cast<gint8 *> (address),
    buffer->size () - (address - start) };
}

/* with lock */
void
Device::evict (const ExecutorRegister &memory)
{
  auto address = reinterpret_cast<std::uint64_t> (memory.memory);
  auto [start, buffer] = *std::prev (buffers.upper_bound (address));

  buffer->evict (address - start, memory.size);
}

class Controller : public xir::DpuController
{
public:
  static std::shared_ptr<xir::DpuController>
  create ()
  {
    device ().load_models ();
    std::unique_lock<std::mutex> guard (device ().lock);

    if (device ().fault == FAKEDPU_FAULT_OPEN) {
      guard.unlock ();
      LOG (FATAL) << "Check failed: r == 0 cannot open context! cu_index 0";
    }
    device ().n_hangs += device ().fault == FAKEDPU_FAULT_OPEN_HANG;
    device ().changed.notify_all ();
    device ().changed.wait (
        guard, [] { return device ().fault != FAKEDPU_FAULT_OPEN_HANG; });
    return std::make_shared<Controller> ();
  }

  std::size_t
  get_num_of_dpus () const override
  {
    std::lock_guard<std::mutex> guard (device ().lock);

    return device ().n_cores;
  }

  std::size_t
  get_device_id (std::size_t) const override
  {
    return 0;
  }

  std::size_t
  get_core_id (std::size_t core) const override
  {
    return core;
  }

  std::uint64_t
  get_fingerprint (std::size_t) const override
  {
    std::lock_guard<std::mutex> guard (device ().lock);

    return device ().fingerprint;
  }

  void
  run (std::size_t core, std::uint64_t code,
      const std::vector<std::uint64_t> &values) override
  {
    ExecutorRegister registers[EXECUTOR_N_REGISTERS] = {};
    g_autoptr (GError) error = nullptr;
    Executor *executor;
    std::mutex *core_lock;

    {
      std::lock_guard<std::mutex> guard (device ().lock);

      core_lock = &device ().cores[core];
    }
    std::lock_guard<std::mutex> core_guard (*core_lock);
    auto end = Clock::now () + device ().pace;
    begin (core);
    {
      std::lock_guard<std::mutex> guard (device ().lock);

      for (std::size_t i = 0; i < EXECUTOR_N_REGISTERS; i++)
        registers[i] = device ().locate (values.at (i));
      executor = find_executor (device ().locate (code));
    }
    CHECK (executor != nullptr) << "no model that the fake DPU knows";
    CHECK (executor_run (executor, registers, &error)) << error->message;
    auto overwritten = executor_get_overwritten (executor, registers);
    if (overwritten.size > 0) {
      std::lock_guard<std::mutex> guard (device ().lock);

      device ().evict (overwritten);
    }
    std::this_thread::sleep_until (end);
  }

private:
  /* with lock */
  static Executor *
  find_executor (const ExecutorRegister &code)
  {
    for (auto executor : device ().executors)
      if (executor_has_code (executor, &code))
        return executor;
    return nullptr;
  }

  /* with lock */
  static bool
  hangs (std::size_t core)
  {
    return device ().fault == FAKEDPU_FAULT_HANG
           || (device ().fault == FAKEDPU_FAULT_HANG_OF_FIRST_CORE
               && core == 0);
  }

  static void
  begin (std::size_t core)
  {
    std::unique_lock<std::mutex> guard (device ().lock);

    if (device ().n_runs[core]++ == 0 && !device ().record.empty ())
      std::ofstream (device ().record, std::ios::app) << core << std::endl;
    device ().n_all_runs++;
    device ().n_hangs += hangs (core);
    device ().changed.notify_all ();
    device ().changed.wait (guard, [core] { return !hangs (core); });
    auto fault = device ().fault;
    bool missing =
        fault == FAKEDPU_FAULT_MISSING_CORE && core + 1 == device ().n_cores;
    /* fatal faults are no reason to keep the device's lock for good */
    guard.unlock ();
    LOG_IF (FATAL, fault == FAKEDPU_FAULT_TIMEOUT)
        << "dpu timeout! core_idx = " << core;
    LOG_IF (FATAL, missing) << "cannot find the handle of the core " << core;
  }
};

/* the first by name is the one that VART takes */
__attribute__ ((constructor)) void
take_the_place_of_hardware ()
{
  xir::DpuController::registar ("00_fakedpu", Controller::create);
  vitis::ai::WithInjection<xir::BufferObject>::the_factory_method<std::size_t &,
      std::size_t &, const std::string &> =
      [] (std::size_t &size, std::size_t &id,
          const std::string &name) -> std::unique_ptr<xir::BufferObject> {
    return std::make_unique<Buffer> (size, id, name);
  };
}

template <typename Change>
void
change_device (Change change)
{
  std::lock_guard<std::mutex> guard (device ().lock);

  change ();
  device ().changed.notify_all ();
}

} // namespace

/* in place of XRT's: the number of devices on the machine */
unsigned int
xclProbe (void)
{
  std::unique_lock<std::mutex> guard (device ().lock);

  device ().changed.wait (
      guard, [] { return device ().fault != FAKEDPU_FAULT_PROBE_HANG; });
  if (device ().fault == FAKEDPU_FAULT_PROBE)
    throw std::runtime_error ("there is no /dev/dri/by-path");
  return device ().n_devices;
}

EXPORT void
fakedpu_add_model (const gchar *path)
{
  device ().add_model (path);
}

EXPORT void
fakedpu_set_n_devices (guint n_devices)
{
  change_device ([=] { device ().n_devices = n_devices; });
}

EXPORT void
fakedpu_set_n_cores (guint n_cores)
{
  change_device ([=] { device ().n_cores = n_cores; });
}

EXPORT void
fakedpu_set_fingerprint (guint64 fingerprint)
{
  change_device ([=] { device ().fingerprint = fingerprint; });
}

EXPORT void
fakedpu_set_fault (FakedpuFault fault)
{
  change_device ([=] {
    device ().fault = fault;
    device ().had_fault |= fault != FAKEDPU_FAULT_NONE;
  });
}

EXPORT gboolean
fakedpu_had_fault (void)
{
  std::lock_guard<std::mutex> guard (device ().lock);

  return device ().had_fault;
}

EXPORT guint
fakedpu_get_n_runs (guint core)
{
  std::lock_guard<std::mutex> guard (device ().lock);

  return device ().n_runs[core];
}

EXPORT void
fakedpu_wait_runs (guint n_runs)
{
  std::unique_lock<std::mutex> guard (device ().lock);

  device ().changed.wait (
      guard, [=] { return device ().n_all_runs >= n_runs; });
}

EXPORT void
fakedpu_hang (void)
{
  std::unique_lock<std::mutex> guard (device ().lock);
  unsigned n_hangs = device ().n_hangs;

  device ().fault = FAKEDPU_FAULT_HANG;
  device ().had_fault = true;
  device ().changed.wait (guard, [=] { return device ().n_hangs > n_hangs; });
}

EXPORT void
fakedpu_wait_hang (void)
{
  std::unique_lock<std::mutex> guard (device ().lock);

  device ().changed.wait (guard, [] { return device ().n_hangs > 0; });
}

EXPORT guint
fakedpu_get_n_buffers (void)
{
  std::lock_guard<std::mutex> guard (device ().lock);

  return device ().buffers.size ();
}

EXPORT void
fakedpu_fail (void)
{
  LOG (FATAL) << "a fault that is none of the DPU's";
}

EXPORT void
fakedpu_set_failure_function (void (*function) (void))
{
  google::InstallFailureFunction (
      reinterpret_cast<google::logging_fail_func_t> (function));
}
