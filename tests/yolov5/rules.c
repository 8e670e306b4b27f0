/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* What is asked of single classes and of sizes, and what comes of it. */

#include <gst/check/gstcheck.h>

#include <glib/gstdio.h>
#include <math.h>
#include <string.h>
#include <unistd.h>

#include "yolov5/yolov5.h"

#define N_CLASSES 4
#define N_HEADS 3
#define N_ANCHORS 3
#define CHANNELS_PER_ANCHOR (5 + N_CLASSES)
#define SIZE 64
/* sigmoid (2) at fix point 4, squared */
#define SURE 32
#define SURE_CONFIDENCE 0.7758f
#define UNSURE 0
#define UNSURE_CONFIDENCE 0.25f

static Yolov5Model *model;
static Yolov5Decoder *decoder;
static gint8 *heads[N_HEADS];
static Yolov5Tensor tensors[N_HEADS];

static void
setup (void)
{
  const Yolov5Tensor input = { SIZE, SIZE, 3, 6 };
  g_autofree gchar *labels = NULL;
  gint file = g_file_open_tmp ("yolov5-rules-XXXXXX", &labels, NULL);

  fail_unless (file >= 0);
  close (file);
  fail_unless (g_file_set_contents (labels, "person\ncar\na=b\n0\n", -1, NULL));
  for (guint i = 0; i < N_HEADS; i++) {
    guint side = SIZE / 8 >> i;

    tensors[i] =
        (Yolov5Tensor){ side, side, N_ANCHORS * CHANNELS_PER_ANCHOR, 4 };
    heads[i] = g_malloc (side * side * tensors[i].channels);
    memset (heads[i], -128, side * side * tensors[i].channels);
  }
  model = yolov5_model_new (&input, tensors, N_HEADS, NULL, labels, NULL);
  fail_unless (model != NULL);
  decoder = yolov5_decoder_new (model);
  g_remove (labels);
}

static void
teardown (void)
{
  yolov5_decoder_free (decoder);
  yolov5_model_unref (model);
  for (guint i = 0; i < N_HEADS; i++)
    g_free (heads[i]);
}

/* in the first head, whose anchors are 10x13, 16x30 and 33x23 pixels large */
static void
add_object (guint cell, guint anchor, guint class_id, gint8 sureness)
{
  gint8 *logits = heads[0] + (cell * N_ANCHORS + anchor) * CHANNELS_PER_ANCHOR;

  memset (logits, 0, 4);
  logits[4] = sureness;
  logits[5 + class_id] = sureness;
}

static const Yolov5Detection *
run (const Yolov5Parameters *parameters, guint *n)
{
  return yolov5_decoder_run (
      decoder, (const gint8 *const *) heads, parameters, n);
}

typedef struct {
  const gchar *classes;
  const gchar *thresholds;
  /* part of the error, or NULL */
  const gchar *error;
  /* what the confidence has to exceed when the general threshold is 0.5; of
   * classes that are not wanted, 2 */
  gfloat limits[N_CLASSES];
} RulesCase;

static const RulesCase rules_cases[] = {
  { NULL, NULL, NULL, { 0.5, 0.5, 0.5, 0.5 } },
  { "", " ,", NULL, { 0.5, 0.5, 0.5, 0.5 } },
  { "person", NULL, NULL, { 0.5, 2, 2, 2 } },
  { "Person,CAR,A=b", "A=B=0.75", NULL, { 0.5, 0.5, 0.75, 2 } },
  { " car ; person", NULL, NULL, { 0.5, 0.5, 2, 2 } },
  /* numbers are classes, but labels count first */
  { "1,2", NULL, NULL, { 2, 0.5, 0.5, 2 } },
  { "0", NULL, NULL, { 2, 2, 2, 0.5 } },
  { NULL, "person=0.25,car = 1", NULL, { 0.25, 1, 0.5, 0.5 } },
  { "car", "person=0.25;car=0", NULL, { 2, 0, 2, 2 } },
  { "a=b", "a=b=0.75", NULL, { 2, 2, 0.75, 2 } },
  { "persons", NULL, "\"persons\" is not a class of the model", { 0 } },
  { "person,4", NULL, "a number from 0 to 3", { 0 } },
  { "-1", NULL, "\"-1\"", { 0 } },
  { NULL, "person", "\"person\" has no threshold", { 0 } },
  { NULL, "person=", "\"\" of class \"person\"", { 0 } },
  { NULL, "person=1.5", "\"1.5\" of class \"person\"", { 0 } },
  { NULL, "person=nan", "\"nan\" of class \"person\"", { 0 } },
  { NULL, "person=0.5x", "\"0.5x\" of class \"person\"", { 0 } },
  { NULL, "bus=0.5", "\"bus\" is not a class", { 0 } },
};

/* lists of classes and thresholds mean this, or are refused by that sentence */
GST_START_TEST (test_rules)
{
  const RulesCase *c = &rules_cases[__i__];
  g_autoptr (GError) error = NULL;
  g_autoptr (Yolov5ClassRules) rules =
      yolov5_class_rules_new (model, c->classes, c->thresholds, &error);

  if (c->error != NULL) {
    fail_unless (rules == NULL);
    fail_unless (g_error_matches (error, YOLOV5_ERROR, YOLOV5_ERROR_SETTINGS));
    fail_unless (strstr (error->message, c->error) != NULL, "\"%s\" lacks %s",
        error->message, c->error);
    return;
  }
  fail_unless (rules != NULL, "%s", error != NULL ? error->message : "");
  for (guint i = 0; i < N_CLASSES; i++) {
    gfloat limit = yolov5_class_rules_get_threshold (rules, i, 0.5);

    fail_unless (c->limits[i] == 2 ? limit > 1 : limit == c->limits[i],
        "class %u: %g", i, limit);
  }
}
GST_END_TEST;

/* each class has its own threshold, above or below the general one */
GST_START_TEST (test_class_thresholds)
{
  Yolov5Parameters parameters = { 0.5, 0.45, 300, FALSE, NULL, { 0 } };
  g_autoptr (Yolov5ClassRules) rules =
      yolov5_class_rules_new (model, NULL, "person=0.8,car=0.2", NULL);
  const Yolov5Detection *found;
  guint n;

  add_object (0, 0, 0, SURE);
  add_object (20, 0, 1, UNSURE);
  add_object (40, 0, 2, SURE);
  add_object (60, 0, 3, UNSURE);

  found = run (&parameters, &n);
  assert_equals_int (n, 2);
  assert_equals_int (found[0].class_id, 0);
  assert_equals_int (found[1].class_id, 2);

  parameters.class_rules = rules;
  found = run (&parameters, &n);
  assert_equals_int (n, 2);
  assert_equals_int (found[0].class_id, 2);
  assert_equals_float (
      roundf (found[0].confidence * 100), roundf (SURE_CONFIDENCE * 100));
  assert_equals_int (found[1].class_id, 1);
  assert_equals_float (found[1].confidence, UNSURE_CONFIDENCE);

  /* and without rules all is as it was */
  parameters.class_rules = NULL;
  run (&parameters, &n);
  assert_equals_int (n, 2);
}
GST_END_TEST;

/* a confidence has to exceed the threshold of its class: one that is equal does
 * not, and the general one is no different */
GST_START_TEST (test_equal_to_threshold)
{
  Yolov5Parameters parameters = { 0.2, 0.45, 300, FALSE, NULL, { 0 } };
  g_autoptr (Yolov5ClassRules) equal =
      yolov5_class_rules_new (model, NULL, "car=0.25", NULL);
  g_autoptr (Yolov5ClassRules) below =
      yolov5_class_rules_new (model, NULL, "car=0.2499", NULL);
  guint n;

  add_object (20, 0, 1, UNSURE);
  parameters.class_rules = below;
  run (&parameters, &n);
  assert_equals_int (n, 1);
  parameters.class_rules = equal;
  run (&parameters, &n);
  assert_equals_int (n, 0);
  parameters.class_rules = NULL;
  parameters.threshold = UNSURE_CONFIDENCE;
  run (&parameters, &n);
  assert_equals_int (n, 0);
}
GST_END_TEST;

/* a class that is not wanted suppresses nothing, not even across classes */
GST_START_TEST (test_classes)
{
  Yolov5Parameters parameters = { 0.2, 0.45, 300, TRUE, NULL, { 0 } };
  g_autoptr (Yolov5ClassRules) cars =
      yolov5_class_rules_new (model, "car", NULL, NULL);
  const Yolov5Detection *found;
  guint n;

  /* at the same place */
  add_object (27, 0, 0, SURE);
  add_object (27, 1, 1, UNSURE);
  memset (heads[0] + (27 * N_ANCHORS + 1) * CHANNELS_PER_ANCHOR + 2, -5, 2);

  found = run (&parameters, &n);
  assert_equals_int (n, 1);
  assert_equals_int (found[0].class_id, 0);

  parameters.class_agnostic = FALSE;
  run (&parameters, &n);
  assert_equals_int (n, 2);

  parameters.class_agnostic = TRUE;
  parameters.class_rules = cars;
  found = run (&parameters, &n);
  assert_equals_int (n, 1);
  assert_equals_int (found[0].class_id, 1);
}
GST_END_TEST;

typedef struct {
  Yolov5SizeLimits limits;
  guint n_found;
} SizeCase;

/* of boxes of 10x13, 16x30 and 33x23 pixels */
static const SizeCase size_cases[] = {
  { { 0, 0, 0, 0 }, 3 },
  { { 11, 0, 0, 0 }, 2 },
  { { 0, 24, 0, 0 }, 1 },
  { { 0, 0, 32, 0 }, 2 },
  { { 0, 0, 0, 12 }, 0 },
  { { 10, 13, 33, 30 }, 3 },
  { { 11, 14, 32, 29 }, 0 },
};

/* boxes outside the limits are dropped, those on them stay */
GST_START_TEST (test_sizes)
{
  const SizeCase *c = &size_cases[__i__];
  Yolov5Parameters parameters = { 0.5, 0.45, 300, FALSE, NULL, c->limits };
  guint n;

  for (guint i = 0; i < 3; i++)
    add_object (i * 20, i, i, SURE);
  run (&parameters, &n);
  assert_equals_int (n, c->n_found);
}
GST_END_TEST;

static Suite *
yolov5_rules_suite (void)
{
  Suite *suite = suite_create ("yolov5-rules");
  TCase *tcase = tcase_create ("rules");

  suite_add_tcase (suite, tcase);
  tcase_add_checked_fixture (tcase, setup, teardown);
  tcase_add_loop_test (tcase, test_rules, 0, G_N_ELEMENTS (rules_cases));
  tcase_add_test (tcase, test_class_thresholds);
  tcase_add_test (tcase, test_equal_to_threshold);
  tcase_add_test (tcase, test_classes);
  tcase_add_loop_test (tcase, test_sizes, 0, G_N_ELEMENTS (size_cases));

  return suite;
}

GST_CHECK_MAIN (yolov5_rules);
