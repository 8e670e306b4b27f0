/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* What the reader accepts, libxir survives: models are damaged, and those that
 * still pass are given to the real libxir in a process of its own.
 *
 * usage: xmodel-mutations [HOW-MANY [FIRST-SEED]]
 */

#include "xmodel/xmodel.h"

#include "mutator.h"
#include "samples.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define DEFAULT_N_MUTANTS 300
#define LOAD_SECONDS 20

typedef struct {
  const gchar *loader;
  gchar *path;
  GPtrArray *models;
  guint n_refused;
  guint n_loaded;
  guint n_thrown;
  guint n_failed;
} Run;

static void
add_models (Run *run, const gchar *folder, const gchar *suffix)
{
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  const gchar *name;

  if (dir == NULL) {
    g_print ("skipping %s, which is not there\n", folder);
    return;
  }
  while ((name = g_dir_read_name (dir)) != NULL) {
    g_autofree gchar *path = g_build_filename (folder, name, suffix, NULL);
    g_autofree gchar *content = NULL;
    g_autoptr (GBytes) bytes = NULL;
    g_autoptr (Xmodel) model = NULL;
    gsize size;

    if (!g_str_has_suffix (path, ".xmodel")
        || !g_file_get_contents (path, &content, &size, NULL))
      continue;
    bytes = g_bytes_new_take (g_steal_pointer (&content), size);
    model = xmodel_parse (bytes, NULL);
    if (model != NULL)
      g_ptr_array_add (run->models, g_steal_pointer (&bytes));
  }
}

static gint
compare_sizes (gconstpointer a, gconstpointer b)
{
  gsize size_a = g_bytes_get_size (*(GBytes *const *) a);
  gsize size_b = g_bytes_get_size (*(GBytes *const *) b);

  return (size_a > size_b) - (size_a < size_b);
}

/* the child gets the alarm, so a loader that hangs ends by that signal */
static gint
load_with_libxir (const Run *run)
{
  pid_t child = fork ();
  gint status = -1;

  if (child == 0) {
    gint log = open ("/dev/null", O_WRONLY);

    dup2 (log, STDOUT_FILENO);
    dup2 (log, STDERR_FILENO);
    alarm (LOAD_SECONDS);
    execl (run->loader, run->loader, run->path, NULL);
    _exit (127);
  }
  if (child < 0 || waitpid (child, &status, 0) != child)
    g_error ("cannot run %s", run->loader);
  return status;
}

static void
keep_culprit (const Run *run, GBytes *mutant, guint seed, gint status)
{
  g_autofree gchar *name = g_strdup_printf ("mutant-%u.xmodel", seed);

  g_file_set_contents (
      name, g_bytes_get_data (mutant, NULL), g_bytes_get_size (mutant), NULL);
  if (WIFSIGNALED (status))
    g_print ("libxir ended by signal %d (%s) on %s\n", WTERMSIG (status),
        strsignal (WTERMSIG (status)), name);
  else
    g_print (
        "%s ended with %d on %s\n", run->loader, WEXITSTATUS (status), name);
}

static void
try_mutant (Run *run, guint seed)
{
  GBytes *original = run->models->pdata[seed % run->models->len];
  g_autoptr (GBytes) mutant = xmodel_mutate (original, seed);
  g_autoptr (Xmodel) model = xmodel_parse (mutant, NULL);
  gint status;

  if (model == NULL) {
    run->n_refused++;
    return;
  }
  if (!g_file_set_contents (run->path, g_bytes_get_data (mutant, NULL),
          g_bytes_get_size (mutant), NULL))
    g_error ("cannot write %s", run->path);
  status = load_with_libxir (run);
  if (WIFEXITED (status) && WEXITSTATUS (status) == 0) {
    run->n_loaded++;
  } else if (WIFEXITED (status) && WEXITSTATUS (status) == 3) {
    run->n_thrown++;
  } else {
    run->n_failed++;
    keep_culprit (run, mutant, seed, status);
  }
}

int
main (int argc, char **argv)
{
  guint n_mutants = argc > 1 ? atoi (argv[1]) : DEFAULT_N_MUTANTS;
  guint first_seed = argc > 2 ? atoi (argv[2]) : 0;
  g_autofree gchar *golden =
      g_build_filename (g_getenv ("TEST_DATA_DIR"), "golden", NULL);
  g_autofree gchar *shared =
      g_build_filename (g_getenv ("TEST_SHARED_DIR"), "xmodels", NULL);
  g_autoptr (XmodelFile__Graph) compiled = xmodel_sample_new_compiled ();
  g_autoptr (XmodelFile__Graph) operators = xmodel_sample_new_operators ();
  Run run = { .loader = g_getenv ("TEST_XIR_LOAD") };
  gint fd;
  guint i;

  if (run.loader == NULL)
    g_error ("TEST_XIR_LOAD has to name the program that loads a model");
  run.models = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
  fd = g_file_open_tmp ("xmodel-mutant-XXXXXX", &run.path, NULL);
  close (fd);
  add_models (&run, golden, "int.xmodel");
  add_models (&run, shared, NULL);
  g_ptr_array_add (run.models, xmodel_sample_pack (compiled));
  g_ptr_array_add (run.models, xmodel_sample_pack (operators));
  /* directories come in any order */
  g_ptr_array_sort (run.models, compare_sizes);

  for (i = 0; i < n_mutants; i++)
    try_mutant (&run, first_seed + i);
  g_print ("%u mutants of %u models: %u refused by the reader, of the others "
           "libxir loaded %u, threw at %u and did not survive %u\n",
      n_mutants, run.models->len, run.n_refused, run.n_loaded, run.n_thrown,
      run.n_failed);

  g_unlink (run.path);
  g_free (run.path);
  g_ptr_array_unref (run.models);
  /* with none accepted nothing would have been shown */
  return run.n_failed > 0 || run.n_loaded == 0;
}
