/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* bench-load MODEL...: milliseconds until the software DPU has opened a model and
 * made a runner of it, the most memory that took, and a frame for comparison.
 * Each model once: the second time parts of it are there already. With
 * G_MESSAGES_DEBUG=all the trials of convolutions have a line of their own. */

#include <dpu/dpu.h>

#include <stdlib.h>
#include <sys/resource.h>

static gint64
print_since (gint64 before, const gchar *what)
{
  gint64 now = g_get_monotonic_time ();

  g_print ("%-24s %8.1f ms\n", what, (now - before) / 1000.0);
  return now;
}

static void
measure (const gchar *path, guint threads)
{
  g_autoptr (GError) error = NULL;
  gint64 time = g_get_monotonic_time ();
  g_autoptr (DpuModel) model = dpu_model_open (path, DPU_DEVICE_CPU, &error);
  g_autoptr (DpuRunner) runner = NULL;
  struct rusage usage;

  g_print ("%s\n", path);
  if (model != NULL) {
    time = print_since (time, "open");
    runner = dpu_runner_new (model, threads, &error);
  }
  if (runner != NULL) {
    time = print_since (time, "runner");
    if (dpu_runner_execute (runner, &error))
      print_since (time, "first frame");
  }
  if (error != NULL) {
    print_since (time, "error");
    g_print ("%s\n", error->message);
  }
  getrusage (RUSAGE_SELF, &usage);
  g_print ("%-24s %8.1f ms\n", "all of it on the CPUs",
      usage.ru_utime.tv_sec * 1000.0 + usage.ru_utime.tv_usec / 1000.0);
  g_print ("%-24s %8.1f MB\n", "most memory", usage.ru_maxrss / 1024.0);
}

int
main (int argc, char **argv)
{
  for (int i = 1; i < argc; i++)
    measure (argv[i], 2);
  return 0;
}
