/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* The verdicts of yolov5dpu-inspect on machines that this one is not, with a
 * double of dpu.h. */

#include "dpu/double.h"
#include "report.h"

#include <gst/check/gstcheck.h>

#include <string.h>

/* any sound model: the double opens them all as the same YOLOv5 */
static InspectReport *
inspect_golden (const gchar *name)
{
  g_autofree gchar *path = g_build_filename (
      g_getenv ("TEST_DATA_DIR"), "golden", name, "int.xmodel", NULL);

  return inspect_report_new (path);
}

static void
check_verdict (
    const InspectReport *report, InspectVerdict verdict, const gchar *text)
{
  g_autofree gchar *actual = inspect_report_describe_verdict (report);

  fail_unless_equals_int (report->verdict, verdict);
  fail_unless (strstr (actual, text) != NULL, "%s", actual);
}

/* A model that opens on a DPU runs there, and needs no bitstream. */
GST_START_TEST (test_dpu)
{
  g_autoptr (InspectReport) report = NULL;

  fake_dpu_set_device (DPU_DEVICE_DPU, NULL);
  report = inspect_golden ("t_dw");
  check_verdict (
      report, INSPECT_VERDICT_DPU, "Runs on the DPU of this machine.");
  fail_unless_equals_int (report->reasons->len, 0);
  for (guint i = 0; i < report->hints->len; i++)
    fail_unless (strstr (report->hints->pdata[i], "arch.json") == NULL);
  fail_unless_equals_int (yolov5_model_get_n_heads (report->yolov5), 3);
}
GST_END_TEST;

/* What cannot be opened cannot run, for the reason it was not opened. */
GST_START_TEST (test_refused)
{
  g_autoptr (InspectReport) report = NULL;

  fake_dpu_fail_open (DPU_ERROR_MODEL, "The model's fingerprint is another");
  report = inspect_golden ("t_dw");
  check_verdict (report, INSPECT_VERDICT_CANNOT_RUN,
      "Cannot run because the model has 1 heads");
  check_verdict (report, INSPECT_VERDICT_CANNOT_RUN,
      "Moreover, the model's fingerprint is another.");
  fail_unless_equals_int (report->reasons->len, 2);
}
GST_END_TEST;

/* Heads that are not YOLOv5's are no matter of the device. */
GST_START_TEST (test_other_heads)
{
  g_autoptr (InspectReport) report = NULL;

  fake_dpu_set_device (DPU_DEVICE_DPU, NULL);
  fake_dpu_set_output_channels (22);
  report = inspect_golden ("t_dw");
  check_verdict (report, INSPECT_VERDICT_CANNOT_RUN,
      "which is not 3 anchors x (5 + classes)");
  fail_unless_equals_int (report->reasons->len, 1);
}
GST_END_TEST;

/* Opening models leaves none open. */
GST_START_TEST (test_models_are_closed)
{
  InspectReport *report = inspect_golden ("t_dw");

  inspect_report_free (report);
  fail_unless_equals_int (fake_dpu_get_n_models (), 0);
}
GST_END_TEST;

static Suite *
inspect_verdict_suite (void)
{
  Suite *suite = suite_create ("inspect-verdict");
  TCase *chain = tcase_create ("general");

  suite_add_tcase (suite, chain);
  tcase_add_checked_fixture (chain, fake_dpu_reset, NULL);
  tcase_add_test (chain, test_dpu);
  tcase_add_test (chain, test_refused);
  tcase_add_test (chain, test_other_heads);
  tcase_add_test (chain, test_models_are_closed);
  return suite;
}

GST_CHECK_MAIN (inspect_verdict);
