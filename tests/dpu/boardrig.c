/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "boardrig.h"

#include <fcntl.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static gchar *folder;

/* LeakSanitizer asks at the end. What a fault stops in the middle of VART is
 * left to it on purpose. */
int __lsan_is_turned_off (void);

int
__lsan_is_turned_off (void)
{
  return fakedpu_had_fault ();
}

void
boardrig_setup (void)
{
  folder = testfolder_make ();
}

void
boardrig_teardown (void)
{
  testfolder_remove (folder);
  g_clear_pointer (&folder, g_free);
}

gchar *
boardrig_write_file (const gchar *name, const void *data, gsize size)
{
  gchar *path = g_build_filename (folder, name, NULL);

  fail_unless (g_file_set_contents (path, data, size, NULL));
  return path;
}

gchar *
boardrig_write_model (const XmodelFile__Graph *graph)
{
  g_autoptr (GBytes) bytes = xmodel_sample_pack (graph);
  gsize size;
  gconstpointer data = g_bytes_get_data (bytes, &size);

  return boardrig_write_file ("model.xmodel", data, size);
}

/* a compiled model whose code and parameters begin with @seed; the fake DPU
 * knows it */
gchar *
boardrig_write_sample (guint8 seed)
{
  g_autoptr (XmodelFile__Graph) graph = xmodel_sample_new_compiled ();
  g_autofree gchar *name = g_strdup_printf ("sample%u.xmodel", seed);
  g_autoptr (GBytes) bytes = NULL;
  gchar *path;

  xmodel_sample_seed_compiled (graph, seed);
  bytes = xmodel_sample_pack (graph);
  path = boardrig_write_file (
      name, g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes));
  fakedpu_add_model (path);
  return path;
}

static gchar *
write_detector (gboolean shared)
{
  g_autoptr (XmodelFile__Graph) graph = xmodel_sample_new_detector (1, shared);
  gchar *path = boardrig_write_model (graph);

  fakedpu_add_model (path);
  return path;
}

/* a compiled YOLOv5 that the fake DPU knows */
gchar *
boardrig_write_detector (void)
{
  return write_detector (FALSE);
}

/* the same with its input and outputs in one register */
gchar *
boardrig_write_detector_in_one_register (void)
{
  return write_detector (TRUE);
}

static XmodelFile__Tensor *
find_tensor (XmodelFile__Graph *graph, const gchar *op)
{
  for (gsize i = 0; i < graph->n_ops; i++) {
    if (strcmp (graph->ops[i]->name, op) == 0)
      return graph->ops[i]->tensor;
  }
  g_error ("the sample has no operator %s", op);
}

static void
set_register_size (
    XmodelSampleAttributes attributes, const gchar *name, gint size)
{
  static const gchar *const names[] = { "REG_0", "REG_2", "REG_3" };

  xmodel_sample_remove_attribute (attributes, "reg_id_to_size");
  for (guint i = 0; i < G_N_ELEMENTS (names); i++) {
    if (!g_str_equal (name, names[i]))
      xmodel_sample_map_int (attributes, "reg_id_to_size", names[i], 1 << 10);
    else if (size != 0)
      xmodel_sample_map_int (attributes, "reg_id_to_size", name, size);
  }
}

/* a register that is one for all frames in flight */
static void
share_register (XmodelSampleAttributes attributes, const gchar *name)
{
  static const gchar *const names[] = { "REG_2", "REG_3" };

  xmodel_sample_remove_attribute (attributes, "reg_id_to_context_type_v2");
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    xmodel_sample_map_string (attributes, "reg_id_to_context_type_v2", names[i],
        g_str_equal (names[i], name) ? "WORKSPACE" : "INTERFACE");
}

/* what is missing or contradicts itself in a compiled model: an attribute that
 * is removed from an operator's tensor or from the subgraph, a register's size,
 * where 0 is none. A register of an operator is shared between frames in
 * flight; an operator alone is part of a larger tensor, which results must not
 * be. */
static const struct {
  const gchar *op;
  const gchar *removed;
  const gchar *reg;
  gint size;
  const gchar *text;
} incomplete[BOARDRIG_N_INCOMPLETE] = {
  { NULL, "runner", NULL, 0, "\"runner\"" },
  { NULL, "reg_id_to_size", NULL, 0, "\"reg_id_to_size\"" },
  { NULL, "reg_id_to_context_type", NULL, 0, "\"reg_id_to_context_type\"" },
  { "upload", "reg_id", NULL, 0, "\"upload\" has no register" },
  { "upload", "location", NULL, 0, "\"upload\" has no location" },
  { "weights", "ddr_addr", NULL, 0, "\"weights\" has no register or address" },
  { "conv", "reg_id", NULL, 0, "\"conv\" has no register" },
  { NULL, NULL, "REG_2", 0, "REG_2 has no size" },
  { NULL, NULL, "REG_0", 75, "76 bytes of parameters, and a size of 75" },
  { NULL, NULL, "REG_2", 143, "\"upload\" takes 128 bytes from 16 on" },
  { NULL, NULL, "REG_3", 287, "\"conv\" takes 256 bytes from 32 on" },
  { NULL, "mc_code", NULL, 0, "no instructions" },
  { "conv", NULL, NULL, 0, "\"conv\" has gaps" },
  { "upload", NULL, "REG_2", 0,
      "\"upload\" lies in the register REG_2, which frames in flight share as "
      "\"WORKSPACE\"" },
  { "conv", NULL, "REG_3", 0,
      "\"conv\" lies in the register REG_3, which frames in flight share as "
      "\"WORKSPACE\"" },
};

/* a model that a DPU cannot run
 * @text: (out): what the error must say */
gchar *
boardrig_write_incomplete (guint index, const gchar **text)
{
  static const gint32 strides[] = { 384, 48, 6, 1 };
  g_autoptr (XmodelFile__Graph) graph = xmodel_sample_new_compiled ();
  XmodelSampleAttributes subgraph =
      XMODEL_SAMPLE_ATTRIBUTES (graph->root->children[1]);
  const gchar *op = incomplete[index].op, *reg = incomplete[index].reg;
  XmodelSampleAttributes attributes =
      op == NULL ? subgraph
                 : XMODEL_SAMPLE_ATTRIBUTES (find_tensor (graph, op));

  if (incomplete[index].removed != NULL)
    xmodel_sample_remove_attribute (attributes, incomplete[index].removed);
  else if (op == NULL)
    set_register_size (subgraph, reg, incomplete[index].size);
  else if (reg != NULL)
    share_register (subgraph, reg);
  else
    xmodel_sample_set_ints (attributes, "stride", strides, 4);
  *text = incomplete[index].text;
  return boardrig_write_model (graph);
}

/* keeps @path locked until the test ends it */
pid_t
boardrig_lock_in_other_process (const gchar *path)
{
  gint ready[2];
  pid_t child;
  gchar byte;

  fail_unless (pipe (ready) == 0);
  child = fork ();
  fail_unless (child >= 0);
  if (child == 0) {
    gint file = open (path, O_RDWR | O_CREAT, 0666);

    if (file < 0 || lockf (file, F_LOCK, 0) != 0
        || write (ready[1], "", 1) != 1)
      _exit (1);
    while (TRUE)
      pause ();
  }
  fail_unless (read (ready[0], &byte, 1) == 1);
  close (ready[0]);
  close (ready[1]);
  return child;
}

void
boardrig_end_other_process (pid_t child)
{
  fail_unless (kill (child, SIGKILL) == 0);
  fail_unless (waitpid (child, NULL, 0) == child);
}

gchar *
boardrig_find_data (const gchar *directory, const gchar *name)
{
  return g_build_filename (
      g_getenv ("TEST_DATA_DIR"), "golden", directory, name, NULL);
}

DpuModel *
boardrig_open (const gchar *path, DpuDevice device)
{
  g_autoptr (GError) error = NULL;
  DpuModel *model = dpu_model_open (path, device, &error);

  fail_unless (model != NULL, "%s", error == NULL ? "" : error->message);
  fail_unless_equals_int (dpu_model_get_device (model), device);
  return model;
}

/* @texts: (array zero-terminated=1): what the message must say */
void
boardrig_check_error (
    const GError *error, DpuError code, const gchar *const *texts)
{
  fail_unless (error != NULL);
  fail_unless (g_error_matches (error, DPU_ERROR, code), "not the error %d: %s",
      code, error->message);
  for (; *texts != NULL; texts++)
    fail_unless (strstr (error->message, *texts) != NULL,
        "the message lacks \"%s\": %s", *texts, error->message);
}

void
boardrig_check_refused (const gchar *path, DpuDevice device, DpuError code,
    const gchar *const *texts)
{
  g_autoptr (GError) error = NULL;
  DpuModel *model = dpu_model_open (path, device, &error);

  fail_unless (model == NULL, "%s was accepted", path);
  boardrig_check_error (error, code, texts);
}
