/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Nanoseconds per output pixel of each row kernel, for each level that this
 * processor has, on rows that are in the cache. The best of many rounds. */

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "letterbox/cpu.h"
#include "letterbox/rows.h"

#define WIDTH 640
#define N_ROUNDS 300
#define N_CALLS 20

static const struct {
  const gchar *name;
  guint cpu;
} levels[] = {
  { "plain", 0 },
  { "ssse3", LETTERBOX_CPU_SSSE3 },
  { "avx2", LETTERBOX_CPU_SSSE3 | LETTERBOX_CPU_AVX2 },
  { "neon", LETTERBOX_CPU_NEON },
};

typedef struct {
  const LetterboxKernels *kernels;
  LetterboxUnpack unpack;
  LetterboxTaps taps;
  LetterboxBlend luma;
  LetterboxBlend chroma;
  LetterboxColour colour;
  LetterboxQuantizer quantizer;
  guint8 source[4 * 4096];
  gint16 *rows[4];
  gint8 output[4 * WIDTH];
} Rig;

typedef void (*Call) (Rig *rig);

static gint64
thread_time (void)
{
  struct timespec time;

  clock_gettime (CLOCK_THREAD_CPUTIME_ID, &time);
  return time.tv_sec * G_GINT64_CONSTANT (1000000000) + time.tv_nsec;
}

static void
print_time (Rig *rig, Call call)
{
  gint64 best = G_MAXINT64;
  guint round, i;

  for (round = 0; round < N_ROUNDS; round++) {
    gint64 start = thread_time ();

    for (i = 0; i < N_CALLS; i++)
      call (rig);
    best = MIN (best, thread_time () - start);
  }
  g_print (" %8.3f", (gdouble) best / N_CALLS / WIDTH);
}

static void
call_unpack (Rig *rig)
{
  rig->kernels->unpack[rig->unpack]((guint8 *) rig->output, rig->source, WIDTH);
}

static void
call_resample (Rig *rig)
{
  rig->kernels->resample (rig->rows[0], 3 * WIDTH, rig->source, &rig->taps);
}

static void
call_blend (Rig *rig)
{
  rig->kernels->blend (rig->output, &rig->luma, &rig->quantizer, 3 * WIDTH);
}

static void
call_blend_planes (Rig *rig)
{
  rig->kernels->blend_planes (rig->output, &rig->luma, &rig->quantizer, WIDTH);
}

static void
call_blend_convert (Rig *rig)
{
  rig->kernels->blend_convert (rig->output, &rig->luma, &rig->chroma,
      &rig->colour, &rig->quantizer, WIDTH);
}

/* a line of the table: the call for each level */
static void
run (Rig *rig, const gchar *name, Call call)
{
  guint l;

  g_print ("%-34s", name);
  for (l = 0; l < G_N_ELEMENTS (levels); l++) {
    LetterboxKernels kernels;

    if (levels[l].cpu & ~letterbox_cpu_detect ())
      continue;
    letterbox_kernels_init (&kernels, levels[l].cpu);
    rig->kernels = &kernels;
    print_time (rig, call);
  }
  g_print ("\n");
}

/* taps depend on the level */
static void
run_resample (Rig *rig, const gchar *name, guint frame_width, guint subsampling,
    guint n_components, guint pixel_stride, const guint *offsets)
{
  LetterboxAxis axis = { frame_width, WIDTH, subsampling, subsampling == 0 };
  LetterboxColumns columns;
  guint l;

  letterbox_columns_init (&columns, &axis, pixel_stride);
  g_print ("%-34s", name);
  for (l = 0; l < G_N_ELEMENTS (levels); l++) {
    LetterboxKernels kernels;

    if (levels[l].cpu & ~letterbox_cpu_detect ())
      continue;
    letterbox_kernels_init (&kernels, levels[l].cpu);
    rig->kernels = &kernels;
    letterbox_taps_init (
        &rig->taps, &columns, offsets, n_components, &kernels.shuffle);
    print_time (rig, call_resample);
    letterbox_taps_clear (&rig->taps);
  }
  g_print ("\n");
  letterbox_columns_clear (&columns);
}

static void
run_resamples (Rig *rig)
{
  static const guint in_order[] = { 0, 1, 2 };
  static const guint yuy2_chroma[] = { 1, 3 };

  run_resample (rig, "resample luma, 640 to 640", 640, 0, 1, 1, in_order);
  run_resample (rig, "resample luma, 1280 to 640", 1280, 0, 1, 1, in_order);
  run_resample (rig, "resample luma, 1920 to 640", 1920, 0, 1, 1, in_order);
  run_resample (rig, "resample luma, 1366 to 640", 1366, 0, 1, 1, in_order);
  run_resample (rig, "resample luma, 3840 to 640", 3840, 0, 1, 1, in_order);
  run_resample (rig, "resample NV12 chroma, 640", 640, 1, 2, 2, in_order);
  run_resample (rig, "resample NV12 chroma, 1280", 1280, 1, 2, 2, in_order);
  run_resample (rig, "resample NV12 chroma, 1920", 1920, 1, 2, 2, in_order);
  run_resample (rig, "resample NV12 chroma, 3840", 3840, 1, 2, 2, in_order);
  run_resample (rig, "resample YUY2 luma, 1280", 1280, 0, 1, 2, in_order);
  run_resample (rig, "resample YUY2 chroma, 1280", 1280, 1, 2, 4, yuy2_chroma);
  run_resample (rig, "resample RGB, 1280 to 640", 1280, 0, 3, 3, in_order);
  run_resample (rig, "resample RGB, 1920 to 640", 1920, 0, 3, 3, in_order);
  run_resample (rig, "resample RGBx, 1280 to 640", 1280, 0, 3, 4, in_order);
}

static void
set_weights (LetterboxBlend *blend, gint16 upper, gint16 lower)
{
  blend->weights[0] = upper;
  blend->weights[1] = lower;
}

static void
run_blends (Rig *rig)
{
  set_weights (&rig->luma, 1024, 1024);
  run (rig, "blend RGB", call_blend);
  run (rig, "blend planes of RGB", call_blend_planes);
  set_weights (&rig->luma, 2048, 0);
  run (rig, "blend RGB, one row", call_blend);

  set_weights (&rig->luma, G_MAXINT16, 0);
  set_weights (&rig->chroma, G_MAXINT16, 0);
  run (rig, "convert, one row of each", call_blend_convert);
  set_weights (&rig->chroma, 24576, 8192);
  run (rig, "convert, one row of luma", call_blend_convert);
  set_weights (&rig->luma, 16384, 16384);
  run (rig, "convert, two rows of each", call_blend_convert);
}

static void
rig_init (Rig *rig)
{
  GstVideoInfo info;
  guint i, x;

  memset (rig, 0, sizeof (*rig));
  for (i = 0; i < sizeof (rig->source); i++)
    rig->source[i] = (guint8) (i * 2654435761u >> 24);
  for (i = 0; i < 4; i++) {
    rig->rows[i] = aligned_alloc (64, 6 * WIDTH * sizeof (gint16));
    for (x = 0; x < 6 * WIDTH; x++)
      rig->rows[i][x] = (gint16) ((x * 2654435761u >> 24) << 7);
  }
  for (i = 0; i < 2; i++) {
    rig->luma.rows[i] = rig->rows[i];
    rig->chroma.rows[i] = rig->rows[2 + i];
  }
  rig->luma.stride = rig->chroma.stride = WIDTH;
  gst_video_info_set_format (&info, GST_VIDEO_FORMAT_NV12, 1920, 1080);
  letterbox_colour_init (&rig->colour, &info, LETTERBOX_CHANNEL_ORDER_RGB);
  letterbox_quantizer_init (&rig->quantizer, 7);
}

int
main (int argc, char **argv)
{
  Rig *rig = g_new (Rig, 1);
  guint l;

  gst_init (&argc, &argv);
  rig_init (rig);

  g_print ("ns per pixel, the best of %d rounds\n%-34s", N_ROUNDS, "kernel");
  for (l = 0; l < G_N_ELEMENTS (levels); l++) {
    if (!(levels[l].cpu & ~letterbox_cpu_detect ()))
      g_print (" %8s", levels[l].name);
  }
  g_print ("\n");
  rig->unpack = LETTERBOX_UNPACK_10_OF_16;
  run (rig, "unpack 10 of 16 bits", call_unpack);
  rig->unpack = LETTERBOX_UNPACK_10_OF_32;
  run (rig, "unpack 10 of 32 bits", call_unpack);
  run_resamples (rig);
  run_blends (rig);

  for (l = 0; l < 4; l++)
    free (rig->rows[l]);
  g_free (rig);

  return 0;
}
