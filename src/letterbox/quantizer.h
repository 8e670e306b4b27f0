/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* From 8-bit levels to the model's int8 input. */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * LetterboxQuantizer:
 * @ceiling: greater levels give the same value as this one
 * @addend: see @multiplier
 * @multiplier: q = ((MIN (level, @ceiling) + @addend) * @multiplier) >> 10,
 *     where the sum is below 512 and the multiplier a power of two up to 1024
 * @uses_table: the three above leave the level as it is, and @table holds what
 *     replaces it
 * @table: q for each level; always filled in
 */
typedef struct {
  gint16 ceiling;
  gint16 addend;
  gint16 multiplier;
  gboolean uses_table;
  gint8 table[256];
} LetterboxQuantizer;

void letterbox_quantizer_init (LetterboxQuantizer *quantizer, gint fix_point);
void letterbox_quantizer_init_levels (LetterboxQuantizer *quantizer);
void letterbox_quantizer_map_levels (
    LetterboxQuantizer *quantizer, const guint8 levels[256]);

G_END_DECLS
