/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* What yolov5overlay does where the fonts for its labels are missing. */

#include "rig.h"

#include <string.h>

#include "testfolder.h"

/* for this process, which must not have looked for fonts before */
static void
hide_all_fonts (const gchar *folder)
{
  static const gchar text[] =
      "<?xml version=\"1.0\"?>\n<!DOCTYPE fontconfig SYSTEM \"fonts.dtd\">\n"
      "<fontconfig><cachedir prefix=\"relative\">cache</cachedir></fontconfig>\n";
  g_autofree gchar *path = g_build_filename (folder, "fonts.conf", NULL);

  fail_unless (g_file_set_contents (path, text, -1, NULL));
  g_setenv ("FONTCONFIG_FILE", path, TRUE);
}

static void
check_one_warning (GstBus *bus, const gchar *word)
{
  GstMessage *message = gst_bus_pop_filtered (bus, GST_MESSAGE_WARNING);
  GError *error;

  fail_unless (message != NULL, "no warning with \"%s\"", word);
  gst_message_parse_warning (message, &error, NULL);
  fail_unless (g_error_matches (
      error, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_NOT_FOUND));
  fail_unless (strstr (error->message, word) != NULL, "\"%s\" lacks \"%s\"",
      error->message, word);
  g_error_free (error);
  gst_message_unref (message);
  fail_if (gst_bus_have_pending (bus));
}

/* without any font, one warning takes the place of squares: there are boxes
 * alone */
GST_START_TEST (test_no_font)
{
  g_autofree gchar *folder = testfolder_make ();
  GstBus *bus = gst_bus_new ();
  GBytes *boxes;
  GstHarness *h;
  guint i;

  hide_all_fonts (folder);
  h = new_overlay ("NV12", 320, 240, NULL);
  gst_element_set_bus (h->element, bus);
  g_object_set (h->element, "draw-labels", FALSE, NULL);
  boxes = draw_region_pixels (h, "person", 0, 0.5, 40, 100, 100, 100);
  fail_if (gst_bus_have_pending (bus));

  g_object_set (h->element, "draw-labels", TRUE, "draw-stats", TRUE, NULL);
  for (i = 0; i < 3; i++)
    fail_unless (same_and_unref (g_bytes_ref (boxes),
        draw_region_pixels (h, "person", 0, 0.5, 40, 100, 100, 100)));
  check_one_warning (bus, "fonts-dejavu-core");
  g_bytes_unref (boxes);
  gst_element_set_bus (h->element, NULL);
  gst_object_unref (bus);
  gst_harness_teardown (h);
  testfolder_remove (folder);
}
GST_END_TEST;

/* a label with letters that no font has is worth one warning; those of private
 * use are in none */
GST_START_TEST (test_missing_letters)
{
  GstHarness *h = new_overlay ("NV12", 320, 240, NULL);
  GstBus *bus = gst_bus_new ();
  guint i;

  gst_element_set_bus (h->element, bus);
  gst_buffer_unref (draw_region (h, "person", 0, 0.5, 40, 100, 100, 100));
  if (gst_bus_have_pending (bus)) {
    g_print ("skipped: there is no font\n");
  } else {
    for (i = 0; i < 3; i++)
      gst_buffer_unref (
          draw_region (h, "a\xf4\x8f\xbf\xb0", 0, 0.5, 40, 100, 100, 100));
    check_one_warning (bus, "a\xf4\x8f\xbf\xb0");
  }
  gst_element_set_bus (h->element, NULL);
  gst_object_unref (bus);
  gst_harness_teardown (h);
}
GST_END_TEST;

static Suite *
yolov5overlay_fonts_suite (void)
{
  Suite *suite = suite_create ("yolov5overlay-fonts");
  TCase *tcase = tcase_create ("general");

  suite_add_tcase (suite, tcase);
  testfolder_add (tcase);
  tcase_add_test (tcase, test_no_font);
  tcase_add_test (tcase, test_missing_letters);
  return suite;
}

GST_CHECK_MAIN (yolov5overlay_fonts)
