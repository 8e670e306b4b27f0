/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Buffers pass through to downstream, whose answer to ALLOCATION queries (its
 * pools, and whether it takes frames with GstVideoMeta) therefore holds. Those
 * that are inside are missing in upstream's pool. */

#include "gstyolov5allocation.h"

#include <gst/video/video.h>

/**
 * gst_yolov5_allocation_refuse_cropping:
 * @query: an ALLOCATION query that downstream has answered
 *
 * Takes back what downstream said of #GstVideoCropMeta: boxes are found and
 * drawn in the whole frame that the caps describe, so upstream had better crop
 * itself.
 */
void
gst_yolov5_allocation_refuse_cropping (GstQuery *query)
{
  guint index;

  while (gst_query_find_allocation_meta (
      query, GST_VIDEO_CROP_META_API_TYPE, &index))
    gst_query_remove_nth_allocation_meta (query, index);
}

/**
 * gst_yolov5_allocation_add_buffers:
 * @query: an ALLOCATION query that downstream has answered
 * @n_inside: how many buffers are held back at most
 *
 * Asks for so many more buffers.
 */
void
gst_yolov5_allocation_add_buffers (GstQuery *query, guint n_inside)
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
