/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Where labels come. */

#include <gst/check/gstcheck.h>

#include "labelstatistics.h"

#define WIDTH 200
#define HEIGHT 200
/* labels as they are here, unless a test says otherwise */
#define WHOLE_WIDTH 80
#define LABEL_HEIGHT 16

/* a label for a box, of forms 80, 50 and 32 pixels wide */
static OverlayLabelPlace
new_label (gint x, gint y, gint width, gint height)
{
  return (OverlayLabelPlace){ .object = { x, y, width, height },
    .anchor = { x, y, width, height },
    .kind = 1,
    .sizes = { { WHOLE_WIDTH, LABEL_HEIGHT }, { 50, LABEL_HEIGHT }, { 32, 12 },
        { 6, 6 } } };
}

static gboolean
do_overlap (const GstVideoRectangle *a, const GstVideoRectangle *b)
{
  return a->x < b->x + b->w && b->x < a->x + a->w && a->y < b->y + b->h
         && b->y < a->y + a->h;
}

static void
check_place (const OverlayLabelPlace *label, gint x, gint y, const gchar *what)
{
  fail_unless (label->place.x == x && label->place.y == y,
      "%s: the label is at %d,%d, not at %d,%d", what, label->place.x,
      label->place.y, x, y);
}

/* a label is above its box, else in it, below it, or beside it */
GST_START_TEST (test_order_of_places)
{
  static const struct {
    const gchar *what;
    GstVideoRectangle box;
    GstVideoRectangle blocked[3];
    gint x, y;
  } cases[] = {
    { "above", { 60, 60, 90, 80 }, { { 0 } }, 60, 44 },
    { "slides to stay in the frame", { 180, 60, 20, 80 }, { { 0 } }, 120, 44 },
    { "above, at the right", { 60, 60, 90, 80 }, { { 40, 0, 24, 60 } }, 70,
        44 },
    { "inside where there is no room above", { 60, 4, 90, 80 }, { { 0 } }, 60,
        4 },
    { "inside where above is taken", { 60, 60, 90, 80 }, { { 0, 0, 200, 50 } },
        60, 60 },
    { "below where it does not fit inside", { 60, 4, 30, 80 }, { { 0 } }, 60,
        84 },
    { "below a low box", { 60, 4, 90, 40 }, { { 0 } }, 60, 44 },
    { "beside", { 40, 60, 30, 80 }, { { 0, 0, 200, 50 }, { 0, 140, 200, 60 } },
        70, 60 },
    { "beside, at the left", { 110, 60, 30, 80 },
        { { 0, 0, 200, 50 }, { 0, 140, 200, 60 } }, 30, 60 },
    { "over a box that leaves no room around it", { 0, 0, 200, 40 },
        { { 0, 40, 200, 160 } }, 0, 0 },
  };
  guint i, k;

  for (i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (OverlayPlacement) placement =
        overlay_placement_new (WIDTH, HEIGHT, 2);
    OverlayLabelPlace label = new_label (
        cases[i].box.x, cases[i].box.y, cases[i].box.w, cases[i].box.h);

    for (k = 0; k < 3; k++)
      overlay_placement_block (placement, &cases[i].blocked[k]);
    overlay_placement_run (placement, &label, 1);
    fail_unless_equals_int (label.form, OVERLAY_FORM_WHOLE);
    check_place (&label, cases[i].x, cases[i].y, cases[i].what);
  }
}
GST_END_TEST;

/* where it is tight the percentage goes, then a third of the size, and then a
 * tag in the box's corner is left */
GST_START_TEST (test_forms)
{
  static const struct {
    gint room;
    OverlayLabelForm form;
  } cases[] = { { 90, OVERLAY_FORM_WHOLE }, { WHOLE_WIDTH, OVERLAY_FORM_WHOLE },
    { WHOLE_WIDTH - 2, OVERLAY_FORM_SHORT }, { 50, OVERLAY_FORM_SHORT },
    { 48, OVERLAY_FORM_SMALL }, { 32, OVERLAY_FORM_SMALL },
    { 30, OVERLAY_FORM_TAG }, { 0, OVERLAY_FORM_TAG } };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (OverlayPlacement) placement =
        overlay_placement_new (WIDTH, HEIGHT, 2);
    OverlayLabelPlace label = new_label (50, 60, 20, 20);
    const GstVideoRectangle blocked[] = { { 0, 0, 50, HEIGHT },
      { 0, 60, WIDTH, HEIGHT - 60 }, { 50 + cases[i].room, 0, WIDTH, HEIGHT } };
    guint k;

    for (k = 0; k < G_N_ELEMENTS (blocked); k++)
      overlay_placement_block (placement, &blocked[k]);
    overlay_placement_run (placement, &label, 1);
    fail_unless_equals_int (label.form, cases[i].form);
    if (cases[i].form == OVERLAY_FORM_TAG)
      check_place (&label, 50, 60, "tag");
  }
}
GST_END_TEST;

/* the best detection is served first, and no label covers another one */
GST_START_TEST (test_neighbours)
{
  g_autoptr (OverlayPlacement) placement =
      overlay_placement_new (WIDTH, HEIGHT, 2);
  OverlayLabelPlace labels[] = { new_label (60, 60, 30, 80),
    new_label (90, 62, 30, 80) };

  overlay_placement_run (placement, labels, 2);
  check_place (&labels[0], 60, 44, "the best");
  fail_if (do_overlap (&labels[0].place, &labels[1].place));
  fail_unless_equals_int (labels[1].form, OVERLAY_FORM_WHOLE);
}
GST_END_TEST;

/* a label spares the upper third of another object while there is a choice, and
 * covers as little of it as can be where there is none */
GST_START_TEST (test_heads)
{
  g_autoptr (OverlayPlacement) placement =
      overlay_placement_new (WIDTH, HEIGHT, 2);
  /* the second one stands behind the first, looking over its box */
  OverlayLabelPlace labels[] = { new_label (60, 100, 30, 60),
    new_label (60, 70, 30, 60) };
  const GstVideoRectangle head = { 60, 70, 30, 20 };
  const GstVideoRectangle blocked[] = { { 0, 0, WIDTH, 84 },
    { 0, 100, WIDTH, 100 } };
  guint i;

  overlay_placement_run (placement, labels, 2);
  fail_if (do_overlap (&labels[0].place, &head));
  fail_unless_equals_int (labels[0].form, OVERLAY_FORM_WHOLE);

  overlay_placement_forget (placement);
  for (i = 0; i < G_N_ELEMENTS (blocked); i++)
    overlay_placement_block (placement, &blocked[i]);
  overlay_placement_run (placement, labels, 2);
  fail_unless (labels[0].form != OVERLAY_FORM_TAG);
  fail_unless (do_overlap (&labels[0].place, &head));
}
GST_END_TEST;

/* where labels would hide too much of the frame all of them say less, and do not
 * change back and forth when one more or less is there */
GST_START_TEST (test_crowds)
{
  static const struct {
    guint n;
    OverlayLabelForm form;
  } frames[] = { { 3, OVERLAY_FORM_WHOLE }, { 5, OVERLAY_FORM_WHOLE },
    { 6, OVERLAY_FORM_SHORT }, { 8, OVERLAY_FORM_SHORT },
    { 4, OVERLAY_FORM_SHORT }, { 11, OVERLAY_FORM_SMALL },
    { 2, OVERLAY_FORM_WHOLE } };
  g_autoptr (OverlayPlacement) placement =
      overlay_placement_new (WIDTH, HEIGHT, 2);
  guint i, k;

  for (i = 0; i < G_N_ELEMENTS (frames); i++) {
    OverlayLabelPlace labels[11];

    overlay_placement_forget (placement);
    for (k = 0; k < frames[i].n; k++)
      labels[k] =
          new_label ((gint) (k % 2) * 100, 20 + (gint) (k / 2) * 30, 8, 8);
    overlay_placement_run (placement, labels, frames[i].n);
    fail_unless_equals_int (labels[0].form, frames[i].form);
  }
}
GST_END_TEST;

/* labels stay where they are beside their boxes when these tremble, and when the
 * detector changes its mind about which is the best */
GST_START_TEST (test_labels_stay)
{
  g_autoptr (OverlayPlacement) placement =
      overlay_placement_new (WIDTH, HEIGHT, 2);
  GstVideoRectangle first[2];
  guint frame, i;

  for (frame = 0; frame < 40; frame++) {
    gint shift = 2 * (gint) (frame * 7 % 3);
    OverlayLabelPlace boxes[] = { new_label (60 + shift, 60, 30, 80),
      new_label (90, 62 + shift, 30, 80) };
    OverlayLabelPlace labels[] = { boxes[frame % 2], boxes[1 - frame % 2] };

    overlay_placement_run (placement, labels, 2);
    for (i = 0; i < 2; i++) {
      const OverlayLabelPlace *label = &labels[(i + frame) % 2];
      GstVideoRectangle offset = label->place;

      offset.x -= label->object.x;
      offset.y -= label->object.y;
      if (frame == 0)
        first[i] = offset;
      fail_unless (offset.x == first[i].x && offset.y == first[i].y,
          "label %u moved to %d,%d in frame %u", i, offset.x, offset.y, frame);
    }
  }
}
GST_END_TEST;

/* an object with a number keeps its label's place wherever it goes, and also
 * when it was not seen on some frames */
GST_START_TEST (test_ids)
{
  g_autoptr (OverlayPlacement) placement =
      overlay_placement_new (WIDTH, HEIGHT, 2);
  OverlayLabelPlace label = new_label (60, 100, 30, 60), other;
  GstVideoRectangle above = { 0, 0, WIDTH, 100 };
  guint i;

  label.id = 7;
  overlay_placement_block (placement, &above);
  overlay_placement_run (placement, &label, 1);
  check_place (&label, 60, 160, "below");
  for (i = 0; i < 5; i++)
    overlay_placement_run (placement, NULL, 0);
  label.object.x = label.anchor.x = 120;
  other = label;
  other.id = 8;
  overlay_placement_run (placement, &label, 1);
  check_place (&label, 120, 160, "still below");
  overlay_placement_run (placement, &other, 1);
  check_place (&other, 120, 84, "another object");
}
GST_END_TEST;

/* a label that lost its percentage has it again after a while with room */
GST_START_TEST (test_labels_recover)
{
  g_autoptr (OverlayPlacement) placement =
      overlay_placement_new (WIDTH, HEIGHT, 2);
  OverlayLabelPlace label;
  const GstVideoRectangle blocked[] = { { 0, 0, 50, HEIGHT },
    { 0, 60, WIDTH, HEIGHT - 60 }, { 110, 0, WIDTH, HEIGHT } };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (blocked); i++)
    overlay_placement_block (placement, &blocked[i]);
  for (i = 0; i < 30; i++) {
    label = new_label (50, 60, 20, 20);
    overlay_placement_run (placement, &label, 1);
    if (i < 5)
      fail_unless_equals_int (label.form, OVERLAY_FORM_SHORT);
  }
  fail_unless_equals_int (label.form, OVERLAY_FORM_WHOLE);
}
GST_END_TEST;

/* whatever the boxes and however many, labels lie in the frame and on the grid,
 * and none over another */
GST_START_TEST (test_random_crowds)
{
  g_autoptr (GRand) random = g_rand_new_with_seed (3);
  g_autofree OverlayLabelPlace *labels = g_new (OverlayLabelPlace, 600);
  guint round, i, k, n_labels = 0;

  for (round = 0; round < 30; round++) {
    gint width = g_rand_int_range (random, 1, 900);
    gint height = g_rand_int_range (random, 1, 600);
    g_autoptr (OverlayPlacement) placement =
        overlay_placement_new (width, height, 2);
    guint n = (guint) g_rand_int_range (random, 0, 600);

    for (i = 0; i < n; i++) {
      GstVideoRectangle box = { g_rand_int_range (random, 0, width),
        g_rand_int_range (random, 0, height), 0, 0 };

      box.w = g_rand_int_range (random, 1, width - box.x + 1);
      box.h = g_rand_int_range (random, 1, height - box.y + 1);
      labels[i] = new_label (box.x, box.y, box.w, box.h);
      labels[i].id = i % 3 ? i + 1 : 0;
    }
    overlay_placement_run (placement, labels, n);
    for (i = 0; i < n; i++) {
      const GstVideoRectangle *place = &labels[i].place;

      if (labels[i].sizes[labels[i].form].width == 0)
        continue;
      fail_unless (place->x >= 0 && place->y >= 0 && place->x % 2 == 0
                   && place->y % 2 == 0 && place->x + place->w <= width
                   && place->y + place->h <= height);
      if (labels[i].form == OVERLAY_FORM_TAG)
        continue;
      n_labels++;
      for (k = 0; k < i; k++)
        fail_if (labels[k].form != OVERLAY_FORM_TAG
                 && labels[k].sizes[labels[k].form].width > 0
                 && do_overlap (place, &labels[k].place));
    }
  }
  fail_unless (n_labels > 1000, "only %u labels were placed", n_labels);
}
GST_END_TEST;

/* among the people in a busy clip next to no label is covered, few lose anything
 * and few move */
GST_START_TEST (test_clip)
{
  g_autofree gchar *path = g_build_filename (
      g_getenv ("TEST_DATA_DIR"), "overlay", "crowd.jsonl", NULL);
  LabelStatistics before, now;

  fail_unless (label_statistics_measure (&before, path, LABELS_ABOVE));
  fail_unless (label_statistics_measure (&now, path, LABELS_PLACED));
  fail_unless (before.n_labels > 1000);
  fail_unless (before.n_covered * 10 > before.n_labels,
      "these labels are not in each other's way");
  fail_unless (now.n_covered * 100 <= now.n_labels, "%u of %u are covered",
      now.n_covered, now.n_labels);
  fail_unless (now.n_over_heads * 10 <= now.n_labels, "%u of %u lie over heads",
      now.n_over_heads, now.n_labels);
  fail_unless (now.n_forms[OVERLAY_FORM_TAG] * 50 <= now.n_labels,
      "%u of %u are tags", now.n_forms[OVERLAY_FORM_TAG], now.n_labels);
  fail_unless (now.n_moved * 25 <= now.n_followed, "%u of %u moved",
      now.n_moved, now.n_followed);
}
GST_END_TEST;

static Suite *
yolov5overlay_placement_suite (void)
{
  Suite *suite = suite_create ("yolov5overlay-placement");
  TCase *tcase = tcase_create ("general");

  suite_add_tcase (suite, tcase);
  tcase_add_test (tcase, test_order_of_places);
  tcase_add_test (tcase, test_forms);
  tcase_add_test (tcase, test_neighbours);
  tcase_add_test (tcase, test_heads);
  tcase_add_test (tcase, test_crowds);
  tcase_add_test (tcase, test_labels_stay);
  tcase_add_test (tcase, test_ids);
  tcase_add_test (tcase, test_labels_recover);
  tcase_add_test (tcase, test_random_crowds);
  tcase_add_test (tcase, test_clip);
  return suite;
}

GST_CHECK_MAIN (yolov5overlay_placement)
