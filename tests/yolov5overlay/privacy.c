/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* What yolov5overlay does about lists of classes that would hide nothing: no
 * frame passes in which somebody can be seen by mistake. */

#include "rig.h"

#include <string.h>

#include "metadata/model-event.h"

static const gchar *const street[] = { "person", "car", "Äpfel" };
static const gchar *const faces[] = { "face", "licence plate" };

static void
tell_model (GstHarness *h, const gchar *path, const gchar *const *labels)
{
  fail_unless (
      gst_harness_push_event (h, gst_yolov5_model_event_new ("detector", path,
                                     labels, labels == street ? 3 : 2)));
}

/* an overlay whose messages are collected from its start on */
static GstHarness *
new_started (GstElement *overlay, GstBus *bus)
{
  GstHarness *h;

  gst_element_set_bus (overlay, bus);
  h = gst_harness_new_with_element (overlay, "sink", "src");
  gst_object_unref (overlay);
  gst_harness_set_src_caps_str (
      h, "video/x-raw,format=NV12,width=128,height=96,framerate=30/1");
  return h;
}

static void
free_started (GstHarness *h, GstBus *bus)
{
  gst_element_set_bus (h->element, NULL);
  gst_object_unref (bus);
  gst_harness_teardown (h);
}

static void
check_error (GstBus *bus, const gchar *word)
{
  GstMessage *message = gst_bus_pop_filtered (bus, GST_MESSAGE_ERROR);
  GError *error;

  fail_unless (message != NULL, "no error with \"%s\"", word);
  gst_message_parse_error (message, &error, NULL);
  fail_unless (
      g_error_matches (error, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_SETTINGS));
  fail_unless (strstr (error->message, "\"blur\"") != NULL
                   && strstr (error->message, word) != NULL,
      "\"%s\" lacks \"%s\"", error->message, word);
  g_error_free (error);
  gst_message_unref (message);
}

static void
check_no_warning (GstBus *bus)
{
  GstMessage *message =
      gst_bus_pop_filtered (bus, GST_MESSAGE_WARNING | GST_MESSAGE_ERROR);

  fail_unless (message == NULL, "there is %s",
      message ? GST_MESSAGE_TYPE_NAME (message) : "");
}

/* says what was wrong with properties that were set before it could, once, and
 * says nothing of what was mended since */
GST_START_TEST (test_refused_before_start)
{
  GstElement *overlay = gst_element_factory_make ("yolov5overlay", NULL);
  GstBus *bus = gst_bus_new ();
  GstHarness *h;
  gchar *value;

  g_object_set (overlay, "class-colors", "person=notacolor", NULL);
  g_object_set (overlay, "classes", "-5", NULL);
  g_object_set (overlay, "classes", "car", NULL);
  h = new_started (overlay, bus);
  check_warning (bus, "\"class-colors\"", "\"notacolor\"");
  check_no_warning (bus);
  g_object_get (overlay, "class-colors", &value, NULL);
  fail_unless (value == NULL);

  gst_element_set_state (overlay, GST_STATE_NULL);
  gst_element_set_state (overlay, GST_STATE_PLAYING);
  check_no_warning (bus);
  free_started (h, bus);
}
GST_END_TEST;

/* does not start with a list to hide that it cannot read, and starts when it can
 * be read */
GST_START_TEST (test_unreadable_blur)
{
  static const struct {
    const gchar *text;
    const gchar *wrong;
  } cases[] = {
    { "9999999999999", "\"9999999999999\"" },
    { "person,-1", "\"-1\"" },
    { ",", "no class" },
    { " ", "no class" },
  };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (cases); i++) {
    GstElement *overlay = gst_element_factory_make ("yolov5overlay", NULL);
    GstBus *bus = gst_bus_new ();
    gchar *value;

    gst_object_ref_sink (overlay);
    g_object_set (overlay, "blur", "car", "blur", cases[i].text, NULL);
    gst_element_set_bus (overlay, bus);
    fail_unless_equals_int (gst_element_set_state (overlay, GST_STATE_PAUSED),
        GST_STATE_CHANGE_FAILURE);
    check_error (bus, cases[i].wrong);
    g_object_get (overlay, "blur", &value, NULL);
    fail_unless_equals_string (value, cases[i].text);
    g_free (value);

    gst_element_set_state (overlay, GST_STATE_NULL);
    g_object_set (overlay, "blur", "person", NULL);
    fail_unless_equals_int (gst_element_set_state (overlay, GST_STATE_PAUSED),
        GST_STATE_CHANGE_SUCCESS);
    gst_element_set_state (overlay, GST_STATE_NULL);
    gst_element_set_bus (overlay, NULL);
    gst_object_unref (bus);
    gst_object_unref (overlay);
  }
}
GST_END_TEST;

/* knows the classes of all models upstream, in any case: a list with others lets
 * no frame pass */
GST_START_TEST (test_blurred_classes_of_models)
{
  static const struct {
    const gchar *text;
    /* what is wrong with it, or NULL */
    const gchar *wrong;
    gboolean hides_person;
  } cases[] = {
    { "person", NULL, TRUE },
    { "Person", NULL, TRUE },
    { "PERSON", NULL, TRUE },
    { "car;pErSoN", NULL, TRUE },
    { "äPFEL", NULL, FALSE },
    { "face", NULL, FALSE },
    { "LICENCE PLATE,0", NULL, TRUE },
    { "0", NULL, TRUE },
    { "2", NULL, FALSE },
    { "*", NULL, TRUE },
    { "All", NULL, TRUE },
    { "", NULL, FALSE },
    { "persn", "\"persn\"", FALSE },
    { "person:car", "\"person:car\"", FALSE },
    { "person,persn", "\"persn\"", FALSE },
    { "3", "\"3\"", FALSE },
    { "persn", "person, car, Äpfel, face, licence plate", FALSE },
  };
  guint i, k;

  for (i = 0; i < G_N_ELEMENTS (cases); i++) {
    GstElement *overlay = gst_element_factory_make ("yolov5overlay", NULL);
    GstBus *bus = gst_bus_new ();
    GstHarness *h;

    g_object_set (overlay, "blur", cases[i].text, "draw-labels", FALSE,
        "classes", "face", NULL);
    h = new_started (overlay, bus);
    tell_model (h, "/a", street);
    tell_model (h, "/b", faces);
    for (k = 0; k < 2; k++) {
      GstBuffer *buffer = new_frame (h, 0);

      add_region (buffer, "person", 0, 0.5, 16, 16, 64, 64);
      if (!cases[i].wrong) {
        fail_unless_equals_int (is_drawn_on (h, buffer), cases[i].hides_person);
        check_no_warning (bus);
      } else {
        fail_unless_equals_int (gst_harness_push (h, buffer), GST_FLOW_ERROR);
        fail_unless_equals_int (gst_harness_buffers_in_queue (h), 0);
        check_error (bus, cases[i].wrong);
      }
    }
    free_started (h, bus);
  }
}
GST_END_TEST;

/* refuses such lists while it runs, and goes on hiding what it hid */
GST_START_TEST (test_blur_refused_while_playing)
{
  static const struct {
    const gchar *text;
    const gchar *wrong;
  } cases[] = {
    { "persn", "\"persn\"" },
    { "person:car", "\"person:car\"" },
    { "9999999999999", "\"9999999999999\"" },
    { ";", "no class" },
  };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (cases); i++) {
    GstElement *overlay = gst_element_factory_make ("yolov5overlay", NULL);
    GstBus *bus = gst_bus_new ();
    GstHarness *h;
    GstBuffer *buffer;
    gchar *value;

    g_object_set (overlay, "blur", "person", "classes", "car", NULL);
    h = new_started (overlay, bus);
    tell_model (h, "/a", street);
    g_object_set (overlay, "blur", cases[i].text, NULL);
    check_warning (bus, "\"blur\"", cases[i].wrong);
    g_object_get (overlay, "blur", &value, NULL);
    fail_unless_equals_string (value, "person");
    g_free (value);
    buffer = new_frame (h, 0);
    add_region (buffer, "person", 0, 0.5, 16, 16, 64, 64);
    fail_unless (is_drawn_on (h, buffer));
    check_no_warning (bus);
    free_started (h, bus);
  }
}
GST_END_TEST;

/* says once which classes to show or to colour nobody finds */
GST_START_TEST (test_unknown_classes)
{
  static const struct {
    const gchar *property;
    const gchar *text;
  } cases[] = { { "classes", "person,persn" },
    { "class-colors", "person=red,persn=blue" } };
  guint i, k;

  for (i = 0; i < G_N_ELEMENTS (cases); i++) {
    GstElement *overlay = gst_element_factory_make ("yolov5overlay", NULL);
    GstBus *bus = gst_bus_new ();
    GstHarness *h;

    g_object_set (overlay, cases[i].property, cases[i].text, NULL);
    h = new_started (overlay, bus);
    tell_model (h, "/a", street);
    for (k = 0; k < 3; k++) {
      g_object_set (overlay, "thickness", k, NULL);
      tell_model (h, "/a", street);
      gst_buffer_unref (draw_region (h, "person", 0, 0.5, 16, 16, 64, 64));
      if (k == 0)
        check_warning (bus, cases[i].property, "\"persn\"");
      check_no_warning (bus);
    }
    free_started (h, bus);
  }
}
GST_END_TEST;

/* where nobody tells the classes, it says once after many frames with objects
 * that nothing was hidden on any of them */
GST_START_TEST (test_nothing_ever_hidden)
{
  GstElement *overlay = gst_element_factory_make ("yolov5overlay", NULL);
  GstBus *bus = gst_bus_new ();
  GstHarness *h;
  guint i;

  g_object_set (overlay, "blur", "persn", NULL);
  h = new_started (overlay, bus);
  for (i = 0; i < 250; i++) {
    gst_buffer_unref (draw_region (h, "person", 0, 0.5, 16, 16, 64, 64));
    if (i == 99)
      check_warning (bus, "(persn)", "\"person\"");
    check_no_warning (bus);
  }
  g_object_set (overlay, "blur", "person", NULL);
  for (i = 0; i < 150; i++)
    gst_buffer_unref (
        draw_region (h, i == 0 ? "person" : "car", 0, 0.5, 16, 16, 64, 64));
  check_no_warning (bus);
  free_started (h, bus);
}
GST_END_TEST;

/* hides objects of which nobody says whether they are what is to be hidden, and
 * says so once */
GST_START_TEST (test_unclear_objects)
{
  static const struct {
    const gchar *text;
    const gchar *label;
    gint label_id;
    gboolean hidden;
    gboolean unclear;
  } cases[] = {
    { "0", "person", NO_LABEL_ID, TRUE, TRUE },
    { "0", "50", NO_LABEL_ID, FALSE, FALSE },
    { "person", NULL, NO_LABEL_ID, TRUE, TRUE },
    { "person", NULL, 0, TRUE, TRUE },
    { "person", "car", NO_LABEL_ID, FALSE, FALSE },
    { "1", NULL, 0, FALSE, FALSE },
    { "*", NULL, NO_LABEL_ID, TRUE, FALSE },
  };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (cases); i++) {
    GstElement *overlay = gst_element_factory_make ("yolov5overlay", NULL);
    GstBus *bus = gst_bus_new ();
    GstMessage *message;
    GstHarness *h;
    guint k;

    g_object_set (overlay, "blur", cases[i].text, "classes", "nothing", NULL);
    h = new_started (overlay, bus);
    for (k = 0; k < 2; k++)
      fail_unless_equals_int (same_and_unref (blank_pixels (h),
                                  draw_region_pixels (h, cases[i].label,
                                      cases[i].label_id, 0.5, 16, 16, 64, 64)),
          !cases[i].hidden);
    message = gst_bus_pop_filtered (bus, GST_MESSAGE_WARNING);
    fail_unless_equals_int (message != NULL, cases[i].unclear);
    if (message)
      gst_message_unref (message);
    check_no_warning (bus);
    free_started (h, bus);
  }
}
GST_END_TEST;

/* finds the number of a class by its name in the model, where it got lost */
GST_START_TEST (test_lost_numbers)
{
  static const struct {
    const gchar *text;
    gboolean hidden;
  } cases[] = { { "0", TRUE }, { "1", FALSE } };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (cases); i++) {
    GstElement *overlay = gst_element_factory_make ("yolov5overlay", NULL);
    GstBus *bus = gst_bus_new ();
    GstHarness *h;

    g_object_set (overlay, "blur", cases[i].text, "classes", "car", NULL);
    h = new_started (overlay, bus);
    tell_model (h, "/a", street);
    fail_unless_equals_int (
        same_and_unref (blank_pixels (h),
            draw_region_pixels (h, "person", NO_LABEL_ID, 0.5, 16, 16, 64, 64)),
        !cases[i].hidden);
    check_no_warning (bus);
    free_started (h, bus);
  }
}
GST_END_TEST;

static Suite *
yolov5overlay_privacy_suite (void)
{
  Suite *suite = suite_create ("yolov5overlay-privacy");
  TCase *tcase = tcase_create ("general");

  suite_add_tcase (suite, tcase);
  tcase_add_test (tcase, test_refused_before_start);
  tcase_add_test (tcase, test_unreadable_blur);
  tcase_add_test (tcase, test_blurred_classes_of_models);
  tcase_add_test (tcase, test_blur_refused_while_playing);
  tcase_add_test (tcase, test_unknown_classes);
  tcase_add_test (tcase, test_nothing_ever_hidden);
  tcase_add_test (tcase, test_unclear_objects);
  tcase_add_test (tcase, test_lost_numbers);
  return suite;
}

GST_CHECK_MAIN (yolov5overlay_privacy)
