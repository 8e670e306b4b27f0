/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* golden [OPTION...] DIRECTORY...: runs the model of each golden.ini on a
 * device, loaded by VART, and compares every output of every input in every
 * byte. Exits 0 only when all are equal. Of a DPU, each core has to give
 * them. */

#include <dpu/dpu.h>

#include <string.h>

/* what meson takes for a skipped test */
#define SKIPPED 77

/**
 * Options:
 * @device: that runs the models, DPU or software DPU
 * @models: (nullable): a directory with models to take instead of those that
 *   the golden.ini name, under the names of their directories
 * @optional: whether directories need not exist, and may hold such ones
 */
typedef struct {
  DpuDevice device;
  gchar *models;
  gboolean optional;
  gchar **directories;
} Options;

/* what one golden.ini describes */
typedef struct {
  const Options *options;
  const gchar *directory;
  GKeyFile *ini;
  GPtrArray *output_groups;
  DpuModel *model;
  /* per group, which of the model's outputs it is */
  guint *outputs;
  guint n_compared;
} Golden;

static void
golden_clear (Golden *self)
{
  g_clear_pointer (&self->model, dpu_model_unref);
  g_clear_pointer (&self->ini, g_key_file_unref);
  g_clear_pointer (&self->output_groups, g_ptr_array_unref);
  g_clear_pointer (&self->outputs, g_free);
}

static gboolean fail (GError **error, const gchar *format, ...)
    G_GNUC_PRINTF (2, 3);

static gboolean
fail (GError **error, const gchar *format, ...)
{
  va_list args;

  va_start (args, format);
  if (error != NULL)
    *error = g_error_new_valist (DPU_ERROR, DPU_ERROR_MODEL, format, args);
  va_end (args);
  return FALSE;
}

static gboolean
load_ini (Golden *self, GError **error)
{
  g_autofree gchar *path =
      g_build_filename (self->directory, "golden.ini", NULL);

  self->ini = g_key_file_new ();
  self->output_groups = g_ptr_array_new_with_free_func (g_free);
  if (!g_key_file_load_from_file (self->ini, path, G_KEY_FILE_NONE, error))
    return FALSE;
  for (guint i = 0;; i++) {
    g_autofree gchar *group = g_strdup_printf ("output%u", i);

    if (!g_key_file_has_group (self->ini, group))
      break;
    g_ptr_array_add (self->output_groups, g_steal_pointer (&group));
  }
  if (self->output_groups->len == 0)
    return fail (error, "%s has no group [output0]", path);
  return TRUE;
}

static gchar *
find_model (Golden *self, GError **error)
{
  g_autofree gchar *name = g_path_get_basename (self->directory);
  g_autofree gchar *file = NULL;

  if (self->options->models != NULL) {
    file = g_strconcat (name, ".xmodel", NULL);
    return g_build_filename (self->options->models, file, NULL);
  }
  file = g_key_file_get_string (self->ini, "model", "file", error);
  if (file == NULL || g_path_is_absolute (file))
    return g_steal_pointer (&file);
  return g_build_filename (self->directory, file, NULL);
}

static gboolean
open_model (Golden *self, GError **error)
{
  g_autofree gchar *path = find_model (self, error);
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  /* a DPU gives what the model was compiled to give */
  gboolean choosable = self->options->device == DPU_DEVICE_CPU;

  if (path == NULL)
    return FALSE;
  for (guint i = 0; i < self->output_groups->len; i++) {
    gchar *name = g_key_file_get_string (
        self->ini, self->output_groups->pdata[i], "op", NULL);

    if (name != NULL)
      g_ptr_array_add (names, name);
  }
  g_ptr_array_add (names, NULL);
  self->model = dpu_model_open_outputs (path, self->options->device,
      choosable && names->len > 1 ? (const gchar *const *) names->pdata : NULL,
      error);
  return self->model != NULL;
}

static gboolean
has_shape (const gint *shape, gsize n, const DpuTensor *tensor)
{
  gsize size = 1;

  for (gsize i = 0; i < n; i++)
    size *= shape[i];
  return n > 0 && size == tensor->size
         && (guint) shape[n - 1] == tensor->channels
         && (n != 4
             || ((guint) shape[1] == tensor->height
                 && (guint) shape[2] == tensor->width));
}

static gboolean
matches (Golden *self, const gchar *group, const DpuTensor *tensor)
{
  g_autofree gchar *op = g_key_file_get_string (self->ini, group, "op", NULL);
  gsize n;
  g_autofree gint *shape =
      g_key_file_get_integer_list (self->ini, group, "shape", &n, NULL);

  if (op != NULL && !g_str_equal (op, tensor->name))
    return FALSE;
  return shape != NULL && has_shape (shape, n, tensor)
         && g_key_file_get_integer (self->ini, group, "fix_point", NULL)
                == tensor->fix_point;
}

static gboolean
match_outputs (Golden *self, GError **error)
{
  self->outputs = g_new (guint, self->output_groups->len);
  for (guint i = 0; i < self->output_groups->len; i++) {
    const gchar *group = self->output_groups->pdata[i];
    guint n_outputs = dpu_model_get_n_outputs (self->model);
    guint j;

    for (j = 0; j < n_outputs; j++) {
      if (matches (self, group, dpu_model_get_output (self->model, j)))
        break;
    }
    if (j == n_outputs)
      return fail (error,
          "the model has no output of the name, shape and fix point of [%s]",
          group);
    self->outputs[i] = j;
  }
  if (!matches (self, "input", dpu_model_get_input (self->model)))
    return fail (error,
        "the model's input \"%s\" has not the name, shape and fix point of "
        "[input]",
        dpu_model_get_input (self->model)->name);
  return TRUE;
}

static gchar *
load_tensor (Golden *self, const gchar *file, gsize size, GError **error)
{
  g_autofree gchar *path = g_build_filename (self->directory, file, NULL);
  g_autofree gchar *data = NULL;
  gsize length;

  if (!g_file_get_contents (path, &data, &length, error))
    return NULL;
  if (length != size) {
    fail (error,
        "%s has %" G_GSIZE_FORMAT " bytes, its tensor %" G_GSIZE_FORMAT, path,
        length, size);
    return NULL;
  }
  return g_steal_pointer (&data);
}

static gboolean
compare_output (Golden *self, DpuRunner *runner, guint group_index, gsize input,
    GError **error)
{
  const gchar *group = self->output_groups->pdata[group_index];
  guint index = self->outputs[group_index];
  const DpuTensor *tensor = dpu_model_get_output (self->model, index);
  const gint8 *actual = dpu_runner_get_output (runner, index);
  gsize n_files;
  g_auto (GStrv) files =
      g_key_file_get_string_list (self->ini, group, "file", &n_files, error);
  g_autofree gchar *expected = NULL;

  if (files == NULL)
    return FALSE;
  if (input >= n_files)
    return fail (error, "[%s] has %" G_GSIZE_FORMAT " files, fewer than inputs",
        group, n_files);
  expected = load_tensor (self, files[input], tensor->size, error);
  if (expected == NULL)
    return FALSE;
  self->n_compared++;
  if (memcmp (expected, actual, tensor->size) == 0)
    return TRUE;
  for (gsize i = 0; i < tensor->size; i++) {
    if (actual[i] != (gint8) expected[i])
      return fail (error,
          "%s differs first at byte %" G_GSIZE_FORMAT ": %d instead of %d",
          files[input], i, actual[i], (gint8) expected[i]);
  }
  return FALSE;
}

static gboolean
run_inputs (Golden *self, GError **error)
{
  g_autoptr (DpuRunner) runner = dpu_runner_new (self->model, 0, error);
  const DpuTensor *input = dpu_model_get_input (self->model);
  gsize n_files;
  g_auto (GStrv) files =
      g_key_file_get_string_list (self->ini, "input", "file", &n_files, NULL);

  if (runner == NULL)
    return FALSE;
  if (files == NULL || n_files == 0)
    return fail (error, "[input] names no file");
  for (gsize i = 0; i < n_files; i++) {
    g_autofree gchar *data = load_tensor (self, files[i], input->size, error);

    if (data == NULL)
      return FALSE;
    memcpy (dpu_runner_get_input (runner), data, input->size);
    if (!dpu_runner_execute (runner, error))
      return FALSE;
    for (guint j = 0; j < self->output_groups->len; j++) {
      if (!compare_output (self, runner, j, i, error))
        return FALSE;
    }
  }
  return TRUE;
}

/* a DPU's runners take its cores in turn, the software DPU has one */
static gboolean
run_cores (Golden *self, GError **error)
{
  guint n_cores = MAX (dpu_model_get_n_cores (self->model), 1);

  for (guint i = 0; i < n_cores; i++) {
    if (!run_inputs (self, error))
      return FALSE;
  }
  return TRUE;
}

static gboolean
check_directory (const Options *options, const gchar *directory)
{
  Golden self = { .options = options, .directory = directory };
  g_autoptr (GError) error = NULL;
  gboolean equal = load_ini (&self, &error) && open_model (&self, &error)
                   && match_outputs (&self, &error)
                   && run_cores (&self, &error);

  if (equal)
    g_print ("equal %s: %u outputs\n", directory, self.n_compared);
  else
    g_print ("DIFFERS %s: %s\n", directory, error->message);
  golden_clear (&self);
  return equal;
}

static gboolean
check_all_below (const Options *options, GDir *names, const gchar *parent)
{
  gboolean all_equal = TRUE;
  const gchar *name;

  while ((name = g_dir_read_name (names)) != NULL) {
    g_autofree gchar *directory = g_build_filename (parent, name, NULL);

    if (!check_directory (options, directory))
      all_equal = FALSE;
  }
  return all_equal;
}

static gint
check_optional (const Options *options, const gchar *directory)
{
  g_autofree gchar *ini = g_build_filename (directory, "golden.ini", NULL);
  g_autoptr (GDir) names = g_dir_open (directory, 0, NULL);

  if (names == NULL) {
    g_print ("skipped: there is no directory %s\n", directory);
    return SKIPPED;
  }
  if (g_file_test (ini, G_FILE_TEST_EXISTS))
    return check_directory (options, directory) ? 0 : 1;
  return check_all_below (options, names, directory) ? 0 : 1;
}

static gboolean
parse_device (
    const gchar *option, const gchar *value, gpointer data, GError **error)
{
  Options *options = data;

  if (!g_str_equal (value, "cpu") && !g_str_equal (value, "dpu")) {
    g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
        "\"%s\" is neither cpu nor dpu", value);
    return FALSE;
  }
  options->device =
      g_str_equal (value, "dpu") ? DPU_DEVICE_DPU : DPU_DEVICE_CPU;
  return TRUE;
}

static gboolean
parse_options (Options *options, int *argc, char ***argv, GError **error)
{
  g_autoptr (GOptionContext) context = g_option_context_new (NULL);
  GOptionGroup *group = g_option_group_new ("golden", "", "", options, NULL);
  const GOptionEntry entries[] = {
    { "device", 0, 0, G_OPTION_ARG_CALLBACK, parse_device,
        "What runs the models: cpu, the software DPU, or dpu (cpu)", "DEVICE" },
    { "models", 0, 0, G_OPTION_ARG_FILENAME, &options->models,
        "Take the models from here, by their directories' names", "FOLDER" },
    { "optional", 0, 0, G_OPTION_ARG_NONE, &options->optional,
        "Exit 77 when the one DIRECTORY, of a golden.ini or of such "
        "directories, does not exist",
        NULL },
    { G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY,
        &options->directories, NULL, "DIRECTORY..." },
    { NULL },
  };

  g_option_group_add_entries (group, entries);
  g_option_context_set_main_group (context, group);
  if (!g_option_context_parse (context, argc, argv, error))
    return FALSE;
  if (options->directories == NULL
      || (options->optional && options->directories[1] != NULL)) {
    g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
        "Give directories, or one that is optional; see --help");
    return FALSE;
  }
  return TRUE;
}

int
main (int argc, char **argv)
{
  Options options = { .device = DPU_DEVICE_CPU };
  g_autoptr (GError) error = NULL;
  gint status = 0;

  if (!parse_options (&options, &argc, &argv, &error)) {
    g_printerr ("%s\n", error->message);
    return 2;
  }
  if (options.optional) {
    status = check_optional (&options, options.directories[0]);
  } else {
    for (gchar **directory = options.directories; *directory != NULL;
         directory++) {
      if (!check_directory (&options, *directory))
        status = 1;
    }
  }
  g_strfreev (options.directories);
  g_free (options.models);
  return status;
}
