/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* yolov5dpu-detect: shows what is in pictures, videos and cameras. */

#include "export.h"
#include "model.h"
#include "run.h"
#include "summary.h"

#include <glib-unix.h>

#include <locale.h>
#include <signal.h>
#include <unistd.h>

#define DEFAULT_MODEL "everyday"
#define PROGRESS_INTERVAL_MS 500

enum {
  EXIT_ALL_WELL = 0,
  EXIT_SOME_FAILED = 1,
  EXIT_USAGE = 2,
};

#define SUMMARY                                                                \
  "Finds objects in pictures, folders, videos, cameras (/dev/videoN) and "     \
  "URIs, and\nwrites annotated pictures and videos."
#define DESCRIPTION                                                             \
  "Examples:\n"                                                                 \
  "  yolov5dpu-detect photo.jpg                  writes detections/photo.jpg\n" \
  "  yolov5dpu-detect --track -o out.mp4 clip.mp4\n"                            \
  "  yolov5dpu-detect --no-save --csv=found.csv photos/\n"                      \
  "  yolov5dpu-detect --show /dev/video0\n\n"                                   \
  "Ctrl-C ends a video or camera, and its file is playable.\n"                  \
  "Exits with 0 when all went well, 1 when a source or result failed, 2 when "  \
  "the\narguments are wrong. See yolov5dpu-detect(1)."

typedef struct {
  DetectSettings settings;
  DetectExportNames exports;
  gchar *model;
  gchar *output;
  gchar *device;
  gboolean saves_nothing;
  gboolean quiet;
  gboolean version;
} Options;

/**
 * Program:
 * @n_done: sources that have been looked at, or could not be
 * @print: where lines for people go
 * @start: microseconds, and @source_start of the current source
 * @is_stopped: the user wants nothing more, not even what is half done
 * @failed: something did not work
 */
typedef struct {
  Options options;
  GPtrArray *sources;
  guint n_done;
  guint n_succeeded;
  DetectRun *run;
  DetectExport *exports;
  DetectSummary *summary;
  GPrintFunc print;
  gboolean is_interactive;
  gint64 start;
  gint64 source_start;
  gboolean is_stopped;
  gboolean failed;
} Program;

static void
options_clear (Options *self)
{
  g_free (self->settings.model);
  g_free (self->device);
  g_free (self->settings.classes);
  g_free (self->settings.zones);
  g_free (self->exports.json);
  g_free (self->exports.csv);
  g_free (self->exports.coco);
  g_free (self->exports.yolo);
  g_free (self->model);
  g_free (self->output);
}

static void
program_clear (Program *self)
{
  g_clear_pointer (&self->exports, detect_export_free);
  g_clear_pointer (&self->run, detect_run_free);
  g_clear_pointer (&self->summary, detect_summary_free);
  g_clear_pointer (&self->sources, g_ptr_array_unref);
  options_clear (&self->options);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Program, program_clear)

static gboolean
is_output_to_terminal (const gchar *name)
{
  return g_strcmp0 (name, "-") == 0;
}

/* what is wrong with the arguments, or %NULL */
static const gchar *
check_options (const Options *self, gint argc)
{
  const DetectSettings *settings = &self->settings;
  const DetectExportNames *exports = &self->exports;
  guint n_to_terminal = is_output_to_terminal (exports->json)
                        + is_output_to_terminal (exports->csv)
                        + is_output_to_terminal (exports->coco);

  if (self->version)
    return NULL;
  if (argc < 2)
    return "A picture, folder, video, camera or URI is needed";
  if (settings->threshold != -1
      && !(settings->threshold >= 0 && settings->threshold <= 1))
    return "--threshold takes 0 to 1";
  if (self->device != NULL && !g_str_equal (self->device, "auto")
      && !g_str_equal (self->device, "dpu")
      && !g_str_equal (self->device, "cpu"))
    return "--device takes auto, dpu or cpu";
  if (self->output != NULL && self->saves_nothing)
    return "--output and --no-save exclude each other";
  if (n_to_terminal > 1)
    return "Only one result can go to standard output";
  return NULL;
}

static gboolean
parse_options (Options *self, gint *argc, gchar ***argv)
{
  DetectSettings *settings = &self->settings;
  DetectExportNames *exports = &self->exports;
  const GOptionEntry entries[] = {
    { "model", 'm', 0, G_OPTION_ARG_FILENAME, &self->model,
        "An .xmodel file or the name of an installed model (default: "
        "" DEFAULT_MODEL ")",
        "NAME|FILE" },
    { "output", 'o', 0, G_OPTION_ARG_FILENAME, &self->output,
        "A .jpg, .png or .mp4 to write, or a folder (default: detections)",
        "FILE|FOLDER" },
    { "no-save", 0, 0, G_OPTION_ARG_NONE, &self->saves_nothing,
        "Write no annotated pictures and videos", NULL },
    { "show", 's', 0, G_OPTION_ARG_NONE, &settings->shows,
        "Show them in a window", NULL },
    { "track", 't', 0, G_OPTION_ARG_NONE, &settings->tracks,
        "Give the objects of a video ids, and count each once", NULL },
    { "zones", 'z', 0, G_OPTION_ARG_FILENAME, &settings->zones,
        "Count who crosses the lines and is in the zones of FILE; tracks, too",
        "FILE" },
    { "threshold", 0, 0, G_OPTION_ARG_DOUBLE, &settings->threshold,
        "Least confidence, 0 to 1 (default: the model's own)", "NUMBER" },
    { "classes", 0, 0, G_OPTION_ARG_STRING, &settings->classes,
        "What to look for, such as person,car (default: all)", "LIST" },
    { "device", 0, 0, G_OPTION_ARG_STRING, &self->device,
        "auto, dpu, or cpu for the software DPU (default: auto)", "DEVICE" },
    { "json", 0, 0, G_OPTION_ARG_FILENAME, &exports->json,
        "Write a line of JSON for each frame (- for standard output)", "FILE" },
    { "csv", 0, 0, G_OPTION_ARG_FILENAME, &exports->csv,
        "Write a line of comma separated values for each object", "FILE" },
    { "coco", 0, 0, G_OPTION_ARG_FILENAME, &exports->coco,
        "Write a data set in COCO's form", "FILE" },
    { "yolo", 0, 0, G_OPTION_ARG_FILENAME, &exports->yolo,
        "Write a label file in YOLO's form for each frame", "FOLDER" },
    { "quiet", 'q', 0, G_OPTION_ARG_NONE, &self->quiet,
        "Print errors and warnings only", NULL },
    { "version", 0, 0, G_OPTION_ARG_NONE, &self->version, "Print the version",
        NULL },
    { NULL },
  };
  g_autoptr (GOptionContext) context = g_option_context_new ("SOURCE...");
  g_autoptr (GError) error = NULL;
  const gchar *mistake;

  settings->threshold = -1;
  g_option_context_set_summary (context, SUMMARY);
  g_option_context_set_description (context, DESCRIPTION);
  g_option_context_add_main_entries (context, entries, NULL);
  g_option_context_add_group (context, gst_init_get_option_group ());
  if (!g_option_context_parse (context, argc, argv, &error))
    mistake = error->message;
  else
    mistake = check_options (self, *argc);
  if (mistake != NULL)
    g_printerr ("%s; see %s --help\n", mistake, g_get_prgname ());
  return mistake == NULL;
}

/* lines for people, with a program's output beside them */
static void
print_to_stderr (const gchar *text)
{
  g_printerr ("%s", text);
}

static void
print_to_stdout (const gchar *text)
{
  g_print ("%s", text);
}

static void
print_nothing (const gchar *text)
{
}

static GPrintFunc
choose_print (const Options *options)
{
  if (options->quiet)
    return print_nothing;
  if (is_output_to_terminal (options->exports.json)
      || is_output_to_terminal (options->exports.csv)
      || is_output_to_terminal (options->exports.coco))
    return print_to_stderr;
  return print_to_stdout;
}

/* a line of progress makes room */
static void
clear_progress (const Program *self)
{
  if (self->is_interactive)
    g_printerr ("\r\033[K");
}

static void
report (Program *self, const GError *error)
{
  clear_progress (self);
  g_printerr ("Error: %s\n", error->message);
  self->failed = TRUE;
}

static gchar *
format_time (gdouble seconds)
{
  guint whole = seconds < G_MAXINT ? (guint) (seconds + 0.5) : G_MAXINT;

  if (whole >= 3600)
    return g_strdup_printf (
        "%u:%02u:%02u", whole / 3600, whole / 60 % 60, whole % 60);
  return g_strdup_printf ("%u:%02u", whole / 60, whole % 60);
}

/* how much is done of what is being done: of a video, or of all sources; @start
 * is when that began */
static gboolean
get_share (const Program *self, gdouble *share, gint64 *start)
{
  gint64 position, duration;

  *start = self->start;
  if (detect_run_get_progress (self->run, &position, &duration)) {
    *share = CLAMP ((gdouble) position / duration, 0, 1);
    *start = self->source_start;
  } else if (self->sources->len > 1) {
    *share = self->n_done / (gdouble) self->sources->len;
  } else {
    return FALSE;
  }
  return TRUE;
}

static gboolean
print_progress (gpointer user_data)
{
  const Program *self = user_data;
  gdouble rate = detect_summary_get_rate (self->summary);
  gdouble share = 0;
  gint64 start;

  if (rate <= 0)
    return G_SOURCE_CONTINUE;
  g_printerr ("\r\033[K");
  if (self->sources->len > 1)
    g_printerr ("%u of %u  ", self->n_done + 1, self->sources->len);
  if (get_share (self, &share, &start))
    g_printerr ("%3.0f %%  ", 100 * share);
  g_printerr ("%.1f frames/s", rate);
  if (share > 0) {
    gdouble elapsed = (g_get_monotonic_time () - start) / 1e6;
    g_autofree gchar *left = format_time (elapsed * (1 - share) / share);

    g_printerr ("  %s left", left);
  }
  return G_SOURCE_CONTINUE;
}

static gboolean
on_interrupt (gpointer user_data)
{
  Program *self = user_data;

  clear_progress (self);
  if (detect_run_interrupt (self->run))
    g_printerr ("Finishing; once more to stop at once\n");
  return G_SOURCE_CONTINUE;
}

static void
on_frame (
    const DetectSource *source, const DetectFrame *frame, gpointer user_data)
{
  Program *self = user_data;

  detect_summary_add (self->summary, frame);
  detect_export_add (self->exports, source, frame);
}

static void
run_sources (Program *self)
{
  for (; self->n_done < self->sources->len; self->n_done++) {
    const DetectSource *source = self->sources->pdata[self->n_done];
    g_autoptr (GError) error = NULL;
    g_autofree gchar *line = NULL;

    if (detect_run_is_interrupted (self->run))
      break;
    self->source_start = g_get_monotonic_time ();
    detect_summary_begin (self->summary, source);
    if (detect_run_source (self->run, source, &error)) {
      line = detect_summary_end (
          self->summary, source, detect_run_get_zones (self->run));
      clear_progress (self);
      self->print (line);
      self->print ("\n");
      self->n_succeeded++;
      continue;
    }
    report (self, error);
    self->is_stopped =
        g_error_matches (error, DETECT_ERROR, DETECT_ERROR_STOPPED);
    if (self->is_stopped
        || g_error_matches (error, DETECT_ERROR, DETECT_ERROR_SETUP))
      break;
  }
}

static void
run (Program *self)
{
  guint timers[4];
  guint n = 0;

  self->start = g_get_monotonic_time ();
  timers[n++] = g_unix_signal_add (SIGINT, on_interrupt, self);
  timers[n++] = g_unix_signal_add (SIGTERM, on_interrupt, self);
  timers[n++] = g_unix_signal_add (SIGHUP, on_interrupt, self);
  if (self->is_interactive)
    timers[n++] = g_timeout_add (PROGRESS_INTERVAL_MS, print_progress, self);
  run_sources (self);
  for (guint i = 0; i < n; i++)
    g_source_remove (timers[i]);
  clear_progress (self);
}

static void
print_written (const Program *self)
{
  const DetectExportNames *exports = &self->options.exports;
  const gchar *const names[] = { exports->json, exports->csv, exports->coco,
    exports->yolo };
  const DetectSource *first = self->sources->pdata[0];
  GString *text = g_string_new (NULL);

  if (first->output != NULL && self->sources->len == 1) {
    g_string_append_printf (text, "Wrote %s\n", first->output);
  } else if (first->output != NULL) {
    g_autofree gchar *folder = g_path_get_dirname (first->output);

    g_string_append_printf (text, "Wrote %s/\n", folder);
  }
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    if (names[i] != NULL && !is_output_to_terminal (names[i]))
      g_string_append_printf (text, "Wrote %s\n", names[i]);
  self->print (text->str);
  g_string_free (text, TRUE);
}

/* files get their names, and people what was found */
static void
finish (Program *self)
{
  g_autoptr (GError) error = NULL;
  g_autofree gchar *text = NULL;

  if (self->n_succeeded == 0 || self->is_stopped)
    return;
  if (!detect_export_finish (
          self->exports, detect_run_get_labels (self->run), &error)) {
    report (self, error);
    return;
  }
  text =
      detect_summary_to_text (self->summary, detect_run_get_stats (self->run));
  self->print (text);
  print_written (self);
}

/* sources that there are not do not keep the others from being looked at */
static gboolean
prepare (Program *self, gint argc, gchar **argv)
{
  Options *options = &self->options;
  g_autoptr (GError) error = NULL;

  options->settings.saves = !options->saves_nothing;
  options->settings.device = options->device;
  options->settings.model = detect_model_find (
      options->model != NULL ? options->model : DEFAULT_MODEL, &error);
  if (options->settings.model == NULL) {
    report (self, error);
    return FALSE;
  }
  self->sources = detect_sources_new ();
  for (gint i = 1; i < argc; i++) {
    if (!detect_sources_add (self->sources, argv[i], &error)) {
      report (self, error);
      g_clear_error (&error);
    }
  }
  if (self->sources->len == 0)
    return FALSE;
  if (!detect_sources_choose_outputs (
          self->sources, options->output, options->settings.saves, &error)) {
    report (self, error);
    return FALSE;
  }
  self->exports = detect_export_new (&options->exports, self->sources, &error);
  if (self->exports != NULL)
    self->run = detect_run_new (&options->settings, on_frame, self, &error);
  if (self->run == NULL)
    report (self, error);
  return self->run != NULL;
}

int
main (int argc, char **argv)
{
  g_auto (Program) self = { .n_done = 0 };

  /* for the names of files; numbers stay as they are everywhere */
  setlocale (LC_CTYPE, "");
  if (!parse_options (&self.options, &argc, &argv))
    return EXIT_USAGE;
  if (self.options.version) {
    g_print ("yolov5dpu-detect " VERSION "\n");
    return EXIT_ALL_WELL;
  }
  self.print = choose_print (&self.options);
  self.is_interactive = !self.options.quiet && isatty (STDERR_FILENO);
  self.summary = detect_summary_new ();
  if (!prepare (&self, argc, argv))
    return EXIT_SOME_FAILED;
  run (&self);
  finish (&self);
  return self.failed ? EXIT_SOME_FAILED : EXIT_ALL_WELL;
}
