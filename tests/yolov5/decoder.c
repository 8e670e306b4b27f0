/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* The yolov5 room: decoding and suppression against YOLOv5's published
 * formulas in float, computed without any shortcut. */

#include <gst/check/gstcheck.h>
#include <math.h>

#include "yolov5/yolov5.h"

typedef enum {
  FILL_RANDOM,
  FILL_SPARSE,
  FILL_FEW_VALUES,
  FILL_CONSTANT,
} Fill;

typedef struct {
  const gchar *name;
  guint width, height;
  guint n_heads;
  guint n_classes;
  gint fix_points[4];
  Fill fill;
  gint8 value;
  gfloat threshold;
  gfloat iou_threshold;
  guint max_detections;
  gboolean class_agnostic;
} DecodeCase;

static const DecodeCase decode_cases[] = {
  { "sparse", 640, 640, 3, 80, { 3, 4, 4 }, FILL_SPARSE, 0, 0.25, 0.45, 300 },
  { "agnostic", 640, 640, 3, 80, { 3, 4, 4 }, FILL_SPARSE, 0, 0.25, 0.45, 300,
      TRUE },
  { "dense", 320, 320, 3, 4, { 5, 5, 5 }, FILL_RANDOM, 0, 0.25, 0.45, 300 },
  { "wide", 640, 384, 3, 4, { 3, 3, 3 }, FILL_SPARSE, 0, 0.1, 0.45, 300 },
  { "tall", 192, 448, 3, 4, { 3, 3, 3 }, FILL_RANDOM, 0, 0.1, 0.6, 1000 },
  { "P6", 640, 640, 4, 7, { 3, 2, 4, 5 }, FILL_SPARSE, 0, 0.2, 0.5, 300 },
  { "one class", 320, 320, 3, 1, { 3, 3, 3 }, FILL_SPARSE, 0, 0.25, 0.45, 300 },
  { "fine steps", 320, 320, 3, 3, { 7, 6, 7 }, FILL_RANDOM, 0, 0.25, 0.45,
      300 },
  { "coarse steps", 320, 320, 3, 3, { -2, -1, 0 }, FILL_RANDOM, 0, 0.25, 0.45,
      300 },
  { "ties", 160, 160, 3, 80, { 3, 3, 3 }, FILL_FEW_VALUES, 0, 0.3, 0.45, 300 },
  { "ties between heads", 160, 160, 3, 2, { 2, 3, 4 }, FILL_FEW_VALUES, 0, 0.2,
      0.3, 300 },
  { "all equal", 160, 160, 3, 5, { 3, 3, 3 }, FILL_CONSTANT, 0, 0.2, 0.45,
      300 },
  { "all lowest", 160, 160, 3, 5, { 3, 3, 3 }, FILL_CONSTANT, -128, 0.2, 0.45,
      300 },
  { "all lowest, threshold 0", 160, 160, 3, 5, { 3, 3, 3 }, FILL_CONSTANT, -128,
      0, 0.45, 300 },
  /* sigmoid (-512) is zero in float, and zero does not exceed zero */
  { "no confidence at all", 160, 160, 3, 5, { -2, -2, -2 }, FILL_CONSTANT, -128,
      0, 0.45, 300 },
  { "all highest", 160, 160, 3, 5, { 3, 3, 3 }, FILL_CONSTANT, 127, 0.2, 0.45,
      300 },
  /* sigmoid (508) is one in float, and one does not exceed one */
  { "all highest, threshold 1", 160, 160, 3, 5, { -2, -2, -2 }, FILL_CONSTANT,
      127, 1, 0.45, 300 },
  { "threshold 0", 160, 160, 3, 5, { 3, 3, 3 }, FILL_RANDOM, 0, 0, 0.45, 300 },
  { "threshold 1", 160, 160, 3, 5, { 1, 1, 1 }, FILL_RANDOM, 0, 1, 0.45, 300 },
  { "IoU threshold 0", 160, 160, 3, 5, { 4, 4, 4 }, FILL_RANDOM, 0, 0.2, 0,
      300 },
  { "IoU threshold 1", 160, 160, 3, 5, { 4, 4, 4 }, FILL_RANDOM, 0, 0.2, 1,
      5000 },
  /* saturated offsets of cells two apart meet: boxes with an IoU of 1 */
  { "equal boxes", 160, 160, 3, 1, { -2, -2, -2 }, FILL_RANDOM, 0, 0.2, 1,
      5000 },
  { "no detections wanted", 160, 160, 3, 5, { 4, 4, 4 }, FILL_RANDOM, 0, 0.2,
      0.45, 0 },
  { "one detection wanted", 160, 160, 3, 5, { 4, 4, 4 }, FILL_RANDOM, 0, 0.2,
      0.45, 1 },
  { "many more than are kept", 640, 640, 3, 2, { 3, 4, 5 }, FILL_RANDOM, 0,
      0.001, 0.45, 300 },
  { "many more, agnostic", 640, 640, 3, 2, { 5, 5, 5 }, FILL_RANDOM, 0, 0.001,
      0.45, 300, TRUE },
  { "no limit", 160, 160, 3, 5, { 4, 4, 4 }, FILL_RANDOM, 0, 0.01, 0.45,
      G_MAXUINT },
};

typedef struct {
  Yolov5Tensor input;
  Yolov5Tensor tensors[4];
  gint8 *data[4];
  guint n;
} Outputs;

static gint8
random_logit (GRand *random, const DecodeCase *c, gboolean objectness)
{
  static const gint8 few[] = { -20, 0, 3, 4 };

  switch (c->fill) {
    case FILL_CONSTANT:
      return c->value;
    case FILL_FEW_VALUES:
      return few[g_rand_int_range (random, 0, G_N_ELEMENTS (few))];
    case FILL_SPARSE:
      /* about one cell in a hundred holds something */
      if (objectness && g_rand_int_range (random, 0, 100) != 0)
        return g_rand_int_range (random, -128, -40);
      return g_rand_int_range (random, -40, 60);
    default:
      return g_rand_int_range (random, -128, 128);
  }
}

static void
outputs_init (Outputs *self, const DecodeCase *c, guint32 seed)
{
  GRand *random = g_rand_new_with_seed (seed);
  guint step = 5 + c->n_classes;

  self->input = (Yolov5Tensor){ c->height, c->width, 3, 6 };
  self->n = c->n_heads;
  for (guint i = 0; i < self->n; i++) {
    guint stride = 8 << i;
    guint size;

    self->tensors[i] = (Yolov5Tensor){ c->height / stride, c->width / stride,
      3 * step, c->fix_points[i] };
    size = self->tensors[i].height * self->tensors[i].width * 3 * step;
    self->data[i] = g_malloc (size);
    for (guint j = 0; j < size; j++)
      self->data[i][j] = random_logit (random, c, j % step == 4);
  }
  g_rand_free (random);
}

static void
outputs_clear (Outputs *self)
{
  for (guint i = 0; i < self->n; i++)
    g_free (self->data[i]);
}

static Yolov5Model *
outputs_new_model (const Outputs *self)
{
  Yolov5Model *model =
      yolov5_model_new (&self->input, self->tensors, self->n, NULL, NULL, NULL);

  fail_unless (model != NULL);
  return model;
}

static const Yolov5Detection *
outputs_run (const Outputs *self, Yolov5Decoder *decoder,
    const Yolov5Parameters *parameters, guint *n)
{
  return yolov5_decoder_run (
      decoder, (const gint8 *const *) self->data, parameters, n);
}

static const gfloat reference_anchors[2][4][6] = {
  { { 10, 13, 16, 30, 33, 23 }, { 30, 61, 62, 45, 59, 119 },
      { 116, 90, 156, 198, 373, 326 } },
  { { 19, 27, 44, 40, 38, 94 }, { 96, 68, 86, 152, 180, 137 },
      { 140, 301, 303, 264, 238, 542 }, { 436, 615, 739, 380, 925, 792 } },
};

static gfloat
reference_sigmoid (gint8 q, gint fix_point)
{
  return 1 / (1 + exp (-q * pow (2, -fix_point)));
}

/* Detect.forward() and the head of non_max_suppression(): decode everything,
 * then filter */
static void
reference_decode_head (
    const Outputs *outputs, guint head, gfloat threshold, GArray *boxes)
{
  const Yolov5Tensor *tensor = &outputs->tensors[head];
  const gfloat *anchors = reference_anchors[outputs->n == 4][head];
  guint step = tensor->channels / 3;
  gfloat stride = outputs->input.height / tensor->height;
  gfloat s[100];

  for (guint i = 0; i < tensor->height * tensor->width * 3; i++) {
    gfloat column = i / 3 % tensor->width;
    gfloat row = i / 3 / tensor->width;
    const gint8 *logits = outputs->data[head] + i * step;
    gfloat x, y, w, h;
    Yolov5Detection box = {
      0,
    };

    for (guint j = 0; j < step; j++)
      s[j] = reference_sigmoid (logits[j], tensor->fix_point);
    x = (s[0] * 2 - 0.5f + column) * stride;
    y = (s[1] * 2 - 0.5f + row) * stride;
    w = (s[2] * 2) * (s[2] * 2) * anchors[i % 3 * 2];
    h = (s[3] * 2) * (s[3] * 2) * anchors[i % 3 * 2 + 1];
    if (!(s[4] > threshold))
      continue;
    /* by logits: their scores may be the same once rounded to float */
    for (guint j = 6; j < step; j++) {
      if (logits[j] > logits[5 + box.class_id])
        box.class_id = j - 5;
    }
    box.confidence = s[4] * s[5 + box.class_id];
    if (!(box.confidence > threshold))
      continue;
    box.x_min = x - w / 2;
    box.y_min = y - h / 2;
    box.x_max = x + w / 2;
    box.y_max = y + h / 2;
    g_array_append_val (boxes, box);
  }
}

static gfloat
reference_iou (const Yolov5Detection *a, const Yolov5Detection *b)
{
  gfloat w = MAX (0, MIN (a->x_max, b->x_max) - MAX (a->x_min, b->x_min));
  gfloat h = MAX (0, MIN (a->y_max, b->y_max) - MAX (a->y_min, b->y_min));
  gfloat area_a = (a->x_max - a->x_min) * (a->y_max - a->y_min);
  gfloat area_b = (b->x_max - b->x_min) * (b->y_max - b->y_min);

  return w * h / (area_a + area_b - w * h);
}

/* repeatedly take the most confident box left and strike out what it covers */
static GArray *
reference_run (const Outputs *outputs, const Yolov5Parameters *parameters)
{
  GArray *boxes = g_array_new (FALSE, FALSE, sizeof (Yolov5Detection));
  GArray *result = g_array_new (FALSE, FALSE, sizeof (Yolov5Detection));

  for (guint i = 0; i < outputs->n; i++)
    reference_decode_head (outputs, i, parameters->threshold, boxes);

  while (result->len < parameters->max_detections) {
    const Yolov5Detection *best = NULL;
    Yolov5Detection taken;

    for (guint i = 0; i < boxes->len; i++) {
      const Yolov5Detection *box = &g_array_index (boxes, Yolov5Detection, i);

      if (box->confidence >= 0 && (!best || box->confidence > best->confidence))
        best = box;
    }
    if (!best)
      break;
    taken = *best;
    g_array_append_val (result, taken);
    ((Yolov5Detection *) best)->confidence = -1;
    for (guint i = 0; i < boxes->len; i++) {
      Yolov5Detection *box = &g_array_index (boxes, Yolov5Detection, i);

      if ((parameters->class_agnostic || box->class_id == taken.class_id)
          && reference_iou (box, &taken) > parameters->iou_threshold)
        box->confidence = -1;
    }
  }
  g_array_free (boxes, TRUE);
  return result;
}

static void
check_same (const Yolov5Detection *found, guint n,
    const Yolov5Detection *expected, guint n_expected, gfloat size,
    const gchar *name)
{
  fail_unless (
      n == n_expected, "%s: %u detections, expected %u", name, n, n_expected);
  for (guint i = 0; i < n; i++) {
    const Yolov5Detection *a = &found[i];
    const Yolov5Detection *b = &expected[i];

    fail_unless (a->class_id == b->class_id, "%s %u: class %u, expected %u",
        name, i, a->class_id, b->class_id);
    fail_unless (fabsf (a->confidence - b->confidence) <= 1e-6f,
        "%s %u: confidence %g, expected %g", name, i, a->confidence,
        b->confidence);
    fail_unless (fabsf (a->x_min - b->x_min) <= 1e-4f * size
                     && fabsf (a->y_min - b->y_min) <= 1e-4f * size
                     && fabsf (a->x_max - b->x_max) <= 1e-4f * size
                     && fabsf (a->y_max - b->y_max) <= 1e-4f * size,
        "%s %u: %g,%g..%g,%g, expected %g,%g..%g,%g", name, i, a->x_min,
        a->y_min, a->x_max, a->y_max, b->x_min, b->y_min, b->x_max, b->y_max);
  }
}

static Yolov5Parameters
case_parameters (const DecodeCase *c)
{
  return (Yolov5Parameters){ c->threshold, c->iou_threshold, c->max_detections,
    c->class_agnostic };
}

/* the published formulas, computed in float without any shortcut, give the
 * same boxes in the same order */
GST_START_TEST (test_decoding_equals_the_formulas)
{
  const DecodeCase *c = &decode_cases[__i__];
  Yolov5Parameters parameters = case_parameters (c);
  Outputs outputs;
  Yolov5Model *model;
  Yolov5Decoder *decoder;
  GArray *expected;
  const Yolov5Detection *found;
  guint n;

  outputs_init (&outputs, c, 1 + __i__);
  model = outputs_new_model (&outputs);
  decoder = yolov5_decoder_new (model);
  expected = reference_run (&outputs, &parameters);
  GST_INFO ("%s: %u detections", c->name, expected->len);

  /* the second run finds the decoder's memory used */
  for (guint run = 0; run < 2; run++) {
    found = outputs_run (&outputs, decoder, &parameters, &n);
    check_same (found, n, (const Yolov5Detection *) expected->data,
        expected->len, MAX (c->width, c->height), c->name);
  }

  g_array_free (expected, TRUE);
  yolov5_decoder_free (decoder);
  yolov5_model_unref (model);
  outputs_clear (&outputs);
}
GST_END_TEST;

/* a decoder whose parameters change finds what a new one finds */
GST_START_TEST (test_parameters_change_while_running)
{
  static const gfloat thresholds[] = { 0.25, 0.9, 0, 1, 0.01, 0.25 };
  Outputs outputs;
  Yolov5Model *model;
  Yolov5Decoder *decoder;
  guint least = G_MAXUINT, most = 0;

  outputs_init (&outputs, &decode_cases[2], 77);
  model = outputs_new_model (&outputs);
  decoder = yolov5_decoder_new (model);
  for (guint i = 0; i < G_N_ELEMENTS (thresholds); i++) {
    Yolov5Parameters parameters = { thresholds[i], 0.45, 50 * (i + 1), i & 1 };
    Yolov5Decoder *fresh = yolov5_decoder_new (model);
    guint n, n_fresh;
    const Yolov5Detection *found, *expected;

    found = outputs_run (&outputs, decoder, &parameters, &n);
    expected = outputs_run (&outputs, fresh, &parameters, &n_fresh);
    check_same (found, n, expected, n_fresh, 320, "changed");
    least = MIN (least, n);
    most = MAX (most, n);
    yolov5_decoder_free (fresh);
  }
  fail_unless (least == 0 && most > 50);
  yolov5_decoder_free (decoder);
  yolov5_model_unref (model);
  outputs_clear (&outputs);
}
GST_END_TEST;

/* the order of the model's outputs does not matter, ties included */
GST_START_TEST (test_heads_in_any_order)
{
  static const guint orders[][3] = {
    { 0, 1, 2 },
    { 0, 2, 1 },
    { 1, 0, 2 },
    { 1, 2, 0 },
    { 2, 0, 1 },
    { 2, 1, 0 },
  };
  Yolov5Parameters parameters = { 0.2, 0.45, 300, FALSE };
  Outputs outputs;
  GArray *expected;

  outputs_init (&outputs, &decode_cases[10], 5);
  expected = reference_run (&outputs, &parameters);
  fail_unless (expected->len > 10);
  for (guint i = 0; i < G_N_ELEMENTS (orders); i++) {
    Outputs shuffled = outputs;
    Yolov5Model *model;
    Yolov5Decoder *decoder;
    const Yolov5Detection *found;
    guint n;

    for (guint j = 0; j < 3; j++) {
      shuffled.tensors[j] = outputs.tensors[orders[i][j]];
      shuffled.data[j] = outputs.data[orders[i][j]];
    }
    model = outputs_new_model (&shuffled);
    decoder = yolov5_decoder_new (model);
    found = outputs_run (&shuffled, decoder, &parameters, &n);
    check_same (found, n, (const Yolov5Detection *) expected->data,
        expected->len, 160, "shuffled");
    yolov5_decoder_free (decoder);
    yolov5_model_unref (model);
  }
  g_array_free (expected, TRUE);
  outputs_clear (&outputs);
}
GST_END_TEST;

/* one box worked out by hand: logit 0 is sigmoid 1/2, so the centre is the
 * cell's centre, the size is the anchor's and the confidence is 1/4; a
 * threshold of 1/4 is not exceeded by it */
GST_START_TEST (test_one_box_by_hand)
{
  static const DecodeCase empty = { "empty", 640, 640, 3, 2, { 3, 3, 3 },
    FILL_CONSTANT, -128 };
  Yolov5Parameters parameters = { nextafterf (0.25f, 0), 0.45, 300, FALSE };
  Outputs outputs;
  Yolov5Model *model;
  Yolov5Decoder *decoder;
  const Yolov5Detection *found;
  guint n;

  outputs_init (&outputs, &empty, 0);
  model = outputs_new_model (&outputs);
  decoder = yolov5_decoder_new (model);
  /* stride 16, row 3, column 5, second anchor (62x45); both classes tie */
  memset (outputs.data[1] + ((3 * 40 + 5) * 3 + 1) * 7, 0, 7);

  found = outputs_run (&outputs, decoder, &parameters, &n);
  fail_unless_equals_int (n, 1);
  fail_unless_equals_int (found->class_id, 0);
  fail_unless_equals_float (found->confidence, 0.25);
  fail_unless_equals_float (found->x_min, 5.5 * 16 - 31);
  fail_unless_equals_float (found->x_max, 5.5 * 16 + 31);
  fail_unless_equals_float (found->y_min, 3.5 * 16 - 22.5);
  fail_unless_equals_float (found->y_max, 3.5 * 16 + 22.5);

  parameters.threshold = 0.25;
  outputs_run (&outputs, decoder, &parameters, &n);
  fail_unless_equals_int (n, 0);

  yolov5_decoder_free (decoder);
  yolov5_model_unref (model);
  outputs_clear (&outputs);
}
GST_END_TEST;

/* of more candidates than take part in suppression, the best ones do */
GST_START_TEST (test_too_many_candidates)
{
  static const DecodeCase many = { "many", 1280, 1280, 3, 80, { 5, 5, 5 },
    FILL_RANDOM };
  Yolov5Parameters parameters = { 0, 1, G_MAXUINT, FALSE };
  Outputs outputs;
  Yolov5Model *model;
  Yolov5Decoder *decoder;
  const Yolov5Detection *found;
  guint n;

  outputs_init (&outputs, &many, 3);
  model = outputs_new_model (&outputs);
  decoder = yolov5_decoder_new (model);
  found = outputs_run (&outputs, decoder, &parameters, &n);
  fail_unless_equals_int (n, 30000);
  for (guint i = 1; i < n; i++)
    fail_unless (found[i].confidence <= found[i - 1].confidence);
  /* 100800 boxes, uniform logits from -4 to 4: the third that stays has an
   * objectness logit above 4/3 or so */
  fail_unless (found[n - 1].confidence > 0.7);
  yolov5_decoder_free (decoder);
  yolov5_model_unref (model);
  outputs_clear (&outputs);
}
GST_END_TEST;

static Suite *
yolov5_decoder_suite (void)
{
  Suite *suite = suite_create ("yolov5-decoder");
  TCase *tcase = tcase_create ("decoder");

  tcase_add_loop_test (
      tcase, test_decoding_equals_the_formulas, 0, G_N_ELEMENTS (decode_cases));
  tcase_add_test (tcase, test_parameters_change_while_running);
  tcase_add_test (tcase, test_heads_in_any_order);
  tcase_add_test (tcase, test_one_box_by_hand);
  tcase_add_test (tcase, test_too_many_candidates);
  suite_add_tcase (suite, tcase);
  return suite;
}

GST_CHECK_MAIN (yolov5_decoder);
