/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* What keeps a process from a DPU is found before VART is asked, which would
 * end the process or wait for good. */

#include "boardrig.h"

#include <dpu/lock.h>
#include <dpu/memory.h>
#include <dpu/obstacles.h>

#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#define N_REPETITIONS 100

static void
check_refused (const gchar *path, DpuError code, const gchar *text)
{
  const gchar *const texts[] = { text, "\"cpu\"", NULL };

  boardrig_check_refused (path, DPU_DEVICE_DPU, code, texts);
}

/* no device, and a device without a core */
GST_START_TEST (test_no_dpu)
{
  g_autofree gchar *path = boardrig_write_sample (1);

  for (guint i = 0; i < N_REPETITIONS; i++) {
    fakedpu_set_n_devices (0);
    check_refused (path, DPU_ERROR_NOT_FOUND, "xmutil loadapp");
    fakedpu_set_n_devices (1);
    fakedpu_set_n_cores (0);
    check_refused (path, DPU_ERROR_NOT_FOUND, "no DPU core");
    fakedpu_set_n_cores (1);
    dpu_model_unref (boardrig_open (path, DPU_DEVICE_DPU));
  }
}
GST_END_TEST;

/* an XRT that throws instead of counting devices has none, and nothing more */
GST_START_TEST (test_probe_throws)
{
  g_autofree gchar *path = boardrig_write_sample (1);
  g_autoptr (DpuModel) model = NULL;

  fakedpu_set_fault (FAKEDPU_FAULT_PROBE);
  check_refused (path, DPU_ERROR_NOT_FOUND, "xmutil loadapp");
  model = dpu_model_open (path, DPU_DEVICE_AUTO, NULL);
  fail_unless (model != NULL);
  assert_equals_int (dpu_model_get_device (model), DPU_DEVICE_CPU);
  fail_unless (dpu_model_get_fallback_reason (model) != NULL);
  fakedpu_set_fault (FAKEDPU_FAULT_NONE);
}
GST_END_TEST;

/* quantizer output, and a compiled model whose instructions are missing */
GST_START_TEST (test_models_for_no_dpu)
{
  g_autofree gchar *quantized = boardrig_find_data ("t_add", "int.xmodel");
  g_autoptr (XmodelFile__Graph) graph = xmodel_sample_new_compiled ();
  g_autofree gchar *path = NULL;

  xmodel_sample_set_bytes (
      XMODEL_SAMPLE_ATTRIBUTES (graph->root->children[1]), "mc_code", NULL, 0);
  path = boardrig_write_model (graph);
  for (guint i = 0; i < N_REPETITIONS; i++) {
    check_refused (quantized, DPU_ERROR_MODEL, "quantizer's output");
    check_refused (path, DPU_ERROR_MODEL, "no instructions");
  }
}
GST_END_TEST;

/* a model that says too little of the DPU's memory is refused: VART would end
 * the process, or the DPU write where nothing is */
GST_START_TEST (test_incomplete_model)
{
  const gchar *text;
  g_autofree gchar *path = boardrig_write_incomplete (__i__, &text);

  check_refused (path, DPU_ERROR_MODEL, text);
  fail_unless (dpu_find_obstacle () == NULL);
}
GST_END_TEST;

/* a model for another DPU: both numbers, both names where they have one, and
 * what to compile for */
GST_START_TEST (test_other_fingerprint)
{
  static const struct {
    guint64 fingerprint;
    const gchar *texts[6];
  } others[] = {
    { G_GUINT64_CONSTANT (0x101000016010407),
        { "0x101000056010407", "0x101000016010407",
            "{\"fingerprint\":\"0x101000016010407\"}", "arch.json" } },
    { G_GUINT64_CONSTANT (0x101000056010401),
        { "0x101000056010407", "0x101000056010401", "vai_c_xir" } },
    /* nothing that was ever built */
    { 0x1234, { "0x101000056010407", "0x1234", "unknown" } },
  };
  g_autofree gchar *path = boardrig_write_sample (1);

  fakedpu_set_fingerprint (others[__i__].fingerprint);
  for (guint i = 0; i < N_REPETITIONS; i++)
    boardrig_check_refused (
        path, DPU_DEVICE_DPU, DPU_ERROR_MODEL, others[__i__].texts);
  fakedpu_set_fingerprint (FAKEDPU_FINGERPRINT);
  dpu_model_unref (boardrig_open (path, DPU_DEVICE_DPU));
}
GST_END_TEST;

#ifdef HAVE_TARGET_FACTORY
/* with target-factory, fingerprints have names */
GST_START_TEST (test_fingerprints_have_names)
{
  static const gchar *const texts[] = { "DPUCZDX8G_ISA1_B4096",
    "DPUCZDX8G_ISA1_B800", NULL };
  g_autofree gchar *path = boardrig_write_sample (1);

  fakedpu_set_fingerprint (G_GUINT64_CONSTANT (0x101000056010401));
  boardrig_check_refused (path, DPU_DEVICE_DPU, DPU_ERROR_MODEL, texts);
}
GST_END_TEST;
#endif

/* VART runs a model on a DPU that does not tell its fingerprint */
GST_START_TEST (test_unknown_fingerprint)
{
  g_autofree gchar *path = boardrig_write_sample (1);
  g_autoptr (DpuModel) model = NULL;
  g_autoptr (DpuRunner) runner = NULL;

  fakedpu_set_fingerprint (0);
  model = boardrig_open (path, DPU_DEVICE_DPU);
  runner = dpu_runner_new (model, 0, NULL);
  fail_unless (dpu_runner_execute (runner, NULL));
}
GST_END_TEST;

/* a bitstream that is not there; it is named */
GST_START_TEST (test_missing_bitstream)
{
  g_autofree gchar *path = boardrig_write_sample (1);
  const gchar *const texts[] = { "/nonexistent/dpu.xclbin does not exist",
    "xmutil loadapp", "\"xclbin\"", NULL };

  g_setenv (DPU_FIRMWARE_VARIABLE, "/nonexistent/dpu.xclbin", TRUE);
  for (guint i = 0; i < N_REPETITIONS; i++)
    boardrig_check_refused (path, DPU_DEVICE_DPU, DPU_ERROR_NOT_FOUND, texts);
}
GST_END_TEST;

/* where the bitstream is named: variable, then configuration, then the usual
 * place */
GST_START_TEST (test_place_of_bitstream)
{
  static const gchar text[] =
      "# of the board\n target : x \nfirmware: /lib/firmware/a.xclbin \n";
  g_autofree gchar *config =
      boardrig_write_file ("vart.conf", text, strlen (text));
  g_autofree gchar *empty = boardrig_write_file ("empty.conf", "", 0);
  const struct {
    const gchar *variable, *config, *expected;
  } rows[] = {
    { "/b.xclbin", config, "/b.xclbin" },
    { "", config, "/lib/firmware/a.xclbin" },
    { NULL, config, "/lib/firmware/a.xclbin" },
    { NULL, empty, "/usr/lib/dpu.xclbin" },
    { NULL, "/nonexistent/vart.conf", "/usr/lib/dpu.xclbin" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autofree gchar *path = NULL;

    if (rows[i].variable == NULL)
      g_unsetenv (DPU_FIRMWARE_VARIABLE);
    else
      g_setenv (DPU_FIRMWARE_VARIABLE, rows[i].variable, TRUE);
    path = dpu_firmware_find (rows[i].config);
    fail_unless_equals_string (path, rows[i].expected);
  }
}
GST_END_TEST;

/* once VART has read which bitstream to load, another one is an error */
GST_START_TEST (test_bitstream_is_chosen_once)
{
  const gchar *present = g_getenv (DPU_FIRMWARE_VARIABLE);
  const gchar *const texts[] = { "/other.xclbin", present, NULL };
  g_autoptr (GError) error = NULL;

  fail_unless (dpu_set_firmware (present, &error));
  fail_if (dpu_set_firmware ("/other.xclbin", &error));
  boardrig_check_error (error, DPU_ERROR_INIT, texts);
}
GST_END_TEST;

/* the exit status of a process that does as the function says */
static gint
run_in_other_process (gint (*function) (const gchar *path), const gchar *path)
{
  gint status;
  pid_t child = fork ();

  fail_unless (child >= 0);
  if (child == 0)
    _exit (function (path));
  fail_unless (waitpid (child, &status, 0) == child && WIFEXITED (status));
  return WEXITSTATUS (status);
}

static gint
is_locked (const gchar *path)
{
  gint file = open (path, O_RDWR);

  return lockf (file, F_TEST, 0) != 0;
}

/* the process that has a lock is told; this one's own locks are none, and are
 * kept */
GST_START_TEST (test_lock_of_other_process)
{
  g_autofree gchar *path = boardrig_write_file ("lock", "", 0);
  g_autofree gchar *number = NULL, *holder = NULL;
  gint file;
  pid_t child = boardrig_lock_in_other_process (path);

  number = g_strdup_printf ("(%d, \"", (gint) child);
  holder = dpu_lock_find_holder (path);
  fail_unless (holder != NULL && strstr (holder, number), "%s", holder);
  boardrig_end_other_process (child);
  fail_unless (dpu_lock_find_holder (path) == NULL);

  file = open (path, O_RDWR);
  fail_unless (lockf (file, F_TLOCK, 0) == 0);
  fail_unless (dpu_lock_find_holder (path) == NULL);
  fail_unless (run_in_other_process (is_locked, path));
  close (file);
  fail_unless (dpu_lock_find_holder ("/nonexistent/lock") == NULL);
}
GST_END_TEST;

/* as in a container */
static gint
sees_holder_outside (const gchar *path)
{
  g_autofree gchar *holder = dpu_lock_find_holder (path);

  return holder != NULL && strstr (holder, "(outside this container, ") != NULL;
}

/* processes of this one have numbers of their own, where that is allowed */
static gint
sees_holder_outside_namespace (const gchar *path)
{
  if (unshare (CLONE_NEWPID) != 0) {
    g_printerr ("not tested: this user may not hide processes\n");
    return TRUE;
  }
  return run_in_other_process (sees_holder_outside, path);
}

/* nor does the process that has it need to be one that can be seen from here */
GST_START_TEST (test_lock_of_process_outside)
{
  g_autofree gchar *path = boardrig_write_file ("lock", "", 0);
  pid_t child = boardrig_lock_in_other_process (path);

  fail_unless (run_in_other_process (sees_holder_outside_namespace, path));
  boardrig_end_other_process (child);
}
GST_END_TEST;

/* a DPU that another process has is not waited for */
GST_START_TEST (test_dpu_of_other_process)
{
  g_autofree gchar *path = boardrig_write_sample (1);
  pid_t child = boardrig_lock_in_other_process (BOARDRIG_LOCK_PATH);

  for (guint i = 0; i < N_REPETITIONS; i++)
    check_refused (path, DPU_ERROR_NOT_FOUND, "another process has the DPU");
  boardrig_end_other_process (child);
  dpu_model_unref (boardrig_open (path, DPU_DEVICE_DPU));
}
GST_END_TEST;

/* with the folder in the place of /sys/class, for this process alone */
static gint
finds_other_bitstream (const gchar *folder)
{
  const gchar *present = g_getenv (DPU_FIRMWARE_VARIABLE);
  g_autofree gchar *obstacle = NULL;

  if (unshare (CLONE_NEWNS) != 0
      || mount (NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0
      || mount (folder, "/sys/class", NULL, MS_BIND, NULL) != 0) {
    g_printerr ("not tested: this user may not mount\n");
    return TRUE;
  }
  obstacle = dpu_find_obstacle ();
  return obstacle != NULL && strstr (obstacle, present) != NULL
         && strstr (obstacle, "the board would stop") != NULL;
}

/* the bitstream is compared before anything else may touch the DPU */
GST_START_TEST (test_other_bitstream_is_loaded)
{
  gchar head[432] = "xclbin2";
  g_autofree gchar *xclbin =
      boardrig_write_file ("other.xclbin", head, sizeof head);
  g_autofree gchar *folder = testfolder_make ();
  g_autofree gchar *device =
      g_build_filename (folder, "drm", "renderD128", "device", NULL);
  g_autofree gchar *loaded = g_build_filename (device, "xclbinid", NULL);

  fail_unless (g_mkdir_with_parents (device, 0755) == 0);
  fail_unless (g_file_set_contents (
      loaded, "11111111-2222-3333-4444-555555555555\n", -1, NULL));
  g_setenv (DPU_FIRMWARE_VARIABLE, xclbin, TRUE);
  fail_unless (dpu_find_obstacle () == NULL);
  fail_unless (run_in_other_process (finds_other_bitstream, folder));
}
GST_END_TEST;

/* where neither a DPU nor the software DPU can be had, both are explained */
GST_START_TEST (test_nothing_runs_it)
{
  g_autofree gchar *path = boardrig_write_sample (1);
  const gchar *const texts[] = { path, "XRT finds no DPU", "software DPU",
    "/nonexistent/runner.so", NULL };

  fakedpu_set_n_devices (0);
  g_setenv ("YOLOV5DPU_RUNNER", "/nonexistent/runner.so", TRUE);
  boardrig_check_refused (path, DPU_DEVICE_AUTO, DPU_ERROR_INIT, texts);
}
GST_END_TEST;

/* memory is measured by what the model says of its registers */
GST_START_TEST (test_memory)
{
  static const gchar little[] =
      "MemFree: 9 kB\nCmaTotal: 3 kB\nCmaFree: 2 kB\n";
  static const gchar enough[] = "CmaTotal: 4 kB\nCmaFree:        0 kB\n";
  static const gchar none[] = "CmaTotal: 0 kB\nCmaFree: 0 kB\n";
  static const gchar *const texts[] = { "CMA", "cma=", NULL };
  const DpuMemory memory = { 2048, 2048 };
  g_autofree gchar *little_path =
      boardrig_write_file ("little", little, strlen (little));
  g_autofree gchar *enough_path =
      boardrig_write_file ("enough", enough, strlen (enough));
  g_autofree gchar *none_path =
      boardrig_write_file ("none", none, strlen (none));
  g_autoptr (GError) error = NULL;

  fail_if (dpu_memory_check (&memory, little_path, &error));
  boardrig_check_error (error, DPU_ERROR_NOT_FOUND, texts);
  fail_unless (dpu_memory_check (&memory, enough_path, NULL));
  fail_unless (dpu_memory_check (&memory, none_path, NULL));
  fail_unless (dpu_memory_check (&memory, "/nonexistent/meminfo", NULL));
}
GST_END_TEST;

static Suite *
dpu_obstacles_suite (void)
{
  Suite *suite = suite_create ("dpu-obstacles");
  TCase *tcase = tcase_create ("obstacles");

  suite_add_tcase (suite, tcase);
  testfolder_add (tcase);
  tcase_set_timeout (tcase, 120);
  tcase_add_checked_fixture (tcase, boardrig_setup, boardrig_teardown);
  tcase_add_test (tcase, test_no_dpu);
  tcase_add_test (tcase, test_probe_throws);
  tcase_add_test (tcase, test_models_for_no_dpu);
  tcase_add_loop_test (tcase, test_incomplete_model, 0, BOARDRIG_N_INCOMPLETE);
  tcase_add_loop_test (tcase, test_other_fingerprint, 0, 3);
#ifdef HAVE_TARGET_FACTORY
  tcase_add_test (tcase, test_fingerprints_have_names);
#endif
  tcase_add_test (tcase, test_unknown_fingerprint);
  tcase_add_test (tcase, test_missing_bitstream);
  tcase_add_test (tcase, test_place_of_bitstream);
  tcase_add_test (tcase, test_bitstream_is_chosen_once);
  tcase_add_test (tcase, test_lock_of_other_process);
  tcase_add_test (tcase, test_lock_of_process_outside);
  tcase_add_test (tcase, test_dpu_of_other_process);
  tcase_add_test (tcase, test_other_bitstream_is_loaded);
  tcase_add_test (tcase, test_nothing_runs_it);
  tcase_add_test (tcase, test_memory);
  return suite;
}

GST_CHECK_MAIN (dpu_obstacles);
