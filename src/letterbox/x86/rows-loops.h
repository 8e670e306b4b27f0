/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* The loops of the row kernels, which are the same for vectors of every size. A
 * kernel's file includes this behind what works on N_PIXELS pixels, or on a
 * block of outputs: resample_blocks(), convert_pixels(), blend_pixels(),
 * blend_planes_pixels(), with store() and make_rounding(). All of it is compiled
 * for that file's level of the processor. */

/* a loop for each number of windows that is frequent */
static ALWAYS_INLINE void
resample_windows (gint16 *row, gsize stride, const guint8 *source,
    const LetterboxTaps *taps, gboolean is_pair, LetterboxTapsKind kind)
{
  switch (taps->n_windows) {
    case 1:
      resample_blocks (row, stride, source, taps, 1, is_pair, kind);
      break;
    case 2:
      resample_blocks (row, stride, source, taps, 2, is_pair, kind);
      break;
    case 3:
      resample_blocks (row, stride, source, taps, 3, is_pair, kind);
      break;
    default:
      resample_blocks (
          row, stride, source, taps, taps->n_windows, is_pair, kind);
      break;
  }
}

/* ... and for each kind */
static ALWAYS_INLINE void
resample_kinds (gint16 *row, gsize stride, const guint8 *source,
    const LetterboxTaps *taps, gboolean is_pair)
{
  switch (taps->kind) {
    case LETTERBOX_TAPS_NEAREST:
      resample_windows (
          row, stride, source, taps, is_pair, LETTERBOX_TAPS_NEAREST);
      break;
    case LETTERBOX_TAPS_COARSE:
      resample_windows (
          row, stride, source, taps, is_pair, LETTERBOX_TAPS_COARSE);
      break;
    default:
      resample_windows (
          row, stride, source, taps, is_pair, LETTERBOX_TAPS_FINE);
      break;
  }
}

static void
resample (
    gint16 *row, gsize stride, const guint8 *source, const LetterboxTaps *taps)
{
  if (taps->n_windows == 0)
    letterbox_resample_plain (row, stride, source, taps);
  else if (taps->n_components == 2)
    resample_kinds (row, stride, source, taps, TRUE);
  else
    resample_kinds (row, stride, source, taps, FALSE);
}

static ALWAYS_INLINE void
convert_row (gint8 *output, const LetterboxBlend *luma_in,
    const LetterboxBlend *chroma_in, const LetterboxColour *colour_in,
    const LetterboxQuantizer *quantizer, guint n, gboolean is_single_luma,
    gboolean is_single_chroma)
{
  const LetterboxBlend luma = *luma_in, chroma = *chroma_in;
  const Rounding rounding =
      make_rounding (quantizer, LETTERBOX_COLOUR_SUM_BITS);
  LetterboxColour colour = *colour_in;
  gint8 last[3 * N_PIXELS];
  gsize x;

  colour.offset_first += rounding.addend;
  colour.offset_second += rounding.addend;
  colour.offset_third += rounding.addend;
  for (x = 0; x + N_PIXELS <= n; x += N_PIXELS)
    convert_pixels (output + 3 * x, x, &luma, &chroma, &colour, &rounding,
        is_single_luma, is_single_chroma);
  if (x < n) {
    convert_pixels (last, x, &luma, &chroma, &colour, &rounding, is_single_luma,
        is_single_chroma);
    memcpy (output + 3 * x, last, 3 * (n - x));
  }
}

static void
blend_convert (gint8 *output, const LetterboxBlend *luma,
    const LetterboxBlend *chroma, const LetterboxColour *colour,
    const LetterboxQuantizer *quantizer, guint n)
{
  gboolean is_single_luma = luma->weights[1] == 0;
  gboolean is_single_chroma = chroma->weights[1] == 0;

  if (is_single_luma && is_single_chroma)
    convert_row (output, luma, chroma, colour, quantizer, n, TRUE, TRUE);
  else if (is_single_luma)
    convert_row (output, luma, chroma, colour, quantizer, n, TRUE, FALSE);
  else if (is_single_chroma)
    convert_row (output, luma, chroma, colour, quantizer, n, FALSE, TRUE);
  else
    convert_row (output, luma, chroma, colour, quantizer, n, FALSE, FALSE);
}

static ALWAYS_INLINE void
blend_row (gint8 *output, const LetterboxBlend *blend_in,
    const LetterboxQuantizer *quantizer, guint n, gboolean is_single)
{
  const LetterboxBlend blend = *blend_in;
  const Rounding rounding = make_rounding (quantizer, RGB_SUM_BITS);
  gint8 last[N_PIXELS];
  gsize x;

  for (x = 0; x + N_PIXELS <= n; x += N_PIXELS)
    store (output + x, blend_pixels (&blend, x, &rounding, is_single));
  if (x < n) {
    store (last, blend_pixels (&blend, x, &rounding, is_single));
    memcpy (output + x, last, n - x);
  }
}

static void
blend (gint8 *output, const LetterboxBlend *blend,
    const LetterboxQuantizer *quantizer, guint n)
{
  if (blend->weights[1] == 0)
    blend_row (output, blend, quantizer, n, TRUE);
  else
    blend_row (output, blend, quantizer, n, FALSE);
}

static void
blend_planes (gint8 *output, const LetterboxBlend *blend_in,
    const LetterboxQuantizer *quantizer, guint n)
{
  const LetterboxBlend blend = *blend_in;
  const Rounding rounding = make_rounding (quantizer, RGB_SUM_BITS);
  gint8 last[3 * N_PIXELS];
  gsize x;

  for (x = 0; x + N_PIXELS <= n; x += N_PIXELS)
    blend_planes_pixels (output + 3 * x, &blend, x, &rounding);
  if (x < n) {
    blend_planes_pixels (last, &blend, x, &rounding);
    memcpy (output + 3 * x, last, 3 * (n - x));
  }
}
