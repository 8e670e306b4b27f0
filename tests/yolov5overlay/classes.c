/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* The colours that yolov5overlay is told to use, and the classes it is told to
 * show. */

#include "rig.h"

#include <string.h>

static const guint8 red[3] = { 255, 0, 0 };
static const guint8 blue[3] = { 0, 0, 255 };
static const guint8 green[3] = { 0, 255, 0 };

/* colour of the box around a thing */
static void
get_box_rgb (GstHarness *h, const gchar *label, gint label_id, guint8 rgb[3])
{
  GstBuffer *buffer = draw_region (h, label, label_id, 0.5, 8, 8, 32, 32);

  get_buffer_rgb (h, buffer, 8, 20, rgb);
  gst_buffer_unref (buffer);
}

/* gives classes the colours that class-colors has for their names or numbers,
 * and lets the others keep theirs */
GST_START_TEST (test_class_colors)
{
  static const struct {
    const gchar *text;
    const gchar *label;
    gint label_id;
    const guint8 *rgb;
  } cases[] = {
    { "person=#ff0000,car=blue,2=0x00ff00", "person", 0, red },
    { "person=#ff0000,car=blue,2=0x00ff00", "car", 1, blue },
    { "person=#ff0000,car=blue,2=0x00ff00", "truck", 2, green },
    { "person=#ff0000,car=blue,2=0x00ff00", "bus", 3, NULL },
    /* a name counts more than a number, of two entries the last */
    { "2=red;car=blue", "car", 2, blue },
    { "car=red;car=blue", "car", 2, blue },
    { "2=red,2=blue", "car", 2, blue },
    { "*=red,car=blue", "car", 2, blue },
    { "car=blue,*=red", "car", 2, blue },
    { "car=blue,*=red", "bus", NO_LABEL_ID, red },
    { "all=red", NULL, NO_LABEL_ID, red },
    { "  traffic light = #00f ;; ", "traffic light", 9, blue },
    { "a=b=red", "a=b", 4, red },
    { "car=RED", "car", 2, red },
    { "car=0X0000FF", "car", 2, blue },
    { "0=red", "person", 0, red },
    { "2147483647=red", "person", G_MAXINT, red },
    /* in any case, in any script */
    { "Car=red", "car", 2, red },
    { "car=red", "CAR", 2, red },
    { "ÄPFEL=red", "äpfel", 2, red },
    { "", "car", 2, NULL },
    { NULL, "car", 2, NULL },
  };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (cases); i++) {
    GstHarness *h = new_overlay ("RGB", 64, 48, NULL);
    guint8 rgb[3], usual[3];

    g_object_set (h->element, "draw-labels", FALSE, NULL);
    get_box_rgb (h, cases[i].label, cases[i].label_id, usual);
    g_object_set (h->element, "class-colors", cases[i].text, NULL);
    get_box_rgb (h, cases[i].label, cases[i].label_id, rgb);
    fail_unless (memcmp (rgb, cases[i].rgb ? cases[i].rgb : usual, 3) == 0,
        "%s is #%02x%02x%02x with \"%s\"", GST_STR_NULL (cases[i].label),
        rgb[0], rgb[1], rgb[2], GST_STR_NULL (cases[i].text));
    g_object_set (h->element, "class-colors", NULL, NULL);
    get_box_rgb (h, cases[i].label, cases[i].label_id, rgb);
    fail_unless (memcmp (rgb, usual, 3) == 0);
    gst_harness_teardown (h);
  }
}
GST_END_TEST;

/* shows the classes that it is told to, by name or number, and every one when
 * it is told nothing */
GST_START_TEST (test_shown_classes)
{
  static const struct {
    const gchar *text;
    const gchar *label;
    gint label_id;
    gboolean shown;
  } cases[] = {
    { NULL, "car", 2, TRUE },
    { "", "car", 2, TRUE },
    { " , ;", "car", 2, TRUE },
    { "*", "car", 2, TRUE },
    { "all", NULL, NO_LABEL_ID, TRUE },
    { "car", "car", 2, TRUE },
    { "person,car", "car", 2, TRUE },
    { "person;car", "car", 2, TRUE },
    { "person, car ;", "car", 2, TRUE },
    { "person", "car", 2, FALSE },
    { "2", "car", 2, TRUE },
    { "02", "car", 2, TRUE },
    { "3", "car", 2, FALSE },
    { "2", "car", NO_LABEL_ID, FALSE },
    { "car", NULL, NO_LABEL_ID, FALSE },
    { "ca", "car", 2, FALSE },
    { "cars", "car", 2, FALSE },
    /* names that are numbers, as those of speed limits: no number of a class */
    { "50", "50", 3, TRUE },
    { "50", "50", NO_LABEL_ID, TRUE },
    { "3", "50", 3, FALSE },
    { "3", "", 3, TRUE },
    { "CAR", "car", 2, TRUE },
    { "ΣΊΣΥΦΟΣ", "σίσυφος", 2, TRUE },
    { "A\xcc\x88pfel", "äpfel", 2, TRUE },
    { "自転車", "自転車", 1, TRUE },
    { "\xff\xfe", "\xff\xfe", 1, TRUE },
  };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (cases); i++) {
    GstHarness *h = new_overlay ("NV12", 64, 48, NULL);
    GBytes *pixels;

    g_object_set (h->element, "classes", cases[i].text, NULL);
    pixels = draw_region_pixels (
        h, cases[i].label, cases[i].label_id, 0.5, 8, 8, 9, 9);
    fail_unless_equals_int (
        same_and_unref (pixels, blank_pixels (h)), !cases[i].shown);
    gst_harness_teardown (h);
  }
}
GST_END_TEST;

/* shows one class of two, at the place and with the label it has alone */
GST_START_TEST (test_shown_class_among_others)
{
  GstHarness *h = new_overlay ("NV12", 320, 240, NULL);
  GstBuffer *both = new_frame (h, 0);

  add_region (both, "person", 0, 0.9, 40, 60, 100, 100);
  add_region (both, "car", 2, 0.8, 60, 80, 200, 100);
  g_object_set (h->element, "classes", "car", NULL);
  fail_unless (same_and_unref (push_pixels (h, both),
      draw_region_pixels (h, "car", 2, 0.8, 60, 80, 200, 100)));
  gst_harness_teardown (h);
}
GST_END_TEST;

/* refuses lists it cannot read with a warning that names the property and the
 * part that is wrong, and goes on with the value before */
GST_START_TEST (test_refused_lists)
{
  static const struct {
    const gchar *property;
    const gchar *kept;
    const gchar *text;
    const gchar *part;
  } cases[] = {
    { "class-colors", "car=red", "car", "\"car\"" },
    { "class-colors", "car=red", "car=blue,person=", "\"\"" },
    { "class-colors", "car=red", "car=blau", "\"blau\"" },
    { "class-colors", "car=red", "car=#ff00", "\"#ff00\"" },
    { "class-colors", "car=red", "car=#ff00000000", "\"#ff00000000\"" },
    { "class-colors", "car=red", "car=0xff", "\"0xff\"" },
    { "class-colors", "car=red", "car=0xffff0000", "\"0xffff0000\"" },
    { "class-colors", "car=red", "car=0xgg0000", "\"0xgg0000\"" },
    { "class-colors", "car=red", "=blue", "\"blue\"" },
    { "class-colors", "car=red", "-1=blue", "\"-1\"" },
    { "class-colors", NULL, "car=\xff\xfe", "car" },
    { "classes", "car", "-1", "\"-1\"" },
    { "classes", NULL, "car,2147483648", "\"2147483648\"" },
    { "classes", "car", "99999999999999999999999", "\"9999999999" },
    { "blur", "nobody", "+1", "\"+1\"" },
    { "blur", NULL, "-99999999999999999999999", "\"-9999999999" },
  };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (cases); i++) {
    GstHarness *h = new_overlay ("RGB", 64, 48, NULL);
    GstBus *bus = gst_bus_new ();
    gchar *value;
    GBytes *before;

    gst_element_set_bus (h->element, bus);
    g_object_set (h->element, cases[i].property, cases[i].kept, NULL);
    before = draw_region_pixels (h, "car", 2, 0.5, 8, 8, 32, 32);
    fail_if (gst_bus_have_pending (bus));

    g_object_set (h->element, cases[i].property, cases[i].text, NULL);
    check_warning (bus, cases[i].property,
        strcmp (cases[i].part, "car") == 0 ? "\xef\xbf\xbd" : cases[i].part);
    g_object_get (h->element, cases[i].property, &value, NULL);
    fail_unless_equals_string (value, cases[i].kept);
    fail_unless (same_and_unref (
        before, draw_region_pixels (h, "car", 2, 0.5, 8, 8, 32, 32)));
    g_free (value);
    gst_element_set_bus (h->element, NULL);
    gst_object_unref (bus);
    gst_harness_teardown (h);
  }
}
GST_END_TEST;

/* the colour of the text on a label: the one farthest from its ground. The video
 * is seen through its corners. */
static void
get_text_rgb (GstHarness *h, guint8 rgb[3])
{
  const GstVideoRectangle box = { .x = 40, .y = 100, .w = 200, .h = 100 };
  GstBuffer *buffer =
      draw_region (h, "mmmmmmmm", 0, 0.5, box.x, box.y, box.w, box.h);
  GstVideoRectangle label;
  gint x, y, c, largest = -1;
  guint8 fill[3], pixel[3];

  get_buffer_rgb (h, buffer, box.x, box.y, fill);
  find_label (h, buffer, &box, 2, &label);
  for (y = label.y + label.h / 4; y < label.y + label.h * 3 / 4; y++)
    for (x = label.x + label.h / 4; x < label.x + label.w - label.h / 4; x++) {
      gint difference = 0;

      get_buffer_rgb (h, buffer, x, y, pixel);
      for (c = 0; c < 3; c++)
        difference += ABS (pixel[c] - fill[c]);
      if (difference > largest) {
        largest = difference;
        memcpy (rgb, pixel, 3);
      }
    }
  gst_buffer_unref (buffer);
}

/* writes labels in the colour of labels-color: without one in black or white,
 * with alpha in a mixture with the ground, and with a colour that lacks alpha
 * as if it was opaque */
GST_START_TEST (test_labels_color)
{
  static const struct {
    guint color;
    const gchar *fill;
    guint8 rgb[3];
  } cases[] = {
    { 0, "mmmmmmmm=white", { 0, 0, 0 } },
    { 0, "mmmmmmmm=yellow", { 0, 0, 0 } },
    { 0, "mmmmmmmm=black", { 255, 255, 255 } },
    { 0, "mmmmmmmm=blue", { 255, 255, 255 } },
    { 0xffffff00, "mmmmmmmm=black", { 255, 255, 0 } },
    { 0xff102030, "mmmmmmmm=white", { 0x10, 0x20, 0x30 } },
    { 0xff000000, "mmmmmmmm=white", { 0, 0, 0 } },
    { 0x00ff0000, "mmmmmmmm=black", { 255, 0, 0 } },
    { 0x80ff0000, "mmmmmmmm=black", { 128, 0, 0 } },
    { 0x80ffffff, "mmmmmmmm=red", { 255, 128, 128 } },
  };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (cases); i++) {
    GstHarness *h = new_overlay ("RGB", 320, 240, NULL);
    guint8 rgb[3];

    /* letters with cores as thick as several pixels */
    g_object_set (h->element, "labels-color", cases[i].color, "class-colors",
        cases[i].fill, "font-desc", "Sans Bold 40px", "thickness", 2,
        "draw-confidence", FALSE, NULL);
    get_text_rgb (h, rgb);
    fail_unless (memcmp (rgb, cases[i].rgb, 3) == 0,
        "0x%08x on %s is #%02x%02x%02x", cases[i].color, cases[i].fill, rgb[0],
        rgb[1], rgb[2]);
    gst_harness_teardown (h);
  }
}
GST_END_TEST;

static gpointer
change_properties (gpointer data)
{
  GstHarness *h = data;
  gint i;

  for (i = 0; i < 200; i++)
    g_object_set (h->element, "class-colors",
        i % 2 == 0 ? "person=red,2=blue" : NULL, "classes",
        i % 3 == 0 ? "person" : "*", "blur", i % 5 == 0 ? "person" : NULL,
        "labels-color", i % 7 == 0 ? 0xff00ff00 : 0, NULL);
  return NULL;
}

/* takes other lists from another thread while it draws */
GST_START_TEST (test_lists_from_another_thread)
{
  GstHarness *h = new_overlay ("NV12", 160, 120, NULL);
  GThread *thread = g_thread_new ("properties", change_properties, h);
  gint i;

  for (i = 0; i < 200; i++)
    gst_buffer_unref (draw_region (h, "person", 0, 0.5, 40, 60, 100, 50));
  g_thread_join (thread);
  gst_harness_teardown (h);
}
GST_END_TEST;

static Suite *
yolov5overlay_classes_suite (void)
{
  Suite *suite = suite_create ("yolov5overlay-classes");
  TCase *tcase = tcase_create ("general");

  suite_add_tcase (suite, tcase);
  tcase_add_test (tcase, test_class_colors);
  tcase_add_test (tcase, test_shown_classes);
  tcase_add_test (tcase, test_shown_class_among_others);
  tcase_add_test (tcase, test_refused_lists);
  tcase_add_test (tcase, test_labels_color);
  tcase_add_test (tcase, test_lists_from_another_thread);
  return suite;
}

GST_CHECK_MAIN (yolov5overlay_classes)
