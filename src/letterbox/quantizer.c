/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* q = clamp (floor (level / 255 * 2^fix_point + 1/2), -128, 127) without a
 * division or a look-up where that is possible. */

#include "quantizer.h"

#include <math.h>

/* q steps from i - 1 to i at the first level that reaches
 *   t = (i - 1/2) * 255 / 2^fp = N - N / 256 with N = (i - 1/2) * 2^(8 - fp).
 * For fp 0..7 N is an integer, and as long as it is below 256 the first level
 * at or above t is N itself. So dividing by 256 instead of 255 steps at the
 * same levels: q = (level + 2^(7 - fp)) * 2^fp >> 8. For fp 8, t lies in
 * (i - 1, i] as long as i <= 128, so q is the level itself. */
void
letterbox_quantizer_init (LetterboxQuantizer *quantizer, gint fix_point)
{
  gint level;

  letterbox_quantizer_init_levels (quantizer);
  for (level = 0; level < 256; level++) {
    gdouble q = floor (ldexp (level / 255.0, fix_point) + 0.5);

    quantizer->table[level] = (gint8) MIN (q, G_MAXINT8);
  }

  if (fix_point == 8) {
    quantizer->ceiling = G_MAXINT8;
  } else if (fix_point >= 0 && fix_point < 8) {
    quantizer->ceiling = fix_point == 7 ? 254 : 255;
    quantizer->addend = (gint16) (1 << (7 - fix_point));
    quantizer->multiplier = (gint16) (1 << (2 + fix_point));
  } else {
    quantizer->uses_table = TRUE;
  }
}

/* levels stay as they are, as bits: 128 becomes -128 */
void
letterbox_quantizer_init_levels (LetterboxQuantizer *quantizer)
{
  gint level;

  quantizer->ceiling = 255;
  quantizer->addend = 0;
  quantizer->multiplier = 1 << 10;
  quantizer->uses_table = FALSE;
  for (level = 0; level < 256; level++)
    quantizer->table[level] = (gint8) level;
}

/* takes @levels[level] in place of each level */
void
letterbox_quantizer_map_levels (
    LetterboxQuantizer *quantizer, const guint8 levels[256])
{
  gint8 mapped[256];
  gint level;

  for (level = 0; level < 256; level++)
    mapped[level] = quantizer->table[levels[level]];

  letterbox_quantizer_init_levels (quantizer);
  for (level = 0; level < 256; level++)
    quantizer->table[level] = mapped[level];
  quantizer->uses_table = TRUE;
}
