/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Two small frames: one has the samples, the other in the same places how much
 * of the video they cover. Where samples are bytes, rows are blended as bytes,
 * whatever they mean. */

#include "sprites.h"

#include <string.h>

#include "samples.h"

/* some thousand labels at 1080p */
#define MAX_SPRITE_BYTES (32 * 1024 * 1024)

static gboolean
map_new_frame (
    GstVideoFrame *frame, const GstVideoInfo *format, gint width, gint height)
{
  GstVideoInfo info;
  GstBuffer *buffer;
  gboolean mapped;

  gst_video_info_set_format (
      &info, GST_VIDEO_INFO_FORMAT (format), width, height);
  buffer = gst_buffer_new_allocate (NULL, GST_VIDEO_INFO_SIZE (&info), NULL);
  gst_buffer_memset (buffer, 0, 0, GST_VIDEO_INFO_SIZE (&info));
  mapped = gst_video_frame_map (frame, &info, buffer, GST_MAP_READWRITE);
  gst_buffer_unref (buffer);
  return mapped;
}

/* mean of a block of pixels, which begins in the picture */
static guint
get_mean (const guint8 *pixels, gint width, gint height, gint left, gint top,
    guint shift_x, guint shift_y)
{
  gint right = MIN (left + (1 << shift_x), width);
  gint bottom = MIN (top + (1 << shift_y), height);
  guint sum = 0, n = (guint) ((right - left) * (bottom - top));
  gint x, y;

  if (n == 1)
    return pixels[top * width + left];
  for (y = top; y < bottom; y++)
    for (x = left; x < right; x++)
      sum += pixels[y * width + x];
  return (sum + n / 2) / n;
}

static void
render_component (OverlaySprite *self, guint c, const guint8 *text,
    const guint8 *ground, const OverlayPaint *paint)
{
  const GstVideoFormatInfo *finfo = self->color.info.finfo;
  const GstVideoRectangle all = { 0, 0, self->width, self->height };
  guint shift_x = GST_VIDEO_FORMAT_INFO_W_SUB (finfo, c);
  guint shift_y = GST_VIDEO_FORMAT_INFO_H_SUB (finfo, c);
  guint fill = paint->fill.component[c], letters = paint->text.component[c];
  OverlaySamples color, opacity;
  gint row, column;

  overlay_samples_get (&color, &self->color, c, &all);
  overlay_samples_get (&opacity, &self->opacity, c, &all);
  for (row = 0; row < color.rows; row++)
    for (column = 0; column < color.columns; column++) {
      gint x = column << shift_x, y = row << shift_y;
      guint t =
          get_mean (text, self->width, self->height, x, y, shift_x, shift_y);
      guint g =
          get_mean (ground, self->width, self->height, x, y, shift_x, shift_y);

      overlay_samples_set (
          &color, row, column, (fill * (255 - t) + letters * t + 127) / 255);
      /* letters are as opaque as can be, but do not reach beyond the ground */
      overlay_samples_set (&opacity, row, column,
          g == 0 ? 0 : (g * (255 - t) + 255 * t + 127) / 255);
    }
}

/**
 * overlay_sprite_new:
 * @info: format of the frames to draw into
 * @width: columns in pixels, a multiple of overlay_get_grid()
 * @height: rows in pixels, likewise
 * @text: (array): 0 to 255 for each pixel, how much of it is letters
 * @ground: (array): 0 to 255 for each pixel, how opaque it is without letters
 * @paint: colours of the letters and the ground
 *
 * Returns: (transfer full) (nullable): a sprite, %NULL without memory for it
 */
OverlaySprite *
overlay_sprite_new (const GstVideoInfo *info, gint width, gint height,
    const guint8 *text, const guint8 *ground, const OverlayPaint *paint)
{
  OverlaySprite *self = g_new0 (OverlaySprite, 1);
  guint c;

  self->width = width;
  self->height = height;
  if (!map_new_frame (&self->color, info, width, height)) {
    g_free (self);
    return NULL;
  }
  if (!map_new_frame (&self->opacity, info, width, height)) {
    gst_video_frame_unmap (&self->color);
    g_free (self);
    return NULL;
  }
  for (c = 0; c < GST_VIDEO_INFO_N_COMPONENTS (info); c++)
    render_component (self, c, text, ground, paint);
  return self;
}

/**
 * overlay_sprite_free:
 * @self: (transfer full): a sprite
 */
void
overlay_sprite_free (OverlaySprite *self)
{
  gst_video_frame_unmap (&self->color);
  gst_video_frame_unmap (&self->opacity);
  g_free (self);
}

struct _OverlaySprites {
  /* OverlaySpriteKey to OverlaySprite */
  GHashTable *sprites;
  gsize n_bytes;
};

static guint
hash_key (gconstpointer data)
{
  const OverlaySpriteKey *key = data;
  guint64 hash = key->value * 31 + GPOINTER_TO_SIZE (key->paint);

  hash = hash * 31 + key->kind * 8 + key->is_small * 4 + key->is_first * 2
         + key->is_last;
  return (guint) (hash ^ hash >> 29);
}

static gboolean
are_keys_equal (gconstpointer a, gconstpointer b)
{
  const OverlaySpriteKey *left = a, *right = b;

  return left->value == right->value && left->paint == right->paint
         && left->kind == right->kind && left->is_small == right->is_small
         && left->is_first == right->is_first && left->is_last == right->is_last
         && left->ascent == right->ascent && left->descent == right->descent;
}

/**
 * overlay_sprites_new:
 *
 * Returns: (transfer full): an empty set of sprites
 */
OverlaySprites *
overlay_sprites_new (void)
{
  OverlaySprites *self = g_new0 (OverlaySprites, 1);

  self->sprites = g_hash_table_new_full (
      hash_key, are_keys_equal, g_free, (GDestroyNotify) overlay_sprite_free);
  return self;
}

/**
 * overlay_sprites_free:
 * @self: (nullable) (transfer full): sprites
 */
void
overlay_sprites_free (OverlaySprites *self)
{
  if (self == NULL)
    return;
  g_hash_table_unref (self->sprites);
  g_free (self);
}

/**
 * overlay_sprites_find:
 *
 * Returns: (transfer none) (nullable): a sprite, valid until the next one is
 *   added, %NULL if there is none of that key
 */
const OverlaySprite *
overlay_sprites_find (OverlaySprites *self, const OverlaySpriteKey *key)
{
  return g_hash_table_lookup (self->sprites, key);
}

/**
 * overlay_sprites_add:
 * @sprite: (transfer full) (nullable): a sprite
 *
 * Keeps a sprite. Those before go when there are too many, as numbers of objects
 * never end.
 *
 * Returns: (transfer none) (nullable): the sprite
 */
const OverlaySprite *
overlay_sprites_add (
    OverlaySprites *self, const OverlaySpriteKey *key, OverlaySprite *sprite)
{
  gsize n_bytes;

  if (sprite == NULL)
    return NULL;
  n_bytes = sizeof (*sprite) + 2 * GST_VIDEO_FRAME_SIZE (&sprite->color);
  if (self->n_bytes + n_bytes > MAX_SPRITE_BYTES) {
    g_hash_table_remove_all (self->sprites);
    self->n_bytes = 0;
  }
  self->n_bytes += n_bytes;
  g_hash_table_insert (self->sprites, g_memdup2 (key, sizeof (*key)), sprite);
  return sprite;
}

/* (colour * opacity + video * (255 - opacity)) / 255, rounded down as GStreamer
 * blends; 16 bits are enough for it, which compilers need to be told */
static void
blend_bytes (guint8 *restrict video, const guint8 *restrict color,
    const guint8 *restrict opacity, gint n)
{
  gint i;

  for (i = 0; i < n; i++) {
    guint16 sum = (guint16) ((guint16) (color[i] * opacity[i])
                             + (guint16) (video[i] * (guint8) ~opacity[i]));

    video[i] = (guint8) ((guint16) (sum + 1 + (sum >> 8)) >> 8);
  }
}

static gint
get_row_bytes (const GstVideoFrame *frame, guint plane, gint width)
{
  const GstVideoFormatInfo *finfo = frame->info.finfo;
  gint n = 0;
  guint c;

  for (c = 0; c < GST_VIDEO_FORMAT_INFO_N_COMPONENTS (finfo); c++)
    if ((guint) GST_VIDEO_FORMAT_INFO_PLANE (finfo, c) == plane)
      n = MAX (n, GST_VIDEO_FORMAT_INFO_SCALE_WIDTH (finfo, c, width)
                      * GST_VIDEO_FRAME_COMP_PSTRIDE (frame, c));
  return n;
}

static void
draw_plane (const OverlaySprite *self, GstVideoFrame *frame, guint plane,
    gint x, gint y, gint width, gint height)
{
  const GstVideoFormatInfo *finfo = frame->info.finfo;
  gint stride = GST_VIDEO_FRAME_PLANE_STRIDE (frame, plane);
  gint sprite_stride = GST_VIDEO_FRAME_PLANE_STRIDE (&self->color, plane);
  const guint8 *color = GST_VIDEO_FRAME_PLANE_DATA (&self->color, plane);
  const guint8 *opacity = GST_VIDEO_FRAME_PLANE_DATA (&self->opacity, plane);
  guint8 *video = GST_VIDEO_FRAME_PLANE_DATA (frame, plane);
  gint first = get_row_bytes (frame, plane, x), n_rows = height, row;
  gint n = MIN (get_row_bytes (frame, plane, width), ABS (stride) - first);
  guint c;

  for (c = 0; c < GST_VIDEO_FORMAT_INFO_N_COMPONENTS (finfo); c++)
    if ((guint) GST_VIDEO_FORMAT_INFO_PLANE (finfo, c) == plane) {
      n_rows = GST_VIDEO_FORMAT_INFO_SCALE_HEIGHT (finfo, c, height);
      y >>= GST_VIDEO_FORMAT_INFO_H_SUB (finfo, c);
      break;
    }
  video += (gssize) y * stride + first;
  for (row = 0; row < n_rows; row++) {
    blend_bytes (video, color, opacity, n);
    video += stride;
    color += sprite_stride;
    opacity += sprite_stride;
  }
}

/* samples of more than a byte, one by one */
static void
draw_component (const OverlaySprite *self, GstVideoFrame *frame, guint c,
    const GstVideoRectangle *place)
{
  const GstVideoRectangle part = { 0, 0, place->w, place->h };
  OverlaySamples video, color, opacity;
  gint row, column;

  overlay_samples_get (&video, frame, c, place);
  overlay_samples_get (&color, &self->color, c, &part);
  overlay_samples_get (&opacity, &self->opacity, c, &part);
  for (row = 0; row < video.rows; row++)
    for (column = 0; column < video.columns; column++) {
      guint o = overlay_samples_at (&opacity, row, column);

      if (o > 0)
        overlay_samples_set (&video, row, column,
            (overlay_samples_at (&color, row, column) * o
                + overlay_samples_at (&video, row, column) * (255 - o) + 127)
                / 255);
    }
}

/* what of the sprite lies in the frame; its corner does */
static GstVideoRectangle
get_visible_place (
    const OverlaySprite *self, const GstVideoFrame *frame, gint x, gint y)
{
  return (GstVideoRectangle){ x, y,
    MIN (self->width, GST_VIDEO_FRAME_WIDTH (frame) - x),
    MIN (self->height, GST_VIDEO_FRAME_HEIGHT (frame) - y) };
}

/**
 * overlay_sprite_draw:
 * @frame: mapped for reading and writing
 * @x: left edge in pixels, on the grid and in the frame
 * @y: top edge in pixels, likewise
 *
 * Lays the sprite over a frame. What lies beyond the frame is cut.
 */
void
overlay_sprite_draw (
    const OverlaySprite *self, GstVideoFrame *frame, gint x, gint y)
{
  GstVideoRectangle place = get_visible_place (self, frame, x, y);
  guint i;

  if (overlay_samples_are_bytes (frame->info.finfo))
    for (i = 0; i < GST_VIDEO_FRAME_N_PLANES (frame); i++)
      draw_plane (self, frame, i, x, y, place.w, place.h);
  else
    for (i = 0; i < GST_VIDEO_FRAME_N_COMPONENTS (frame); i++)
      draw_component (self, frame, i, &place);
}

/**
 * overlay_sprite_draw_transparent:
 * @picture: of a format of four bytes a pixel, one of which is alpha, mapped for
 *   reading and writing
 * @x: left edge in pixels, in the picture
 * @y: top edge in pixels, likewise
 *
 * Lays the sprite over a picture that is transparent where nothing was drawn.
 */
void
overlay_sprite_draw_transparent (
    const OverlaySprite *self, GstVideoFrame *picture, gint x, gint y)
{
  GstVideoRectangle place = get_visible_place (self, picture, x, y);
  gint alpha = GST_VIDEO_FRAME_COMP_POFFSET (picture, GST_VIDEO_COMP_A);
  gint row, column;

  for (row = 0; row < place.h; row++) {
    guint8 *pixel =
        (guint8 *) GST_VIDEO_FRAME_PLANE_DATA (picture, 0)
        + (gssize) (y + row) * GST_VIDEO_FRAME_PLANE_STRIDE (picture, 0)
        + 4 * x;
    gsize offset = (gsize) row * GST_VIDEO_FRAME_PLANE_STRIDE (&self->color, 0);
    const guint8 *color =
        (guint8 *) GST_VIDEO_FRAME_PLANE_DATA (&self->color, 0) + offset;
    const guint8 *opacity =
        (guint8 *) GST_VIDEO_FRAME_PLANE_DATA (&self->opacity, 0) + offset;

    for (column = 0; column < place.w; column++) {
      if (pixel[alpha] != 0) {
        blend_bytes (pixel, color, opacity, 4);
      } else if (opacity[alpha] != 0) {
        memcpy (pixel, color, 4);
        pixel[alpha] = opacity[alpha];
      }
      pixel += 4;
      color += 4;
      opacity += 4;
    }
  }
}
