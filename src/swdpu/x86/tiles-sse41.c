/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include <glib.h>
#include <immintrin.h>
#include <string.h>

typedef __m128i Vector;

#define VECTOR_BYTES 16
/* which a load alone makes a vector of; words of 4 take a shuffle as well, on a port
 * that the sums need */
#define UNIT 8
#define TILE_VECTORS 4
#define TILE_PIXELS 3

#define LOAD(address) _mm_loadu_si128 ((const __m128i *) (address))
/* memory from malloc() is aligned */
#define LOAD_ALIGNED(address) _mm_load_si128 ((const __m128i *) (address))
#define STORE(address, vector)                                                 \
  _mm_storeu_si128 ((__m128i *) (address), (vector))
#define BROADCAST(address) _mm_set1_epi64x (load_unit (address))
#define MULTIPLY_BYTES(bytes, weights) _mm_maddubs_epi16 ((bytes), (weights))
#define KEEP(vector) __asm__("" : "+x"(vector))
#define ADD_16(sum, b) __asm__("paddw %1, %0" : "+x"(sum) : "x"(b))
#define ADD_32(a, b) _mm_add_epi32 ((a), (b))
#define ADD_NEIGHBOURS(a) _mm_madd_epi16 ((a), _mm_set1_epi16 (1))
#define FOLD(a, b) _mm_hadd_epi32 ((a), (b))

#define MAX_32(a, b) _mm_max_epi32 ((a), (b))
#define MULTIPLY_32(a, b) _mm_mullo_epi32 ((a), (b))
#define SET_32(value) _mm_set1_epi32 (value)
#define SHIFT_LEFT(a, n) _mm_sll_epi32 ((a), _mm_cvtsi32_si128 (n))
#define SHIFT_RIGHT(a, n) _mm_sra_epi32 ((a), _mm_cvtsi32_si128 (n))

/* 16 bits each */
typedef __m128i Words;

#define N_WORDS 8
#define LOAD_WORDS(address)                                                    \
  _mm_cvtepi8_epi16 (_mm_loadl_epi64 ((const __m128i *) (address)))
#define ADD_WORDS(a, b) _mm_add_epi16 ((a), (b))
#define MAX_16(a, b) _mm_max_epi16 ((a), (b))
#define SET_16(value) _mm_set1_epi16 (value)
#define SHIFT_LEFT_16(a, n) _mm_sll_epi16 ((a), (n))
#define SHIFT_RIGHT_16(a, n) _mm_sra_epi16 ((a), (n))

static inline void
store_saturated (const __m128i value[2], gint8 least, gint8 *output)
{
  __m128i words = _mm_packs_epi32 (value[0], value[1]);
  __m128i bytes = _mm_packs_epi16 (words, words);

  _mm_storel_epi64 (
      (__m128i *) output, _mm_max_epi8 (bytes, _mm_set1_epi8 (least)));
}

static inline void
store_words (__m128i words, gint8 *output)
{
  _mm_storel_epi64 ((__m128i *) output, _mm_packs_epi16 (words, words));
}

#include "tile-loops.h"

const SwdpuTileKernels swdpu_tile_kernels_sse41 = { "sse4.1", UNIT, CHANNELS,
  FINISH_BLOCKS, lane_of, TRUE, sum_row, finish_row, add_tensors };
