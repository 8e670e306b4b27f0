/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Finished pictures of labels and dots in the frames' own format, with what
 * shines through them. They are made once and laid over frames row by row. */

#pragma once

#include "painter.h"

G_BEGIN_DECLS

/**
 * OverlaySprite:
 * @width: columns in pixels, a multiple of overlay_get_grid()
 * @height: rows in pixels, likewise
 * @color: its samples, in the frames' format
 * @opacity: 0 to 255 in the place of each of the samples
 */
typedef struct {
  gint width;
  gint height;

  /*< private >*/
  GstVideoFrame color;
  GstVideoFrame opacity;
} OverlaySprite;

/**
 * OverlaySpriteKind:
 * @OVERLAY_SPRITE_NAME: name of a class
 * @OVERLAY_SPRITE_ID: number of an object
 * @OVERLAY_SPRITE_CONFIDENCE: percentage
 * @OVERLAY_SPRITE_TAG: a spot instead of a label
 * @OVERLAY_SPRITE_DOT: a dot instead of a box
 */
typedef enum {
  OVERLAY_SPRITE_NAME,
  OVERLAY_SPRITE_ID,
  OVERLAY_SPRITE_CONFIDENCE,
  OVERLAY_SPRITE_TAG,
  OVERLAY_SPRITE_DOT
} OverlaySpriteKind;

/**
 * OverlaySpriteKey:
 * @kind: what it is
 * @value: what it says: a quark, a number or a size
 * @paint: its colours
 * @is_small: it is of small letters
 * @is_first: it is the left end of a label
 * @is_last: it is the right end of a label
 * @ascent: of the label's letters, pixels
 * @descent: likewise
 *
 * What makes a sprite another one.
 */
typedef struct {
  OverlaySpriteKind kind;
  guint64 value;
  const OverlayPaint *paint;
  gboolean is_small;
  gboolean is_first;
  gboolean is_last;
  gint ascent;
  gint descent;
} OverlaySpriteKey;

/**
 * OverlaySprites:
 *
 * Sprites by their keys, as many as are used, within bounds.
 */
typedef struct _OverlaySprites OverlaySprites;

OverlaySprites *overlay_sprites_new (void);
void overlay_sprites_free (OverlaySprites *self);
const OverlaySprite *overlay_sprites_find (
    OverlaySprites *self, const OverlaySpriteKey *key);
const OverlaySprite *overlay_sprites_add (
    OverlaySprites *self, const OverlaySpriteKey *key, OverlaySprite *sprite);

OverlaySprite *overlay_sprite_new (const GstVideoInfo *info, gint width,
    gint height, const guint8 *text, const guint8 *ground,
    const OverlayPaint *paint);
void overlay_sprite_free (OverlaySprite *self);

void overlay_sprite_draw (
    const OverlaySprite *self, GstVideoFrame *frame, gint x, gint y);
void overlay_sprite_draw_transparent (
    const OverlaySprite *self, GstVideoFrame *picture, gint x, gint y);

G_END_DECLS
