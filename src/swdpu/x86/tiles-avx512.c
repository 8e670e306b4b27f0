/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include <glib.h>
#include <immintrin.h>
#include <string.h>

typedef __m512i Vector;

#define VECTOR_BYTES 64
#define UNIT 4
#define TILE_VECTORS 1
#define TILE_PIXELS 10

#define LOAD(address) _mm512_loadu_si512 (address)
#define LOAD_ALIGNED(address) LOAD (address)
#define STORE(address, vector) _mm512_storeu_si512 ((address), (vector))
#define BROADCAST(address) _mm512_set1_epi32 (load_unit (address))
#define MULTIPLY_BYTES(bytes, weights) _mm512_maddubs_epi16 ((bytes), (weights))
#define KEEP(vector) __asm__("" : "+v"(vector))
#define ADD_16(sum, b) __asm__("vpaddw %1, %0, %0" : "+v"(sum) : "v"(b))
#define ADD_32(a, b) _mm512_add_epi32 ((a), (b))
#define ADD_NEIGHBOURS(a) _mm512_madd_epi16 ((a), _mm512_set1_epi16 (1))

#define MAX_32(a, b) _mm512_max_epi32 ((a), (b))
#define MULTIPLY_32(a, b) _mm512_mullo_epi32 ((a), (b))
#define SET_32(value) _mm512_set1_epi32 (value)
#define SHIFT_LEFT(a, n) _mm512_sll_epi32 ((a), _mm_cvtsi32_si128 (n))
#define SHIFT_RIGHT(a, n) _mm512_sra_epi32 ((a), _mm_cvtsi32_si128 (n))

static inline void
store_saturated (const __m512i value[1], gint8 least, gint8 *output)
{
  __m128i bytes = _mm512_cvtsepi32_epi8 (value[0]);

  _mm_storeu_si128 (
      (__m128i *) output, _mm_max_epi8 (bytes, _mm_set1_epi8 (least)));
}

#include "words-avx2.h"
#include "tile-loops.h"

const SwdpuTileKernels swdpu_tile_kernels_avx512 = { "avx512", UNIT, CHANNELS,
  FINISH_BLOCKS, lane_of, TRUE, sum_row, finish_row, add_tensors };
