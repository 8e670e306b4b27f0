/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* What keeps the plug-in from a DPU ends in its message on the bus, again and
 * again, and once it is gone the DPU is used. */

#include "boardpipeline.h"
#include "dpu/boardrig.h"

#define N_REPETITIONS 100
#define FIRMWARE_VARIABLE "XLNX_VART_FIRMWARE"

static void
check_error_again_and_again (
    const gchar *model, const gchar *properties, const gchar *const *texts)
{
  for (guint i = 0; i < N_REPETITIONS; i++)
    boardpipeline_check_error (model, properties, texts);
}

static void
check_dpu_is_used (const gchar *model)
{
  guint n_runs = fakedpu_get_n_runs (0);
  g_autofree gchar *found = boardpipeline_detect (model, "device=dpu");

  fail_unless (found != NULL);
  fail_unless (fakedpu_get_n_runs (0) > n_runs);
}

/* what is wrong with the machine */
static const struct {
  guint n_devices;
  guint n_cores;
  guint64 fingerprint;
  FakedpuFault fault;
  const gchar *firmware;
  const gchar *texts[4];
} setups[] = {
  { 0, 1, FAKEDPU_FINGERPRINT, FAKEDPU_FAULT_NONE, NULL,
      { "XRT finds no DPU", "xmutil loadapp" } },
  { 1, 1, FAKEDPU_FINGERPRINT, FAKEDPU_FAULT_PROBE, NULL,
      { "XRT finds no DPU", "xmutil loadapp" } },
  { 1, 0, FAKEDPU_FINGERPRINT, FAKEDPU_FAULT_NONE, NULL, { "no DPU core" } },
  { 1, 1, G_GUINT64_CONSTANT (0x101000016010407), FAKEDPU_FAULT_NONE, NULL,
      { "0x101000016010407", "0x101000056010407", "arch.json" } },
  { 1, 1, FAKEDPU_FINGERPRINT, FAKEDPU_FAULT_NONE, "/nonexistent.xclbin",
      { "/nonexistent.xclbin does not exist", "xmutil loadapp" } },
};

GST_START_TEST (test_wrong_setup)
{
  g_autofree gchar *path = boardrig_write_detector ();
  g_autofree gchar *firmware = g_strdup (g_getenv (FIRMWARE_VARIABLE));

  fakedpu_set_n_devices (setups[__i__].n_devices);
  fakedpu_set_n_cores (setups[__i__].n_cores);
  fakedpu_set_fingerprint (setups[__i__].fingerprint);
  fakedpu_set_fault (setups[__i__].fault);
  if (setups[__i__].firmware != NULL)
    g_setenv (FIRMWARE_VARIABLE, setups[__i__].firmware, TRUE);
  check_error_again_and_again (path, "device=dpu", setups[__i__].texts);

  fakedpu_set_n_devices (1);
  fakedpu_set_n_cores (1);
  fakedpu_set_fingerprint (FAKEDPU_FINGERPRINT);
  fakedpu_set_fault (FAKEDPU_FAULT_NONE);
  g_setenv (FIRMWARE_VARIABLE, firmware, TRUE);
  check_dpu_is_used (path);
}
GST_END_TEST;

/* a bitstream other than the one that VART has read about */
GST_START_TEST (test_other_bitstream)
{
  static const gchar *const texts[] = { "/other.xclbin cannot be chosen",
    NULL };
  g_autofree gchar *path = boardrig_write_detector ();

  check_error_again_and_again (path, "device=dpu xclbin=/other.xclbin", texts);
  check_dpu_is_used (path);
}
GST_END_TEST;

/* another process has the DPU */
GST_START_TEST (test_dpu_of_other_process)
{
  static const gchar *const texts[] = { "another process has the DPU",
    BOARDRIG_LOCK_PATH, NULL };
  g_autofree gchar *path = boardrig_write_detector ();
  pid_t child = boardrig_lock_in_other_process (BOARDRIG_LOCK_PATH);

  check_error_again_and_again (path, "device=dpu", texts);
  boardrig_end_other_process (child);
  check_dpu_is_used (path);
}
GST_END_TEST;

/* the quantizer's output is for no DPU */
GST_START_TEST (test_quantized_model)
{
  static const gchar *const texts[] = { "quantizer's output", "vai_c_xir",
    NULL };
  g_autofree gchar *quantized = g_build_filename (g_getenv ("TEST_MODELS_DIR"),
      "street", "street-640x384_int.xmodel", NULL);
  g_autofree gchar *compiled = boardrig_write_detector ();

  check_error_again_and_again (quantized, "device=dpu", texts);
  check_dpu_is_used (compiled);
}
GST_END_TEST;

/* nor is what says too little of the DPU's memory, or nothing to do */
GST_START_TEST (test_incomplete_model)
{
  const gchar *texts[] = { NULL, "vai_c_xir", NULL };
  g_autofree gchar *incomplete = boardrig_write_incomplete (__i__, &texts[0]);
  g_autofree gchar *complete = NULL;

  check_error_again_and_again (incomplete, "device=dpu", texts);
  complete = boardrig_write_detector ();
  check_dpu_is_used (complete);
}
GST_END_TEST;

static Suite *
yolov5dpu_obstacles_suite (void)
{
  Suite *suite = suite_create ("yolov5dpu-obstacles");
  TCase *tcase = tcase_create ("obstacles");

  suite_add_tcase (suite, tcase);
  testfolder_add (tcase);
  tcase_set_timeout (tcase, 120);
  tcase_add_checked_fixture (tcase, boardrig_setup, boardrig_teardown);
  tcase_add_loop_test (tcase, test_wrong_setup, 0, G_N_ELEMENTS (setups));
  tcase_add_test (tcase, test_other_bitstream);
  tcase_add_test (tcase, test_dpu_of_other_process);
  tcase_add_test (tcase, test_quantized_model);
  tcase_add_loop_test (tcase, test_incomplete_model, 0, BOARDRIG_N_INCOMPLETE);
  return suite;
}

GST_CHECK_MAIN (yolov5dpu_obstacles);
