/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* What tile-loops.h wants of 16 bit words, for AVX2 and what is above it: 16
 * channels, which the first layers have, are one vector. */

#pragma once

#include <glib.h>
#include <immintrin.h>

typedef __m256i Words;

#define N_WORDS 16
#define LOAD_WORDS(address)                                                    \
  _mm256_cvtepi8_epi16 (_mm_loadu_si128 ((const __m128i *) (address)))
#define ADD_WORDS(a, b) _mm256_add_epi16 ((a), (b))
#define MAX_16(a, b) _mm256_max_epi16 ((a), (b))
#define SET_16(value) _mm256_set1_epi16 (value)
#define SHIFT_LEFT_16(a, n) _mm256_sll_epi16 ((a), (n))
#define SHIFT_RIGHT_16(a, n) _mm256_sra_epi16 ((a), (n))

static inline void
store_words (__m256i words, gint8 *output)
{
  _mm_storeu_si128 (
      (__m128i *) output, _mm_packs_epi16 (_mm256_castsi256_si128 (words),
                              _mm256_extracti128_si256 (words, 1)));
}
