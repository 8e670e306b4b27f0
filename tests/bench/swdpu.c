/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* bench-swdpu MODEL...: milliseconds per frame of the software DPU with 1 and 2
 * threads, where they go, and what two contexts on two threads give over one.
 * Of a compiled model, which has several parts, the first that is for a DPU.
 *
 * With FRAMES in its environment, it runs that many frames of each on one thread and
 * prints the least CPU time of them: for what counts instructions. */

#include <swdpu/swdpu.h>
#include <xmodel/xmodel.h>

#include <stdlib.h>
#include <time.h>

#define N_FRAMES 15
#define N_WARM_UP 2

static int
compare_times (const void *a, const void *b)
{
  gint64 x = *(const gint64 *) a;
  gint64 y = *(const gint64 *) b;

  return (x > y) - (x < y);
}

static gint64
get_median (gint64 *times, guint n)
{
  qsort (times, n, sizeof (*times), compare_times);
  return times[n / 2];
}

/* the model itself as the quantizer wrote it, or the part that is for a DPU */
static const gchar *
find_subgraph (const Xmodel *model)
{
  const XmodelSubgraph *root = xmodel_get_root (model);

  for (guint i = 0; i < root->n_children; i++)
    if (xmodel_subgraph_is_on (root->children[i], "DPU"))
      return root->children[i]->name;
  return root->name;
}

static SwdpuContext *
new_context (GBytes *model, guint threads)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (Xmodel) parsed = xmodel_parse (model, &error);
  g_autoptr (SwdpuProgram) program = NULL;
  SwdpuContext *context = NULL;
  gint8 *input;
  gsize size;

  if (parsed != NULL)
    program = swdpu_program_get (
        model, find_subgraph (parsed), NULL, threads, &error);
  if (program != NULL)
    context = swdpu_context_new (program, &error);
  if (context == NULL) {
    g_printerr ("%s\n", error->message);
    exit (1);
  }
  /* the values do not matter for the time, zeros everywhere might */
  input = swdpu_context_get_input (context, 0);
  size = swdpu_program_get_input (program, 0).size;
  for (gsize i = 0; i < size; i++)
    input[i] = i * 2654435761u >> 25;
  return context;
}

static void
run (SwdpuContext *context)
{
  g_autoptr (GError) error = NULL;

  if (!swdpu_context_run (context, &error)) {
    g_printerr ("%s\n", error->message);
    exit (1);
  }
}

/* the median, in microseconds */
static gint64
time_frame (SwdpuContext *context)
{
  gint64 times[N_FRAMES];

  for (guint i = 0; i < N_WARM_UP; i++)
    run (context);
  for (guint i = 0; i < N_FRAMES; i++) {
    times[i] = g_get_monotonic_time ();
    run (context);
    times[i] = g_get_monotonic_time () - times[i];
  }
  return get_median (times, N_FRAMES);
}

/* the least CPU time of a frame, in milliseconds */
static gdouble
time_frames (SwdpuContext *context, guint n)
{
  gdouble least = G_MAXDOUBLE;

  for (guint i = 0; i < n; i++) {
    struct timespec before, after;

    clock_gettime (CLOCK_THREAD_CPUTIME_ID, &before);
    run (context);
    clock_gettime (CLOCK_THREAD_CPUTIME_ID, &after);
    least = MIN (least, (after.tv_sec - before.tv_sec) * 1e3
                            + (after.tv_nsec - before.tv_nsec) / 1e6);
  }
  return least;
}

static gpointer
run_frames (gpointer context)
{
  for (guint i = 0; i < N_FRAMES; i++)
    run (context);
  return NULL;
}

/* frames per second of two contexts of one thread each, at the same time */
static gdouble
rate_two_contexts (GBytes *model)
{
  SwdpuContext *contexts[2] = { new_context (model, 1),
    new_context (model, 1) };
  GThread *threads[2];
  gint64 begin, duration;

  run (contexts[0]);
  run (contexts[1]);
  begin = g_get_monotonic_time ();
  for (guint i = 0; i < 2; i++)
    threads[i] = g_thread_new ("frames", run_frames, contexts[i]);
  for (guint i = 0; i < 2; i++)
    g_thread_join (threads[i]);
  duration = g_get_monotonic_time () - begin;
  for (guint i = 0; i < 2; i++)
    swdpu_context_free (contexts[i]);
  return 2e6 * N_FRAMES / duration;
}

static void
measure (const gchar *path)
{
  g_autofree gchar *name = g_path_get_basename (path);
  g_autofree gchar *parts = NULL;
  g_autoptr (SwdpuContext) one = NULL, two = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) model = NULL;
  const gchar *frames = g_getenv ("FRAMES");
  gint64 time_one, time_two;
  gdouble rate;
  gchar *data;
  gsize size;

  if (!g_file_get_contents (path, &data, &size, &error)) {
    g_printerr ("%s\n", error->message);
    exit (1);
  }
  model = g_bytes_new_take (data, size);
  one = new_context (model, 1);
  if (frames != NULL) {
    gdouble time = time_frames (one, atoi (frames));

    parts = swdpu_context_describe_times (one);
    g_print ("%s: %.2f ms\n%s", name, time, parts);
    return;
  }
  two = new_context (model, 2);
  time_one = time_frame (one);
  time_two = time_frame (two);
  rate = rate_two_contexts (model);
  parts = swdpu_context_describe_times (one);

  g_print ("%s\n", name);
  g_print ("1 thread              %7.1f ms %6.2f frames/s\n", time_one / 1000.0,
      1e6 / time_one);
  g_print ("2 threads             %7.1f ms %6.2f frames/s\n", time_two / 1000.0,
      1e6 / time_two);
  g_print ("2 contexts, 1 thread each        %6.2f frames/s, %.2f times one\n",
      rate, rate * time_one / 1e6);
  g_print ("of a frame on 1 thread:\n%s\n", parts);
}

int
main (int argc, char **argv)
{
  if (argc < 2) {
    g_printerr ("Usage: %s MODEL...\n", argv[0]);
    return 2;
  }
  for (int i = 1; i < argc; i++)
    measure (argv[i]);
  return 0;
}
