/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* yolov5dpu-inspect on a machine with a DPU, the fake one under AMD's runner. */

#include "rig.h"

#include <gst/check/gstcheck.h>

#include <string.h>

/* the command on a machine whose DPU knows the sample detector */
static InspectResult *
inspect_on_board (const gchar *option)
{
  g_autoptr (XmodelFile__Graph) graph = xmodel_sample_new_detector (1, FALSE);
  g_autoptr (GBytes) bytes = xmodel_sample_pack (graph);
  g_autofree gchar *path = inspect_file ("detector.xmodel");

  fail_unless (g_file_set_contents (
      path, g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes), NULL));
  g_setenv ("FAKEDPU_MODELS", path, TRUE);
  g_setenv ("LD_PRELOAD", g_getenv ("TEST_FAKEDPU"), TRUE);
  return inspect_command ("--json", path, option, NULL);
}

static void
check_device (const InspectResult *result, const gchar *device)
{
  fail_unless_equals_string (json_object_get_string_member (
                                 inspect_result_get_verdict (result), "device"),
      device);
}

/* A model for the DPU of this machine runs there. */
GST_START_TEST (test_dpu)
{
  g_autoptr (InspectResult) result = inspect_on_board ("--bench");
  JsonObject *bench =
      json_object_get_object_member (inspect_result_get (result), "bench");

  inspect_check_verdict (result, 0, "Runs on the DPU of this machine.");
  check_device (result, "dpu");
  fail_unless_equals_string (
      json_object_get_string_member (bench, "device"), "dpu");
}
GST_END_TEST;

/* One for another DPU does not, and both fingerprints are named. */
GST_START_TEST (test_other_fingerprint)
{
  g_autoptr (InspectResult) result = NULL;

  g_setenv ("FAKEDPU_FINGERPRINT", "0x101000016010407", TRUE);
  result = inspect_on_board (NULL);
  inspect_check_verdict (result, 0, "Runs on the software DPU only, because");
  inspect_check_verdict (result, 0, "0x101000016010407");
  inspect_check_verdict (result, 0, "0x101000056010407");
  check_device (result, "cpu");
}
GST_END_TEST;

/* A DPU whose opening is fatal is a reason, not the end of the command. */
GST_START_TEST (test_fatal_fault)
{
  g_autoptr (InspectResult) result = NULL;

  g_setenv ("FAKEDPU_FAULT", "open", TRUE);
  result = inspect_on_board (NULL);
  inspect_check_verdict (result, 0, "Runs on the software DPU only, because");
  inspect_check_verdict (result, 0, "cannot open context");
}
GST_END_TEST;

static Suite *
inspect_board_suite (void)
{
  Suite *suite = suite_create ("inspect-board");
  TCase *chain = tcase_create ("general");

  suite_add_tcase (suite, chain);
  testfolder_add (chain);
  tcase_set_timeout (chain, 120);
  tcase_add_checked_fixture (chain, inspect_setup, inspect_teardown);
  tcase_add_test (chain, test_dpu);
  tcase_add_test (chain, test_other_fingerprint);
  tcase_add_test (chain, test_fatal_fault);
  return suite;
}

GST_CHECK_MAIN (inspect_board);
