/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include <glog/logging.h>

#include <algorithm>
#include <cstdlib>
#include <mutex>

#include "fatal.h"

namespace google
{
/* not in a header; newer versions may not have it any more */
extern void (*g_logging_fail_func) () __attribute__ ((weak));
} // namespace google

namespace
{

/* what glog takes; the name that it has for it is newer than 0.4 */
typedef void (*FailureFunction) () __attribute__ ((noreturn));

const DpuFatalHandler *installed;
void (*previous) ();

/* glog's least level is the process's: the last who wants it quiet puts it back */
std::mutex quiet_lock;
guint n_quiet;
int level_before;
thread_local bool is_quiet;

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
      installed->note (message, size);
  }
};

[[noreturn]] void
end_thread_or_process ()
{
  dpu_warnings_show ();
  installed->leave ();
  if (previous != nullptr)
    previous ();
  std::abort ();
}

} // namespace

/**
 * dpu_fatal_install:
 * @handler: for the life of the process; the first one given stays
 *
 * Makes glog ask @handler before it ends the process. Any thread may call this,
 * any number of times.
 */
void
dpu_fatal_install (const DpuFatalHandler *handler)
{
  static std::once_flag once;

  std::call_once (once, [handler] {
    installed = handler;
    /* glog keeps both for the life of the process */
    google::AddLogSink (new FaultSink);
    if (&google::g_logging_fail_func != nullptr)
      previous = google::g_logging_fail_func;
    google::InstallFailureFunction (
        reinterpret_cast<FailureFunction> (end_thread_or_process));
  });
}

/**
 * dpu_warnings_hide:
 *
 * Keeps what is less than an error from stderr until this thread calls
 * dpu_warnings_show(): the user has not asked for it and can do nothing about it.
 * Errors and fatal faults come through.
 */
void
dpu_warnings_hide (void)
{
  std::lock_guard<std::mutex> lock (quiet_lock);

  if (is_quiet)
    return;
  is_quiet = true;
  if (n_quiet++ == 0) {
    level_before = FLAGS_minloglevel;
    FLAGS_minloglevel =
        std::max (level_before, static_cast<int> (google::GLOG_ERROR));
  }
}

void
dpu_warnings_show (void)
{
  std::lock_guard<std::mutex> lock (quiet_lock);

  if (!is_quiet)
    return;
  is_quiet = false;
  if (--n_quiet == 0)
    FLAGS_minloglevel = level_before;
}
