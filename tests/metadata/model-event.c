/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* The event by which detectors tell downstream what they find. */

#include "metadata/model-event.h"

#include <gst/check/gstcheck.h>

static const gchar *const labels[] = { "car", "person", "Äpfel" };

/* everything that was said is read */
GST_START_TEST (test_fields)
{
  GstEvent *event = gst_yolov5_model_event_new (
      "my detector", "/GstPipeline:a pipe/GstYolov5Dpu:my detector", labels, 3);
  const gchar *element, *path;
  GStrv found;

  fail_unless (GST_EVENT_IS_STICKY (event));
  fail_unless (GST_EVENT_IS_SERIALIZED (event));
  fail_unless (gst_yolov5_model_event_parse (event, &element, &path, &found));
  fail_unless_equals_string (element, "my detector");
  fail_unless_equals_string (
      path, "/GstPipeline:a pipe/GstYolov5Dpu:my detector");
  fail_unless (g_strv_equal ((const gchar *const *) found,
      (const gchar *[]){ "car", "person", "Äpfel", NULL }));
  g_strfreev (found);
  gst_event_unref (event);
}
GST_END_TEST;

static gboolean
count_models (GstPad *pad, GstEvent **event, gpointer n)
{
  const gchar *element, *path;

  *(guint *) n += gst_yolov5_model_event_parse (*event, &element, &path, NULL);
  return TRUE;
}

/* a pad keeps what each of several detectors said last, for those that are
 * linked later */
GST_START_TEST (test_several_detectors)
{
  static const gchar *const paths[] = { "/p/a", "/p/b", "/p/a" };
  GstPad *pad = gst_pad_new ("src", GST_PAD_SRC);
  guint i, n = 0;

  gst_pad_set_active (pad, TRUE);
  gst_pad_push_event (pad, gst_event_new_stream_start ("stream"));
  for (i = 0; i < G_N_ELEMENTS (paths); i++)
    gst_pad_push_event (
        pad, gst_yolov5_model_event_new ("detector", paths[i], labels, 3));
  gst_pad_sticky_events_foreach (pad, count_models, &n);
  fail_unless_equals_int (n, 2);
  gst_pad_set_active (pad, FALSE);
  gst_object_unref (pad);
}
GST_END_TEST;

/* other events, and such as only look like it, say nothing */
GST_START_TEST (test_other_events)
{
  static const gchar *const texts[] = {
    "something",
    "yolov5dpu-model",
    "yolov5dpu-model.x",
    "yolov5dpu-model.x, element=(string)a, path=(string)b",
    "yolov5dpu-model.x, element=(string)a, path=(string)b, labels=(string)c",
    "yolov5dpu-model.x, element=(int)1, path=(string)b, labels=(string)<c>",
  };
  const gchar *element, *path;
  GStrv found = NULL;
  GstEvent *event;
  guint i;

  for (i = 0; i < G_N_ELEMENTS (texts); i++) {
    event = gst_event_new_custom (GST_EVENT_CUSTOM_DOWNSTREAM_STICKY,
        gst_structure_new_from_string (texts[i]));
    fail_if (gst_yolov5_model_event_parse (event, &element, &path, &found),
        "%s", texts[i]);
    gst_event_unref (event);
  }
  event = gst_event_new_eos ();
  fail_if (gst_yolov5_model_event_parse (event, &element, &path, &found));
  gst_event_unref (event);

  /* labels of another type have no name */
  event = gst_event_new_custom (GST_EVENT_CUSTOM_DOWNSTREAM_STICKY,
      gst_structure_new_from_string (
          "yolov5dpu-model.x, element=(string)a, path=(string)b, "
          "labels=(int)<1, 2>"));
  fail_unless (gst_yolov5_model_event_parse (event, &element, &path, &found));
  fail_unless_equals_string (found[0], "");
  fail_unless_equals_int (g_strv_length (found), 2);
  g_strfreev (found);
  gst_event_unref (event);
}
GST_END_TEST;

static Suite *
model_event_suite (void)
{
  Suite *suite = suite_create ("model-event");
  TCase *tcase = tcase_create ("general");

  suite_add_tcase (suite, tcase);
  tcase_add_test (tcase, test_fields);
  tcase_add_test (tcase, test_several_detectors);
  tcase_add_test (tcase, test_other_events);
  return suite;
}

GST_CHECK_MAIN (model_event)
