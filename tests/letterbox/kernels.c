/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* The letterbox room: every kernel of every level that this processor has gives
 * the bits of plain C, reads nothing outside of its source and writes nothing
 * outside of its output. */

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "letterbox/cpu.h"
#include "letterbox/rows.h"
#include "rig.h"

#define MAX_WIDTH 257
/* rows that hold it */
#define ROW_SIZE 320
#define CANARY_SIZE 128
#define CANARY 0xa5

static const struct {
  const gchar *name;
  LetterboxCpu cpu;
} levels[] = {
  { "ssse3", LETTERBOX_CPU_SSSE3 },
  { "avx2", LETTERBOX_CPU_SSSE3 | LETTERBOX_CPU_AVX2 },
  { "neon", LETTERBOX_CPU_NEON },
};

static guint32 seed = 1;

static guint32
draw (guint32 end)
{
  seed = seed * 1664525u + 1013904223u;
  return (guint32) (((guint64) seed * end) >> 32);
}

/* a level's kernels, unless the processor lacks them */
static gboolean
get_level (guint level, LetterboxKernels *kernels)
{
  if (levels[level].cpu & ~letterbox_cpu_detect ())
    return FALSE;

  letterbox_kernels_init (kernels, levels[level].cpu);
  return TRUE;
}

/* bytes that nothing lies beside: a page that cannot be read comes before the
 * first, or after the last */
typedef struct {
  guint8 *data;
  guint8 *pages;
  gsize size;
} Guarded;

static Guarded
new_guarded (gsize n, gboolean at_end)
{
  gsize page = (gsize) sysconf (_SC_PAGESIZE);
  gsize inner = (n + page - 1) / page * page;
  Guarded guarded = { .size = inner + 2 * page };
  gsize i;

  guarded.pages = mmap (NULL, guarded.size, PROT_READ | PROT_WRITE,
      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  fail_unless (guarded.pages != MAP_FAILED);
  fail_unless (mprotect (guarded.pages, page, PROT_NONE) == 0);
  fail_unless (
      mprotect (guarded.pages + guarded.size - page, page, PROT_NONE) == 0);
  guarded.data = guarded.pages + page + (at_end ? inner - n : 0);
  for (i = 0; i < n; i++)
    guarded.data[i] = draw (4) ? draw (256) : draw (2) * 255;

  return guarded;
}

static void
free_guarded (Guarded *guarded)
{
  munmap (guarded->pages, guarded->size);
}

/* an output with canaries on both sides */
typedef struct {
  guint8 bytes[CANARY_SIZE + 3 * ROW_SIZE * 2 * sizeof (gint16) + CANARY_SIZE];
} Output;

static guint8 *
clear_output (Output *output, guint odd)
{
  memset (output->bytes, CANARY, sizeof (output->bytes));
  return output->bytes + CANARY_SIZE + odd;
}

static void
check_outputs (const Output *expected, const Output *output, const gchar *name,
    const gchar *kernel, guint n)
{
  guint i;

  if (memcmp (expected->bytes, output->bytes, sizeof (output->bytes)) == 0)
    return;
  for (i = 0; i < sizeof (expected->bytes); i++)
    fail_unless (expected->bytes[i] == output->bytes[i],
        "%s: %s of %u: byte %d is %u, not %u", name, kernel, n,
        (gint) i - CANARY_SIZE, output->bytes[i], expected->bytes[i]);
}

/* sixteen bits of level * 2^7, in aligned rows */
static gint16 *
new_samples (guint n)
{
  gint16 *samples = aligned_alloc (64, n * sizeof (gint16));
  guint i;

  for (i = 0; i < n; i++)
    samples[i] = draw (8) ? draw (255 * 128 + 1) : draw (2) * 255 * 128;

  return samples;
}

/* weights as letterbox_rows_new() makes them, a single row among them */
static void
draw_blend (LetterboxBlend *blend, gint16 *rows[2], guint bits)
{
  const gint unit = 1 << bits;
  gint lower = draw (3) ? draw (unit) : 0;

  blend->rows[0] = rows[0];
  blend->rows[1] = lower > 0 ? rows[1] : rows[0];
  blend->stride = ROW_SIZE;
  blend->weights[0] = MIN (unit - lower, G_MAXINT16);
  blend->weights[1] = lower;
}

static void
draw_quantizer (LetterboxQuantizer *quantizer)
{
  guint kind = draw (12);

  if (kind > 10)
    letterbox_quantizer_init_levels (quantizer);
  else
    letterbox_quantizer_init (quantizer, (gint) kind);
}

static const gchar *const colour_formats[] = { "NV12", "P010_10LE", "GRAY8" };

static void
draw_colour (LetterboxColour *colour)
{
  static const GstVideoColorMatrix matrices[] = { GST_VIDEO_COLOR_MATRIX_BT601,
    GST_VIDEO_COLOR_MATRIX_BT709, GST_VIDEO_COLOR_MATRIX_BT2020 };
  GstVideoInfo info = make_info (colour_formats[draw (3)], 16, 16);

  info.colorimetry.matrix = matrices[draw (3)];
  info.colorimetry.range =
      draw (2) ? GST_VIDEO_COLOR_RANGE_0_255 : GST_VIDEO_COLOR_RANGE_16_235;
  letterbox_colour_init (colour, &info, draw (2) ? RGB : BGR);
}

/* samples of more than 8 bits, from any address, up to the last */
GST_START_TEST (test_unpack)
{
  LetterboxKernels plain, kernels;
  guint n, kind, at_end;

  letterbox_kernels_init_plain (&plain);
  if (!get_level (__i__, &kernels))
    return;

  for (n = 1; n <= MAX_WIDTH; n++) {
    for (kind = 0; kind < LETTERBOX_N_UNPACKS; kind++) {
      for (at_end = 0; at_end < 2; at_end++) {
        gsize size =
            kind == LETTERBOX_UNPACK_10_OF_16 ? 2 * n : (n + 2) / 3 * 4;
        Guarded source = new_guarded (size, at_end);
        Output expected, output;

        plain.unpack[kind](clear_output (&expected, n % 3), source.data, n);
        kernels.unpack[kind](clear_output (&output, n % 3), source.data, n);
        check_outputs (&expected, &output, levels[__i__].name, "unpack", n);
        free_guarded (&source);
      }
    }
  }
}
GST_END_TEST;

/* the layouts of components that formats have: how many, and where in a pixel */
static const struct {
  guint n_components;
  guint pixel_stride;
  guint offsets[3];
} layouts[] = {
  { 1, 1, { 0 } },
  { 1, 2, { 0 } },
  { 1, 3, { 0 } },
  { 1, 4, { 0 } },
  { 2, 2, { 0, 1 } },
  { 2, 2, { 1, 0 } },
  { 2, 3, { 0, 2 } },
  { 2, 4, { 0, 2 } },
  { 2, 4, { 2, 0 } },
  { 2, 4, { 0, 1 } },
  { 3, 3, { 0, 1, 2 } },
  { 3, 4, { 2, 1, 0 } },
};

static void
check_resample (const LetterboxKernels *kernels, const gchar *name,
    const LetterboxAxis *axis, guint l, gboolean at_end)
{
  const guint stride = layouts[l].pixel_stride;
  guint n_source = GST_VIDEO_SUB_SCALE (axis->subsampling, axis->frame_size);
  guint n_components = layouts[l].n_components;
  LetterboxColumns columns;
  LetterboxTaps taps;
  Guarded source;
  gint16 *expected, *output;
  guint last = 0, n_outputs, row_size, i, c;

  for (i = 0; i < n_components; i++)
    last = MAX (last, layouts[l].offsets[i]);
  source = new_guarded ((n_source - 1) * stride + last + 1, at_end);
  letterbox_columns_init (&columns, axis, stride);
  letterbox_taps_init (
      &taps, &columns, layouts[l].offsets, n_components, &kernels->shuffle);
  fail_unless (
      kernels->shuffle.window_size == 0 || taps.n_windows > 0
      || (n_source - 1) * stride + last + 1 < kernels->shuffle.window_size);

  row_size = GST_ROUND_UP_N (taps.n, LETTERBOX_ROW_MULTIPLE);
  n_outputs = taps.n_components * row_size;
  expected = new_samples (n_outputs + 64);
  output = new_samples (n_outputs + 64);
  memcpy (output + n_outputs, expected + n_outputs, 128);
  letterbox_resample_plain (expected, row_size, source.data, &taps);
  kernels->resample (output, row_size, source.data, &taps);
  for (c = 0; c < taps.n_components; c++) {
    for (i = 0; i < taps.n; i++) {
      if (expected[c * row_size + i] != output[c * row_size + i])
        fail ("%s: layout %u, %u to %u: output %u is %d, not %d", name, l,
            axis->frame_size, axis->picture_size, c * row_size + i,
            output[c * row_size + i], expected[c * row_size + i]);
    }
  }
  fail_unless (memcmp (output + n_outputs, expected + n_outputs, 128) == 0);

  free (expected);
  free (output);
  letterbox_taps_clear (&taps);
  letterbox_columns_clear (&columns);
  free_guarded (&source);
}

/* any width from any other, of every layout, with sources between pages that
 * cannot be read */
GST_START_TEST (test_resample)
{
  static const guint sources[] = { 1, 2, 3, 5, 8, 16, 17, 31, 33, 64, 96, 127,
    128, 192, 257, 320, 641, 1920 };
  LetterboxKernels kernels;
  guint n, s, l;

  if (!get_level (__i__, &kernels))
    return;

  for (n = 1; n <= MAX_WIDTH; n++) {
    for (s = 0; s <= G_N_ELEMENTS (sources); s++) {
      /* and the same width */
      LetterboxAxis axis = { s < G_N_ELEMENTS (sources) ? sources[s] : n, n,
        draw (2), draw (2) };

      l = draw (G_N_ELEMENTS (layouts));
      check_resample (&kernels, levels[__i__].name, &axis, l, draw (2));
    }
  }
  for (l = 0; l < G_N_ELEMENTS (layouts); l++) {
    for (s = 0; s < G_N_ELEMENTS (sources); s++) {
      LetterboxAxis axis = { sources[s], 64, 0, TRUE };

      check_resample (&kernels, levels[__i__].name, &axis, l, TRUE);
      check_resample (&kernels, levels[__i__].name, &axis, l, FALSE);
    }
  }
}
GST_END_TEST;

typedef void (*BlendKernel) (
    gint8 *, const LetterboxBlend *, const LetterboxQuantizer *, guint);

static void
check_blend (BlendKernel plain, BlendKernel kernel, const gchar *name,
    const gchar *what, guint n)
{
  gint16 *rows[2] = { new_samples (3 * ROW_SIZE), new_samples (3 * ROW_SIZE) };
  LetterboxQuantizer quantizer;
  LetterboxBlend blend;
  Output expected, output;
  guint i;

  for (i = 0; i < 8; i++) {
    draw_blend (&blend, rows, LETTERBOX_RGB_ROW_WEIGHT_BITS);
    draw_quantizer (&quantizer);
    plain ((gint8 *) clear_output (&expected, i), &blend, &quantizer, n);
    kernel ((gint8 *) clear_output (&output, i), &blend, &quantizer, n);
    check_outputs (&expected, &output, name, what, n);
  }
  free (rows[0]);
  free (rows[1]);
}

/* RGB, packed and in planes, at odd addresses */
GST_START_TEST (test_blend)
{
  LetterboxKernels plain, kernels;
  guint n;

  letterbox_kernels_init_plain (&plain);
  if (!get_level (__i__, &kernels))
    return;

  for (n = 1; n <= MAX_WIDTH; n++) {
    check_blend (plain.blend, kernels.blend, levels[__i__].name, "blend", n);
    check_blend (plain.blend_planes, kernels.blend_planes, levels[__i__].name,
        "blend_planes", n);
  }
}
GST_END_TEST;

/* YUV, of all matrices and ranges, at odd addresses */
GST_START_TEST (test_blend_convert)
{
  LetterboxKernels plain, kernels;
  guint n, i;

  letterbox_kernels_init_plain (&plain);
  if (!get_level (__i__, &kernels))
    return;

  for (n = 1; n <= MAX_WIDTH; n++) {
    gint16 *luma_rows[2] = { new_samples (ROW_SIZE), new_samples (ROW_SIZE) };
    gint16 *chroma_rows[2] = { new_samples (2 * ROW_SIZE),
      new_samples (2 * ROW_SIZE) };

    for (i = 0; i < 16; i++) {
      LetterboxQuantizer quantizer;
      LetterboxColour colour;
      LetterboxBlend luma, chroma;
      Output expected, output;

      draw_blend (&luma, luma_rows, LETTERBOX_YUV_ROW_WEIGHT_BITS);
      draw_blend (&chroma, chroma_rows, LETTERBOX_YUV_ROW_WEIGHT_BITS);
      draw_quantizer (&quantizer);
      draw_colour (&colour);
      plain.blend_convert ((gint8 *) clear_output (&expected, i), &luma,
          &chroma, &colour, &quantizer, n);
      kernels.blend_convert ((gint8 *) clear_output (&output, i), &luma,
          &chroma, &colour, &quantizer, n);
      check_outputs (
          &expected, &output, levels[__i__].name, "blend_convert", n);
    }
    for (i = 0; i < 2; i++) {
      free (luma_rows[i]);
      free (chroma_rows[i]);
    }
  }
}
GST_END_TEST;

/* YOLOV5DPU_CPU hides what it does not name */
GST_START_TEST (test_levels_can_be_hidden)
{
  guint cpu = letterbox_cpu_detect ();

  g_unsetenv ("YOLOV5DPU_CPU");
  fail_unless_equals_int (letterbox_cpu_get (), cpu);
  g_setenv ("YOLOV5DPU_CPU", "plain", TRUE);
  fail_unless_equals_int (letterbox_cpu_get (), 0);
  g_setenv ("YOLOV5DPU_CPU", "ssse3", TRUE);
  fail_unless_equals_int (letterbox_cpu_get (), cpu & LETTERBOX_CPU_SSSE3);
  g_setenv ("YOLOV5DPU_CPU", "ssse3,avx2,neon", TRUE);
  fail_unless_equals_int (letterbox_cpu_get (), cpu);
}
GST_END_TEST;

static Suite *
letterbox_kernels_suite (void)
{
  Suite *suite = suite_create ("letterbox-kernels");
  TCase *tcase = tcase_create ("kernels");
  const guint n = G_N_ELEMENTS (levels);

  suite_add_tcase (suite, tcase);
  tcase_add_loop_test (tcase, test_unpack, 0, n);
  tcase_add_loop_test (tcase, test_resample, 0, n);
  tcase_add_loop_test (tcase, test_blend, 0, n);
  tcase_add_loop_test (tcase, test_blend_convert, 0, n);
  tcase_add_test (tcase, test_levels_can_be_hidden);

  return suite;
}

GST_CHECK_MAIN (letterbox_kernels);
