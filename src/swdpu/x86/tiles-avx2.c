/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include <glib.h>
#include <immintrin.h>
#include <string.h>

typedef __m256i Vector;

#define VECTOR_BYTES 32
#define UNIT 4
#define TILE_VECTORS 2
#define TILE_PIXELS 5

#define LOAD(address) _mm256_loadu_si256 ((const __m256i *) (address))
#define LOAD_ALIGNED(address) LOAD (address)
#define STORE(address, vector)                                                 \
  _mm256_storeu_si256 ((__m256i *) (address), (vector))
#define BROADCAST(address) _mm256_set1_epi32 (load_unit (address))
#define MULTIPLY_BYTES(bytes, weights) _mm256_maddubs_epi16 ((bytes), (weights))
#define KEEP(vector) __asm__("" : "+x"(vector))
#define ADD_16(sum, b) __asm__("vpaddw %1, %0, %0" : "+x"(sum) : "x"(b))
#define ADD_32(a, b) _mm256_add_epi32 ((a), (b))
#define ADD_NEIGHBOURS(a) _mm256_madd_epi16 ((a), _mm256_set1_epi16 (1))

#define MAX_32(a, b) _mm256_max_epi32 ((a), (b))
#define MULTIPLY_32(a, b) _mm256_mullo_epi32 ((a), (b))
#define SET_32(value) _mm256_set1_epi32 (value)
#define SHIFT_LEFT(a, n) _mm256_sll_epi32 ((a), _mm_cvtsi32_si128 (n))
#define SHIFT_RIGHT(a, n) _mm256_sra_epi32 ((a), _mm_cvtsi32_si128 (n))

static inline void
store_saturated (const __m256i value[2], gint8 least, gint8 *output)
{
  __m256i words = _mm256_permute4x64_epi64 (
      _mm256_packs_epi32 (value[0], value[1]), _MM_SHUFFLE (3, 1, 2, 0));

  __m128i bytes = _mm_packs_epi16 (
      _mm256_castsi256_si128 (words), _mm256_extracti128_si256 (words, 1));

  _mm_storeu_si128 (
      (__m128i *) output, _mm_max_epi8 (bytes, _mm_set1_epi8 (least)));
}

#include "words-avx2.h"
#include "tile-loops.h"

const SwdpuTileKernels swdpu_tile_kernels_avx2 = { "avx2", UNIT, CHANNELS,
  FINISH_BLOCKS, lane_of, TRUE, sum_row, finish_row, add_tensors };
