/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Buffers pass through to downstream, whose answer to ALLOCATION queries (its
 * pools, and whether it takes frames with GstVideoMeta) therefore holds. Those
 * that are inside are missing in upstream's pool.
 *
 * Where a buffer has a GstVideoMeta, gst_video_frame_map() believes it: neither
 * does it look whether all rows lie in the memory, nor is the frame as large as
 * the caps say when the meta is larger, and one that is smaller is a critical
 * warning. Cameras and decoders do send such buffers. */

#include "buffers.h"

#include <string.h>

/**
 * gst_yolov5_buffers_refuse_cropping:
 * @query: an ALLOCATION query that downstream has answered
 *
 * Takes back what downstream said of #GstVideoCropMeta: boxes are found and
 * drawn in the whole frame that the caps describe, so upstream had better crop
 * itself.
 */
void
gst_yolov5_buffers_refuse_cropping (GstQuery *query)
{
  guint index;

  while (gst_query_find_allocation_meta (
      query, GST_VIDEO_CROP_META_API_TYPE, &index))
    gst_query_remove_nth_allocation_meta (query, index);
}

/**
 * gst_yolov5_buffers_add_buffers:
 * @query: an ALLOCATION query that downstream has answered
 * @n_inside: how many buffers are held back at most
 *
 * Asks for so many more buffers.
 */
void
gst_yolov5_buffers_add_buffers (GstQuery *query, guint n_inside)
{
  guint i, n_pools = gst_query_get_n_allocation_pools (query);

  for (i = 0; i < n_pools; i++) {
    GstBufferPool *pool;
    guint size, min, max;

    gst_query_parse_nth_allocation_pool (query, i, &pool, &size, &min, &max);
    /* a pool that was offered with a limit keeps to it */
    if (!pool || max == 0) {
      min += n_inside;
      max = max == 0 ? 0 : max + n_inside;
      gst_query_set_nth_allocation_pool (query, i, pool, size, min, max);
    }
    gst_clear_object (&pool);
  }

  if (n_pools == 0) {
    GstVideoInfo info;
    GstCaps *caps;

    gst_query_parse_allocation (query, &caps, NULL);
    if (caps && gst_video_info_from_caps (&info, caps))
      gst_query_add_allocation_pool (query, NULL, info.size, n_inside + 1, 0);
  }
}

static gboolean
check_meta (const GstVideoInfo *info, GstBuffer *buffer, GError **error)
{
  const GstVideoMeta *meta = gst_buffer_get_video_meta (buffer);
  gint width = GST_VIDEO_INFO_WIDTH (info);
  gint height = GST_VIDEO_INFO_HEIGHT (info);

  if (!meta
      || (meta->format == GST_VIDEO_INFO_FORMAT (info)
          && meta->n_planes == GST_VIDEO_INFO_N_PLANES (info)
          && meta->width >= (guint) width && meta->height >= (guint) height))
    return TRUE;

  g_set_error (error, GST_STREAM_ERROR, GST_STREAM_ERROR_FORMAT,
      "The metadata of a buffer say %s of %ux%u pixels in %u planes, but its "
      "caps %s of %dx%d in %u",
      gst_video_format_to_string (meta->format), meta->width, meta->height,
      meta->n_planes, gst_video_format_to_string (GST_VIDEO_INFO_FORMAT (info)),
      width, height, GST_VIDEO_INFO_N_PLANES (info));
  return FALSE;
}

/* whether every row of a component, the first and the last one for short, lies
 * in what was mapped of its plane */
static gboolean
is_component_mapped (const GstVideoFrame *frame, guint component)
{
  guint plane = GST_VIDEO_FRAME_COMP_PLANE (frame, component);
  const GstMapInfo *map = &frame->map[plane];
  gssize stride = GST_VIDEO_FRAME_PLANE_STRIDE (frame, plane);
  gssize last_row =
      (GST_VIDEO_FRAME_COMP_HEIGHT (frame, component) - 1) * stride;
  gssize row_size = GST_VIDEO_FRAME_COMP_POFFSET (frame, component)
                    + (GST_VIDEO_FRAME_COMP_WIDTH (frame, component) - 1)
                          * GST_VIDEO_FRAME_COMP_PSTRIDE (frame, component)
                    + 1;
  gssize start;

  /* memory with a way of its own to be mapped need not say where it lies */
  if (!map->data)
    return TRUE;
  start =
      (const guint8 *) GST_VIDEO_FRAME_PLANE_DATA (frame, plane) - map->data;
  /* the last chroma of a YUY2 row of odd width may lie beyond its stride:
   * drawing leaves it out, but to read the frame it has to be there */
  if ((map->flags & GST_MAP_WRITE)
      && GST_VIDEO_FORMAT_INFO_W_SUB (frame->info.finfo, component) > 0)
    row_size = MIN (row_size, ABS (stride));
  return start + MIN (last_row, 0) >= 0
         && start + MAX (last_row, 0) + row_size <= (gssize) map->size;
}

static gboolean
is_mapped (const GstVideoFrame *frame)
{
  guint c;

  for (c = 0; c < GST_VIDEO_FRAME_N_COMPONENTS (frame); c++)
    if (!is_component_mapped (frame, c))
      return FALSE;
  return TRUE;
}

/**
 * gst_yolov5_buffers_map_frame:
 * @frame: (out): for gst_video_frame_unmap()
 * @info: of the caps, of a format with 8 bits a component
 * @buffer: a buffer, which has to stay until @frame is unmapped
 * @flags: what @frame is mapped for
 * @error: %GST_STREAM_ERROR_FORMAT, a sentence with both sizes
 *
 * Maps the frame in @buffer: as large as @info says, with every row in memory.
 *
 * Returns: whether there is such a frame
 */
gboolean
gst_yolov5_buffers_map_frame (GstVideoFrame *frame, const GstVideoInfo *info,
    GstBuffer *buffer, GstMapFlags flags, GError **error)
{
  const gchar *reason = "cannot be mapped as";

  if (!check_meta (info, buffer, error))
    return FALSE;

  memset (frame, 0, sizeof (*frame));
  /* only read, but GStreamer 1.18 does not say so */
  if (gst_video_frame_map (frame, (GstVideoInfo *) info, buffer,
          flags | GST_VIDEO_FRAME_MAP_FLAG_NO_REF)) {
    frame->info.width = info->width;
    frame->info.height = info->height;
    /* not all memory with a way of its own to be mapped keeps the flags */
    frame->map[0].flags |= GST_VIDEO_FRAME_MAP_FLAG_NO_REF;
    if (!frame->meta || is_mapped (frame))
      return TRUE;
    gst_video_frame_unmap (frame);
    reason = "does not hold, where its metadata place it,";
  }

  g_set_error (error, GST_STREAM_ERROR, GST_STREAM_ERROR_FORMAT,
      "A buffer of %" G_GSIZE_FORMAT " bytes %s the %s frame of %dx%d pixels "
      "(%" G_GSIZE_FORMAT " bytes) its caps promise",
      gst_buffer_get_size (buffer), reason,
      gst_video_format_to_string (GST_VIDEO_INFO_FORMAT (info)),
      GST_VIDEO_INFO_WIDTH (info), GST_VIDEO_INFO_HEIGHT (info),
      GST_VIDEO_INFO_SIZE (info));
  return FALSE;
}
