/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "rig.h"

#include <gst/check/gstcheck.h>

#include <string.h>
#include <sys/wait.h>

/* where a test writes its files, and where the command runs */
gchar *inspect_folder;

void
inspect_setup (void)
{
  inspect_folder = testfolder_make ();
}

void
inspect_teardown (void)
{
  testfolder_remove (inspect_folder);
  g_clear_pointer (&inspect_folder, g_free);
}

static InspectResult *
spawn (GPtrArray *arguments)
{
  InspectResult *self = g_new0 (InspectResult, 1);
  g_autoptr (GError) error = NULL;
  gint wait_status;

  fail_unless (g_spawn_sync (inspect_folder, (gchar **) arguments->pdata, NULL,
                   G_SPAWN_DEFAULT, NULL, NULL, &self->out, &self->err,
                   &wait_status, &error),
      "%s", error != NULL ? error->message : "");
  fail_unless (WIFEXITED (wait_status), "ended by signal %d: %s",
      WTERMSIG (wait_status), self->err);
  self->status = WEXITSTATUS (wait_status);
  return self;
}

/* the command with these arguments; it has to end by itself */
InspectResult *
inspect_command (const gchar *first, ...)
{
  g_autoptr (GPtrArray) arguments = g_ptr_array_new ();
  va_list args;

  g_ptr_array_add (arguments, (gpointer) g_getenv ("TEST_INSPECT"));
  va_start (args, first);
  for (const gchar *argument = first; argument != NULL;
       argument = va_arg (args, const gchar *))
    g_ptr_array_add (arguments, (gpointer) argument);
  va_end (args);
  g_ptr_array_add (arguments, NULL);
  return spawn (arguments);
}

static void
parse (InspectResult *self)
{
  g_autoptr (GError) error = NULL;

  self->root = json_from_string (self->out, &error);
  fail_unless (self->root != NULL && JSON_NODE_HOLDS_OBJECT (self->root),
      "%s: %s, %s", error != NULL ? error->message : "no object", self->out,
      self->err);
}

InspectResult *
inspect_json (const gchar *path)
{
  InspectResult *self = inspect_command ("--json", path, NULL);

  parse (self);
  return self;
}

/* what it says of a model made by the test */
InspectResult *
inspect_graph (const XmodelFile__Graph *graph)
{
  g_autofree gchar *path = inspect_file ("model.xmodel");
  g_autoptr (GBytes) bytes = xmodel_sample_pack (graph);

  fail_unless (g_file_set_contents (
      path, g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes), NULL));
  return inspect_json (path);
}

void
inspect_result_free (InspectResult *self)
{
  g_clear_pointer (&self->root, json_node_unref);
  g_free (self->out);
  g_free (self->err);
  g_free (self);
}

/* the object printed, parsed when it was not yet */
JsonObject *
inspect_result_get (const InspectResult *self)
{
  if (self->root == NULL)
    parse ((InspectResult *) self);
  return json_node_get_object (self->root);
}

JsonObject *
inspect_result_get_verdict (const InspectResult *self)
{
  return json_object_get_object_member (inspect_result_get (self), "verdict");
}

/* the verdict's text has @words in it, and agrees with the exit status */
void
inspect_check_verdict (
    const InspectResult *self, gint status, const gchar *words)
{
  JsonObject *verdict = inspect_result_get_verdict (self);
  const gchar *text = json_object_get_string_member (verdict, "text");

  fail_unless (
      strstr (text, words) != NULL, "\"%s\" is not in \"%s\"", words, text);
  fail_unless_equals_int (self->status, status);
  fail_unless_equals_int (
      json_object_get_boolean_member (verdict, "runs"), status == 0);
}

/* a model of the project, "street/...", "everyday/..." or "t_dw" */
gchar *
inspect_model (const gchar *name)
{
  if (strchr (name, '/') != NULL)
    return g_build_filename (g_getenv ("TEST_MODELS_DIR"), name, NULL);
  return g_build_filename (
      g_getenv ("TEST_DATA_DIR"), "golden", name, "int.xmodel", NULL);
}

/* a file in the test's own folder */
gchar *
inspect_file (const gchar *name)
{
  return g_build_filename (inspect_folder, name, NULL);
}
