/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* yolov5dpu-inspect: what is in a model, and whether it runs. */

#include "actions.h"
#include "output.h"

#include <locale.h>
#include <stdio.h>

#define MAX_RUNS 100000
#define DEFAULT_RUNS 20

enum {
  EXIT_RUNS = 0,
  EXIT_CANNOT_RUN = 1,
  EXIT_USAGE = 2,
};

#define SUMMARY                                                                \
  "Says what is in an .xmodel file, and whether and where yolov5dpu runs it."
#define DESCRIPTION                                                            \
  "Exits with 0 when the model runs, 1 when it or what was asked for cannot "  \
  "run, 2 when the arguments are wrong. See yolov5dpu-inspect(1)."

typedef struct {
  gboolean json;
  gchar *picture;
  gchar *output;
  gboolean bench;
  gint n_runs;
  gboolean version;
} Options;

static void
options_clear (Options *self)
{
  g_free (self->picture);
  g_free (self->output);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Options, options_clear)

/* what is wrong with the arguments, or %NULL */
static const gchar *
check_options (const Options *self, gint argc)
{
  if (self->version)
    return NULL;
  if (argc != 2)
    return argc < 2 ? "A model is needed" : "Only one model at a time";
  if (self->output != NULL && self->picture == NULL)
    return "--output needs --run";
  if (self->n_runs < 1 || self->n_runs > MAX_RUNS)
    return "--runs takes 1 to " G_STRINGIFY (MAX_RUNS);
  return NULL;
}

static gboolean
parse_options (Options *self, gint *argc, gchar ***argv)
{
  const GOptionEntry entries[] = {
    { "json", 'j', 0, G_OPTION_ARG_NONE, &self->json,
        "Print one JSON object instead of text", NULL },
    { "run", 'r', 0, G_OPTION_ARG_FILENAME, &self->picture,
        "Detect in a picture and write it with boxes", "PICTURE" },
    { "output", 'o', 0, G_OPTION_ARG_FILENAME, &self->output,
        "The .png that --run writes (default: PICTURE-detections.png here)",
        "FILE" },
    { "bench", 'b', 0, G_OPTION_ARG_NONE, &self->bench,
        "Time letterbox, execution and decoding", NULL },
    { "runs", 'n', 0, G_OPTION_ARG_INT, &self->n_runs,
        "Pictures that --bench takes the median of (default: "
        "" G_STRINGIFY (DEFAULT_RUNS) ")",
        "N" },
    { "version", 0, 0, G_OPTION_ARG_NONE, &self->version, "Print the version",
        NULL },
    { NULL },
  };
  g_autoptr (GOptionContext) context = g_option_context_new ("MODEL");
  g_autoptr (GError) error = NULL;
  const gchar *mistake;

  g_option_context_set_summary (context, SUMMARY);
  g_option_context_set_description (context, DESCRIPTION);
  g_option_context_add_main_entries (context, entries, NULL);
  if (!g_option_context_parse (context, argc, argv, &error))
    mistake = error->message;
  else
    mistake = check_options (self, *argc);
  if (mistake != NULL)
    g_printerr ("%s; see %s --help\n", mistake, g_get_prgname ());
  return mistake == NULL;
}

/* does what was asked for beyond the report */
static gboolean
act (const Options *options, const InspectReport *report,
    InspectPicture **picture, InspectBench **bench, GError **error)
{
  if (report->verdict == INSPECT_VERDICT_CANNOT_RUN)
    return FALSE;
  if (options->picture != NULL) {
    *picture = inspect_run (report, options->picture, options->output, error);
    if (*picture == NULL)
      return FALSE;
  }
  if (options->bench) {
    *bench = inspect_bench (report, options->n_runs, error);
    if (*bench == NULL)
      return FALSE;
  }
  return TRUE;
}

int
main (int argc, char **argv)
{
  g_auto (Options) options = { .n_runs = DEFAULT_RUNS };
  g_autoptr (InspectReport) report = NULL;
  g_autoptr (InspectPicture) picture = NULL;
  g_autoptr (InspectBench) bench = NULL;
  g_autoptr (GError) error = NULL;
  InspectOutcome outcome;
  g_autofree gchar *text = NULL;
  gboolean runs;

  /* for the names of files; numbers stay as they are everywhere */
  setlocale (LC_CTYPE, "");
  if (!parse_options (&options, &argc, &argv))
    return EXIT_USAGE;
  if (options.version) {
    g_print ("yolov5dpu-inspect " VERSION "\n");
    return EXIT_RUNS;
  }

  report = inspect_report_new (argv[1]);
  runs = act (&options, report, &picture, &bench, &error);
  outcome = (InspectOutcome){ report, picture, bench, error };
  if (options.json) {
    text = inspect_outcome_to_json (&outcome);
    /* JSON is UTF-8 in every locale */
    puts (text);
  } else {
    text = inspect_outcome_to_text (&outcome);
    g_print ("%s", text);
  }
  if (error != NULL)
    g_printerr ("%s\n", error->message);
  return runs ? EXIT_RUNS : EXIT_CANNOT_RUN;
}
