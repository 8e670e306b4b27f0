/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Lines have no picture of their own: all of one colour share a single pixel,
 * which is stretched to their size. So they cost as little to attach as to
 * draw, and next to nothing to upload. */

#include "composition.h"

struct _OverlayComposition {
  /* GstBuffers of one pixel, by colour; the palette and the colours that a
   * property names bound their number */
  GHashTable *pixels;
  GstVideoOverlayComposition *composition;
};

/**
 * overlay_composition_new:
 *
 * An object belongs to one thread at a time.
 *
 * Returns: (transfer full): an object to put compositions together with
 */
OverlayComposition *
overlay_composition_new (void)
{
  OverlayComposition *self = g_new0 (OverlayComposition, 1);

  self->pixels = g_hash_table_new_full (
      NULL, NULL, NULL, (GDestroyNotify) gst_buffer_unref);
  return self;
}

/**
 * overlay_composition_free:
 * @self: (nullable) (transfer full): an object
 */
void
overlay_composition_free (OverlayComposition *self)
{
  if (self == NULL)
    return;
  g_hash_table_unref (self->pixels);
  if (self->composition)
    gst_video_overlay_composition_unref (self->composition);
  g_free (self);
}

/**
 * overlay_composition_get_info:
 * @info: (out): the format of colours and pictures in compositions
 * @width: columns in pixels
 * @height: rows in pixels
 */
void
overlay_composition_get_info (GstVideoInfo *info, gint width, gint height)
{
  gst_video_info_set_format (
      info, GST_VIDEO_OVERLAY_COMPOSITION_FORMAT_RGB, width, height);
}

static GstBuffer *
new_picture (gint width, gint height)
{
  GstBuffer *buffer =
      gst_buffer_new_allocate (NULL, (gsize) width * height * 4, NULL);

  gst_buffer_add_video_meta (buffer, GST_VIDEO_FRAME_FLAG_NONE,
      GST_VIDEO_OVERLAY_COMPOSITION_FORMAT_RGB, width, height);
  return buffer;
}

static void
add_rectangle (OverlayComposition *self, GstVideoOverlayRectangle *rectangle)
{
  if (self->composition)
    gst_video_overlay_composition_add_rectangle (self->composition, rectangle);
  else
    self->composition = gst_video_overlay_composition_new (rectangle);
}

static void
add_pixels (
    OverlayComposition *self, GstBuffer *pixels, const GstVideoRectangle *place)
{
  GstVideoOverlayRectangle *rectangle =
      gst_video_overlay_rectangle_new_raw (pixels, place->x, place->y, place->w,
          place->h, GST_VIDEO_OVERLAY_FORMAT_FLAG_NONE);

  add_rectangle (self, rectangle);
  gst_video_overlay_rectangle_unref (rectangle);
}

/**
 * overlay_composition_begin:
 * @below: (nullable): what others have attached and stays below
 *
 * Begins a composition.
 */
void
overlay_composition_begin (
    OverlayComposition *self, GstVideoOverlayComposition *below)
{
  guint n = below ? gst_video_overlay_composition_n_rectangles (below) : 0, i;

  /* a copy would have other rectangles, which sinks had to upload again */
  for (i = 0; i < n; i++)
    add_rectangle (
        self, gst_video_overlay_composition_get_rectangle (below, i));
}

static GstBuffer *
get_pixel (OverlayComposition *self, const OverlayColor *color)
{
  GstBuffer *buffer;
  GstVideoFrame picture;
  GstVideoRectangle pixel = { 0, 0, 1, 1 };
  guint32 key = 0;
  guint c;

  /* of 8 bits each in this format */
  for (c = 0; c < 4; c++)
    key = key << 8 | color->component[c];
  buffer = g_hash_table_lookup (self->pixels, GUINT_TO_POINTER (key));
  if (buffer == NULL && overlay_composition_map_picture (1, 1, &picture)) {
    overlay_fill_rectangle (&picture, &pixel, color);
    buffer = picture.buffer;
    gst_video_frame_unmap (&picture);
    g_hash_table_insert (self->pixels, GUINT_TO_POINTER (key), buffer);
  }
  return buffer;
}

/**
 * overlay_composition_add_solid:
 * @rectangle: pixels of the video frame
 * @color: in the format of overlay_composition_get_info()
 *
 * Adds a rectangle of one colour.
 */
void
overlay_composition_add_solid (OverlayComposition *self,
    const GstVideoRectangle *rectangle, const OverlayColor *color)
{
  GstBuffer *pixel = get_pixel (self, color);

  if (pixel)
    add_pixels (self, pixel, rectangle);
}

/**
 * overlay_composition_map_picture:
 * @width: columns in pixels
 * @height: rows in pixels
 * @picture: (out): a frame mapped for writing, undefined so far; it owns its
 *   buffer
 *
 * Makes a picture for overlay_composition_add_picture().
 *
 * Returns: whether there was memory for it
 */
gboolean
overlay_composition_map_picture (
    gint width, gint height, GstVideoFrame *picture)
{
  GstBuffer *buffer = new_picture (width, height);
  GstVideoInfo info;

  overlay_composition_get_info (&info, width, height);
  if (gst_video_frame_map (picture, &info, buffer,
          GST_MAP_WRITE | GST_VIDEO_FRAME_MAP_FLAG_NO_REF))
    return TRUE;
  gst_buffer_unref (buffer);
  return FALSE;
}

/**
 * overlay_composition_add_picture:
 * @x: column of the video frame where @picture starts
 * @y: row of the video frame where @picture starts
 * @picture: (transfer full): from overlay_composition_map_picture()
 *
 * Adds a picture and unmaps it.
 */
void
overlay_composition_add_picture (
    OverlayComposition *self, gint x, gint y, GstVideoFrame *picture)
{
  GstBuffer *buffer = picture->buffer;
  GstVideoRectangle place = { x, y, GST_VIDEO_FRAME_WIDTH (picture),
    GST_VIDEO_FRAME_HEIGHT (picture) };

  gst_video_frame_unmap (picture);
  add_pixels (self, buffer, &place);
  gst_buffer_unref (buffer);
}

/**
 * overlay_composition_end:
 *
 * Returns: (transfer full) (nullable): the composition, %NULL if nothing was
 *   added to it and there was nothing below
 */
GstVideoOverlayComposition *
overlay_composition_end (OverlayComposition *self)
{
  return g_steal_pointer (&self->composition);
}
