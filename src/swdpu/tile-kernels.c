/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Which kernels the processor has, and those in plain C that say what each does. */

#include "tile-kernels.h"

#include <oneapi/dnnl/dnnl.h>
#include <string.h>

#if defined(__aarch64__) && defined(__linux__)
#include <asm/hwcap.h>
#include <sys/auxv.h>
#endif

#define UNIT 4
#define CHANNELS 4
#define FINISH_BLOCKS 1

#include "tile-finish.h"

static void
sum_row (const SwdpuTileBlock *block, const guint8 *input, gsize stride,
    guint n_pixels, gint32 *sums)
{
  for (; n_pixels > 0; n_pixels--, input += stride, sums += CHANNELS) {
    const gint8 *weight = block->weights;

    memset (sums, 0, CHANNELS * sizeof (*sums));
    for (guint i = 0; i < block->n_entries; i++) {
      const gint8 *bytes = (const gint8 *) input + block->offsets[i];

      for (guint c = 0; c < CHANNELS; c++) {
        for (guint j = 0; j < UNIT; j++)
          sums[c] += bytes[j] * *weight++;
      }
    }
  }
}

static void
add_tensors (const SwdpuTileAddition *self, const gint8 *a, const gint8 *b,
    gsize channels, gsize n_pixels, gint8 *output, gsize stride)
{
  for (; n_pixels > 0; n_pixels--) {
    add_values (self, a, b, channels, output);
    a += channels;
    b += channels;
    output += stride;
  }
}

const SwdpuTileKernels swdpu_tile_kernels_plain = { "plain", UNIT, CHANNELS,
  FINISH_BLOCKS, NULL, FALSE, sum_row, finish_sums, add_tensors };

/**
 * swdpu_tile_addition_init:
 *
 * Returns: whether @sum is one that fits 16 bits
 */
gboolean
swdpu_tile_addition_init (
    SwdpuTileAddition *self, const PlanSum *sum, guint n_inputs)
{
  const PlanRequantize *requantize = &sum->requantize;
  gint shift = requantize->fix_point - requantize->output_fix_point;

  if (n_inputs != 2 || shift < 0 || shift > 14
      || (requantize->activation != PLAN_ACTIVATION_NONE
          && requantize->activation != PLAN_ACTIVATION_RELU))
    return FALSE;
  for (guint i = 0; i < 2; i++) {
    if (sum->shifts[i] < -6 || sum->shifts[i] > 8)
      return FALSE;
    self->left[i] = MAX (-sum->shifts[i], 0);
    self->right[i] = MAX (sum->shifts[i], 0);
  }
  self->shift = shift;
  self->least = requantize->activation == PLAN_ACTIVATION_RELU ? 0 : G_MININT16;
  return TRUE;
}

/* oneDNN is asked, not the CPU, so that ONEDNN_MAX_CPU_ISA counts */
#if defined(__x86_64__) || defined(__i386__)
static gboolean
has_isa (dnnl_cpu_isa_t isa)
{
  return ((guint) dnnl_get_effective_cpu_isa () & isa) == (guint) isa;
}
#endif

/**
 * swdpu_tile_kernels_list:
 *
 * Returns: (transfer none) (array zero-terminated=1): the kernels that this
 *   processor can run, the fastest last
 */
const SwdpuTileKernels *const *
swdpu_tile_kernels_list (void)
{
  static const SwdpuTileKernels *list[5];
  static gsize is_made = 0;

  if (g_once_init_enter (&is_made)) {
    guint n = 0;

    list[n++] = &swdpu_tile_kernels_plain;
#if defined(SWDPU_HAVE_X86_TILES)
    if (has_isa (dnnl_cpu_isa_sse41))
      list[n++] = &swdpu_tile_kernels_sse41;
    if (has_isa (dnnl_cpu_isa_avx2))
      list[n++] = &swdpu_tile_kernels_avx2;
    if (has_isa (dnnl_cpu_isa_avx512_core))
      list[n++] = &swdpu_tile_kernels_avx512;
#elif defined(SWDPU_HAVE_ARM_TILES)
    list[n++] = &swdpu_tile_kernels_neon;
#ifdef __linux__
    if ((getauxval (AT_HWCAP) & HWCAP_ASIMDDP) != 0)
      list[n++] = &swdpu_tile_kernels_dotprod;
#endif
#endif
    g_once_init_leave (&is_made, 1);
  }
  return list;
}

static const SwdpuTileKernels *
choose_kernels (void)
{
  const SwdpuTileKernels *const *list = swdpu_tile_kernels_list ();
  const gchar *wanted = g_getenv ("YOLOV5DPU_TILES");
  const SwdpuTileKernels *best = NULL;

  for (guint i = 1; list[i] != NULL; i++)
    if (wanted == NULL || g_str_equal (wanted, list[i]->name))
      best = list[i];
  return best;
}

/**
 * swdpu_tile_kernels_get:
 *
 * Those that YOLOV5DPU_TILES names, where it is set when this is called first, or
 * the fastest.
 *
 * Returns: (transfer none) (nullable): %NULL where there are none but the plain ones
 */
const SwdpuTileKernels *
swdpu_tile_kernels_get (void)
{
  static const SwdpuTileKernels *best;
  static gsize is_chosen = 0;

  if (g_once_init_enter (&is_chosen)) {
    best = choose_kernels ();
    g_once_init_leave (&is_chosen, 1);
  }
  return best;
}
