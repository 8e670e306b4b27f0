/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* golden DIRECTORY...: runs the model of each golden.ini on the software DPU,
 * loaded by VART, and compares every output of every input in every byte. Exits
 * 0 only when all are equal.
 *
 * golden --optional DIRECTORY: the same for all directories in this one; exits
 * 77, which stands for a skipped test, when it does not exist. */

#include <dpu/dpu.h>

#include <string.h>

/* what meson takes for a skipped test */
#define SKIPPED 77

/* what one golden.ini describes */
typedef struct {
  gchar *directory;
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

static gboolean
open_model (Golden *self, GError **error)
{
  g_autofree gchar *file =
      g_key_file_get_string (self->ini, "model", "file", error);
  g_autofree gchar *path = NULL;
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);

  if (file == NULL)
    return FALSE;
  for (guint i = 0; i < self->output_groups->len; i++) {
    gchar *name = g_key_file_get_string (
        self->ini, self->output_groups->pdata[i], "op", NULL);

    if (name != NULL)
      g_ptr_array_add (names, name);
  }
  g_ptr_array_add (names, NULL);
  path = g_path_is_absolute (file)
             ? g_strdup (file)
             : g_build_filename (self->directory, file, NULL);
  self->model = dpu_model_open_outputs (path, DPU_DEVICE_CPU,
      names->len > 1 ? (const gchar *const *) names->pdata : NULL, error);
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

static gboolean
check_directory (gchar *directory)
{
  Golden self = { .directory = directory };
  g_autoptr (GError) error = NULL;
  gboolean equal = load_ini (&self, &error) && open_model (&self, &error)
                   && match_outputs (&self, &error)
                   && run_inputs (&self, &error);

  if (equal)
    g_print ("equal %s: %u outputs\n", directory, self.n_compared);
  else
    g_print ("DIFFERS %s: %s\n", directory, error->message);
  golden_clear (&self);
  return equal;
}

static gint
check_all_below (const gchar *parent)
{
  g_autoptr (GDir) names = g_dir_open (parent, 0, NULL);
  const gchar *name;
  gboolean all_equal = TRUE;

  if (names == NULL) {
    g_print ("skipped: there is no directory %s\n", parent);
    return SKIPPED;
  }
  while ((name = g_dir_read_name (names)) != NULL) {
    g_autofree gchar *directory = g_build_filename (parent, name, NULL);

    if (!check_directory (directory))
      all_equal = FALSE;
  }
  return all_equal ? 0 : 1;
}

int
main (int argc, char **argv)
{
  gboolean all_equal = TRUE;

  if (argc == 3 && g_str_equal (argv[1], "--optional"))
    return check_all_below (argv[2]);
  if (argc < 2) {
    g_printerr ("Usage: %s DIRECTORY...\n       %s --optional DIRECTORY\n",
        argv[0], argv[0]);
    return 2;
  }
  for (int i = 1; i < argc; i++) {
    if (!check_directory (argv[i]))
      all_equal = FALSE;
  }
  return all_equal ? 0 : 1;
}
