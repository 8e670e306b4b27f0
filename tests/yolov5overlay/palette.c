/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Whether the colours of yolov5overlay's classes can be told apart, also by those
 * who see no red or no green. */

#include <gst/check/gstcheck.h>

#include <math.h>

#include "yolov5overlay/color.h"

#define N_FIRST 8
#define MIN_DISTANCE 12.0
/* what a detector of everyday things has, in normal vision */
#define N_MORE 20
#define MIN_DISTANCE_OF_MORE 12.0

typedef enum { NORMAL, PROTANOPIA, DEUTERANOPIA, N_VISIONS } Vision;

/* Machado, Oliveira, Fernandes: A Physiologically-based Model for Simulation of
 * Color Vision Deficiency, 2009, severity 1.0; of linear red, green and blue */
static const gdouble simulations[N_VISIONS][3][3] = {
  [NORMAL] = { { 1, 0, 0 }, { 0, 1, 0 }, { 0, 0, 1 } },
  [PROTANOPIA] = { { 0.152286, 1.052583, -0.204868 },
      { 0.114503, 0.786281, 0.099216 }, { -0.003882, -0.048116, 1.051998 } },
  [DEUTERANOPIA] = { { 0.367322, 0.860646, -0.227968 },
      { 0.280085, 0.672501, 0.047413 }, { -0.011820, 0.042940, 0.968881 } },
};

typedef struct {
  gdouble l, a, b;
} Lab;

static gdouble
to_linear (guint8 level)
{
  gdouble v = level / 255.0;

  return v <= 0.04045 ? v / 12.92 : pow ((v + 0.055) / 1.055, 2.4);
}

static gdouble
compress (gdouble t)
{
  return t > 216.0 / 24389.0 ? cbrt (t) : (24389.0 / 27.0 * t + 16.0) / 116.0;
}

/* of sRGB, in the light of D65 */
static Lab
get_lab (const guint8 rgb[3], Vision vision)
{
  gdouble linear[3], seen[3], x, y, z;
  guint i, k;

  for (i = 0; i < 3; i++)
    linear[i] = to_linear (rgb[i]);
  for (i = 0; i < 3; i++) {
    seen[i] = 0.0;
    for (k = 0; k < 3; k++)
      seen[i] += simulations[vision][i][k] * linear[k];
    seen[i] = CLAMP (seen[i], 0.0, 1.0);
  }
  x = compress (
      (0.4124564 * seen[0] + 0.3575761 * seen[1] + 0.1804375 * seen[2])
      / 0.95047);
  y = compress (
      0.2126729 * seen[0] + 0.7151522 * seen[1] + 0.0721750 * seen[2]);
  z = compress (
      (0.0193339 * seen[0] + 0.1191920 * seen[1] + 0.9503041 * seen[2])
      / 1.08883);
  return (Lab){ 116.0 * y - 16.0, 500.0 * (x - y), 200.0 * (y - z) };
}

static gdouble
get_angle (gdouble b, gdouble a)
{
  gdouble angle = a == 0.0 && b == 0.0 ? 0.0 : atan2 (b, a) * 180.0 / G_PI;

  return angle < 0.0 ? angle + 360.0 : angle;
}

static gdouble
cosine (gdouble degrees)
{
  return cos (degrees * G_PI / 180.0);
}

/* CIEDE2000 as in Sharma, Wu, Dalal: The CIEDE2000 Color-Difference Formula:
 * Implementation Notes, 2005 */
static gdouble
get_distance (Lab p, Lab q)
{
  gdouble chroma7 = pow ((hypot (p.a, p.b) + hypot (q.a, q.b)) / 2.0, 7.0);
  gdouble g = 0.5 * (1.0 - sqrt (chroma7 / (chroma7 + pow (25.0, 7.0))));
  gdouble pa = (1.0 + g) * p.a, qa = (1.0 + g) * q.a;
  gdouble pc = hypot (pa, p.b), qc = hypot (qa, q.b);
  gdouble ph = get_angle (p.b, pa), qh = get_angle (q.b, qa);
  gdouble dl = q.l - p.l, dc = qc - pc, dh = 0.0, dhh;
  gdouble l = (p.l + q.l) / 2.0, c = (pc + qc) / 2.0, h = ph + qh;
  gdouble t, sl, sc, sh, rt, c7 = pow (c, 7.0);

  if (pc * qc != 0.0) {
    dh = qh - ph;
    if (dh > 180.0)
      dh -= 360.0;
    else if (dh < -180.0)
      dh += 360.0;
    if (fabs (ph - qh) <= 180.0)
      h /= 2.0;
    else
      h = h < 360.0 ? (h + 360.0) / 2.0 : (h - 360.0) / 2.0;
  }
  dhh = 2.0 * sqrt (pc * qc) * sin (dh / 2.0 * G_PI / 180.0);
  t = 1.0 - 0.17 * cosine (h - 30.0) + 0.24 * cosine (2.0 * h)
      + 0.32 * cosine (3.0 * h + 6.0) - 0.20 * cosine (4.0 * h - 63.0);
  sl =
      1.0
      + 0.015 * (l - 50.0) * (l - 50.0) / sqrt (20.0 + (l - 50.0) * (l - 50.0));
  sc = 1.0 + 0.045 * c;
  sh = 1.0 + 0.015 * c * t;
  rt = -2.0 * sqrt (c7 / (c7 + pow (25.0, 7.0)))
       * sin (60.0 * exp (-pow ((h - 275.0) / 25.0, 2.0)) * G_PI / 180.0);
  return sqrt (pow (dl / sl, 2.0) + pow (dc / sc, 2.0) + pow (dhh / sh, 2.0)
               + rt * dc / sc * dhh / sh);
}

/* the formula gives what its authors publish for some pairs */
GST_START_TEST (test_distance)
{
  static const struct {
    Lab p, q;
    gdouble distance;
  } cases[] = {
    { { 50.0, 2.6772, -79.7751 }, { 50.0, 0.0, -82.7485 }, 2.0425 },
    { { 50.0, -1.3802, -84.2814 }, { 50.0, 0.0, -82.7485 }, 1.0000 },
    { { 50.0, 2.5, 0.0 }, { 50.0, 0.0, -2.5 }, 4.3065 },
    { { 50.0, 2.5, 0.0 }, { 73.0, 25.0, -18.0 }, 27.1492 },
    { { 2.0776, 0.0795, -1.1350 }, { 0.9033, -0.0636, -0.5514 }, 0.9082 },
  };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (cases); i++)
    fail_unless (ABS (get_distance (cases[i].p, cases[i].q) - cases[i].distance)
                     < 0.0001,
        "pair %u has a distance of %f", i,
        get_distance (cases[i].p, cases[i].q));
}
GST_END_TEST;

static gdouble
get_smallest_distance (guint n_colors, Vision vision)
{
  gdouble smallest = G_MAXDOUBLE;
  guint i, k;

  for (i = 0; i < n_colors; i++)
    for (k = 0; k < i; k++) {
      guint8 a[3], b[3];

      overlay_palette_get_rgb (i, a);
      overlay_palette_get_rgb (k, b);
      smallest = MIN (
          smallest, get_distance (get_lab (a, vision), get_lab (b, vision)));
    }
  return smallest;
}

/* the first colours are apart in every vision, more of them in the normal one,
 * and no two are the same */
GST_START_TEST (test_colors_are_apart)
{
  Vision vision;

  for (vision = NORMAL; vision < N_VISIONS; vision++)
    fail_unless (get_smallest_distance (N_FIRST, vision) >= MIN_DISTANCE,
        "in vision %d two of the first colours have a distance of %f", vision,
        get_smallest_distance (N_FIRST, vision));
  fail_unless (get_smallest_distance (N_MORE, NORMAL) >= MIN_DISTANCE_OF_MORE,
      "two of the first %d colours have a distance of %f", N_MORE,
      get_smallest_distance (N_MORE, NORMAL));
  fail_unless (get_smallest_distance (OVERLAY_PALETTE_SIZE, NORMAL) > 5.0);
}
GST_END_TEST;

/* every colour stands out from black, the ground of dark scenes */
GST_START_TEST (test_colors_are_bright)
{
  guint i;

  for (i = 0; i < OVERLAY_PALETTE_SIZE; i++) {
    guint8 rgb[3];
    gdouble luminance;

    overlay_palette_get_rgb (i, rgb);
    luminance = 0.2126 * to_linear (rgb[0]) + 0.7152 * to_linear (rgb[1])
                + 0.0722 * to_linear (rgb[2]);
    /* contrast as the Web Content Accessibility Guidelines define it */
    fail_unless ((luminance + 0.05) / 0.05 >= 3.6, "colour %u is dark", i);
  }
}
GST_END_TEST;

static Suite *
yolov5overlay_palette_suite (void)
{
  Suite *suite = suite_create ("yolov5overlay-palette");
  TCase *tcase = tcase_create ("general");

  suite_add_tcase (suite, tcase);
  tcase_add_test (tcase, test_distance);
  tcase_add_test (tcase, test_colors_are_apart);
  tcase_add_test (tcase, test_colors_are_bright);
  return suite;
}

GST_CHECK_MAIN (yolov5overlay_palette)
