/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include <glog/logging.h>

#include <cstdlib>
#include <mutex>

#include "fatal.h"
#include "guard.h"

namespace google
{
/* not in a header; newer versions may not have it any more */
extern void (*g_logging_fail_func) () __attribute__ ((weak));
} // namespace google

namespace
{

void (*previous) ();

/* glog tells its sinks the text before it calls the failure function */
class FaultSink : public google::LogSink
{
public:
  using google::LogSink::send;

  void
  send (google::LogSeverity severity, const char *, const char *, int,
      const std::tm *, const char *message, std::size_t size) override
  {
    if (severity == google::GLOG_FATAL)
      dpu_guard_note_fault (message, size);
  }
};

[[noreturn]] void
end_thread_or_process ()
{
  dpu_guard_park ();
  if (previous != nullptr)
    previous ();
  std::abort ();
}

} // namespace

/**
 * dpu_fatal_install:
 *
 * Makes fatal faults on guards' threads park them. Those on other threads end
 * the process as they did before. Any thread may call this, any number of
 * times.
 */
void
dpu_fatal_install (void)
{
  static std::once_flag once;

  std::call_once (once, [] {
    /* glog keeps both for the life of the process */
    google::AddLogSink (new FaultSink);
    if (&google::g_logging_fail_func != nullptr)
      previous = google::g_logging_fail_func;
    google::InstallFailureFunction (
        reinterpret_cast<google::logging_fail_func_t> (end_thread_or_process));
  });
}
