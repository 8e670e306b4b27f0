/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* label-statistics FILE...: how well yolov5overlay places labels beside the
 * detections in files of yolov5json, and how well it did in version 0.1, which
 * had each label above its box. A clip's detections come from
 *
 *   gst-launch-1.0 -q filesrc location=CLIP ! decodebin ! \
 *       yolov5dpu model=XMODEL ! yolov5json ! filesink location=FILE
 */

#include "yolov5overlay/labelstatistics.h"

#include <stdio.h>

static gdouble
get_percent (guint n, guint all)
{
  return all == 0 ? 0.0 : 100.0 * n / all;
}

static void
print (const LabelStatistics *s, const gchar *rule)
{
  printf ("%s\n", rule);
  printf ("  covered by more than 10 %%    %6.2f %% of the labels\n",
      get_percent (s->n_covered, s->n_labels));
  printf ("  overlapping                  %6.2f %% of the frames\n",
      get_percent (s->n_overlapping_frames, s->n_frames));
  printf ("  over somebody else's head    %6.2f %% of the labels\n",
      get_percent (s->n_over_heads, s->n_labels));
  printf ("  moved since the frame before %6.2f %% of the labels\n",
      get_percent (s->n_moved, s->n_followed));
  printf ("  whole, short, small, tag     %6.2f, %.2f, %.2f, %.2f %%\n",
      get_percent (s->n_forms[OVERLAY_FORM_WHOLE], s->n_labels),
      get_percent (s->n_forms[OVERLAY_FORM_SHORT], s->n_labels),
      get_percent (s->n_forms[OVERLAY_FORM_SMALL], s->n_labels),
      get_percent (s->n_forms[OVERLAY_FORM_TAG], s->n_labels));
}

int
main (int argc, char **argv)
{
  LabelStatistics statistics;
  gint i;

  if (argc < 2) {
    fprintf (stderr, "usage: %s FILE...\n", argv[0]);
    return 1;
  }
  for (i = 1; i < argc; i++) {
    if (!label_statistics_measure (&statistics, argv[i], LABELS_ABOVE))
      return 1;
    printf ("%s: %u frames, %u labels\n", argv[i], statistics.n_frames,
        statistics.n_labels);
    print (&statistics, "above the boxes, as in 0.1");
    label_statistics_measure (&statistics, argv[i], LABELS_PLACED);
    print (&statistics, "placed");
  }
  return 0;
}
