/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* A program for tests to kill: publishes numbers, and prints each once the
 * element has it, "end" when the broker has all.
 *
 * usage: publish-numbers PROPERTIES FIRST LAST */

#include <gst/check/gstharness.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int
main (int argc, char **argv)
{
  g_autofree gchar *text = NULL;
  GstElement *element;
  GstHarness *harness;
  gint i;

  gst_init (&argc, &argv);
  if (argc != 4)
    return 2;
  text = g_strdup_printf ("yolov5publish %s", argv[1]);
  element = gst_parse_launch (text, NULL);
  if (element == NULL)
    return 1;
  harness = gst_harness_new_with_element (element, "sink", NULL);
  gst_harness_set_src_caps_str (harness, "application/x-json");
  for (i = atoi (argv[2]); i <= atoi (argv[3]); i++) {
    gchar *line = g_strdup_printf ("%d\n", i);

    if (gst_harness_push (harness, gst_buffer_new_wrapped (line, strlen (line)))
        != GST_FLOW_OK)
      return 1;
    printf ("%d\n", i);
    fflush (stdout);
  }
  gst_harness_push_event (harness, gst_event_new_eos ());
  printf ("end\n");
  gst_harness_teardown (harness);
  gst_object_unref (element);
  return 0;
}
