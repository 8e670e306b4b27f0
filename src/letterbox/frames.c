/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Formats and sizes of the frames: which are read, and how. */

#include "frames.h"

#include <math.h>
#include <string.h>

/* whether @name is one of the names in @list, a list of caps */
static gboolean
is_listed (const gchar *list, const gchar *name)
{
  const gsize length = strlen (name);
  const gchar *found = list;

  while ((found = strstr (found, name)) != NULL) {
    /* names are between spaces, commas and the braces, and none is first */
    if (found[-1] == ' ' && (found[length] == ',' || found[length] == ' '))
      return TRUE;
    found += length;
  }

  return FALSE;
}

static void
set_format_error (GError **error, const gchar *name)
{
  g_set_error (error, LETTERBOX_ERROR, LETTERBOX_ERROR_FORMAT,
      "Frames are %s, which is not among the formats that can be read %s; "
      "put videoconvert in front.",
      name, LETTERBOX_FORMATS);
}

/**
 * letterbox_check_frames:
 * @info: format and size of frames
 * @error: (out): %LETTERBOX_ERROR_FORMAT or %LETTERBOX_ERROR_SIZE
 *
 * Says before a letterbox is made whether letterbox_new() takes such frames. Any
 * thread.
 *
 * Returns: whether it does; else @error says why not and what to do
 */
gboolean
letterbox_check_frames (const GstVideoInfo *info, GError **error)
{
  const gint limit = LETTERBOX_MAX_FRAME_SIZE;
  gint width = GST_VIDEO_INFO_WIDTH (info);
  gint height = GST_VIDEO_INFO_HEIGHT (info);

  if (info->finfo == NULL
      || !is_listed (LETTERBOX_FORMATS, info->finfo->name)) {
    set_format_error (
        error, info->finfo ? info->finfo->name : "of no known format");
    return FALSE;
  }
  if (width < 1 || height < 1 || width > limit || height > limit) {
    g_set_error (error, LETTERBOX_ERROR, LETTERBOX_ERROR_SIZE,
        "Frames are %dx%d, but only sizes from 1x1 to %dx%d can be read; put "
        "videoscale in front.",
        width, height, limit, limit);
    return FALSE;
  }

  return TRUE;
}

/**
 * letterbox_check_caps:
 * @caps: fixed caps of frames
 * @error: (out): %LETTERBOX_ERROR_FORMAT or %LETTERBOX_ERROR_SIZE
 *
 * letterbox_check_frames() for caps, of whatever media type. Caps features, that
 * is the memory that frames lie in, are not looked at. Any thread.
 *
 * Returns: whether letterbox_new() takes such frames; else @error says why not
 */
gboolean
letterbox_check_caps (const GstCaps *caps, GError **error)
{
  const GstStructure *structure;
  const gchar *format;
  GstVideoInfo info;

  g_return_val_if_fail (gst_caps_is_fixed (caps), FALSE);

  structure = gst_caps_get_structure (caps, 0);
  if (!gst_structure_has_name (structure, "video/x-raw")) {
    g_set_error (error, LETTERBOX_ERROR, LETTERBOX_ERROR_FORMAT,
        "Frames are %s, but only raw video can be read; put a decoder, for "
        "instance decodebin, in front.",
        gst_structure_get_name (structure));
    return FALSE;
  }
  if (gst_video_info_from_caps (&info, caps))
    return letterbox_check_frames (&info, error);

  format = gst_structure_get_string (structure, "format");
  if (format != NULL && !is_listed (LETTERBOX_FORMATS, format)) {
    set_format_error (error, format);
  } else {
    gchar *text = gst_caps_to_string (caps);

    g_set_error (error, LETTERBOX_ERROR, LETTERBOX_ERROR_FORMAT,
        "Frames are \"%s\", which says not enough to read them: a format, a "
        "width and a height are needed.",
        text);
    g_free (text);
  }

  return FALSE;
}

/* samples of all components in a row of a plane */
static guint
count_in_plane (const GstVideoInfo *info, guint plane)
{
  guint n = 0;
  guint c;

  for (c = 0; c < GST_VIDEO_INFO_N_COMPONENTS (info); c++) {
    if ((guint) GST_VIDEO_INFO_COMP_PLANE (info, c) == plane)
      n += GST_VIDEO_INFO_COMP_WIDTH (info, c);
  }

  return n;
}

/* Samples of 16 bits that fill the upper ones are read where they lie: their
 * upper byte is the level, the lower one is stepped over. Others (I420_10LE,
 * NV12_10LE32) are shifted into bytes, a row at a time. */
void
letterbox_component_init (LetterboxComponent *component,
    const GstVideoInfo *info, guint component_index)
{
  const GstVideoFormatInfo *finfo = info->finfo;
  const guint c = component_index;
  const guint depth = GST_VIDEO_FORMAT_INFO_DEPTH (finfo, c);
  const guint used_bits = depth + GST_VIDEO_FORMAT_INFO_SHIFT (finfo, c);

  component->plane = GST_VIDEO_FORMAT_INFO_PLANE (finfo, c);
  component->offset = GST_VIDEO_FORMAT_INFO_POFFSET (finfo, c);
  component->pixel_stride = GST_VIDEO_FORMAT_INFO_PSTRIDE (finfo, c);
  component->unpack = LETTERBOX_UNPACK_NONE;
  component->n_packed = 0;
  if (depth == 8)
    return;

  /* GStreamer says that V of P010_10LE begins with the second byte */
  component->offset = GST_ROUND_UP_2 (component->offset);
  if (used_bits == 16) {
    if (GST_VIDEO_FORMAT_INFO_IS_LE (finfo))
      component->offset++;
    return;
  }

  component->n_packed = count_in_plane (info, component->plane);
  /* of samples that share a word GStreamer gives no stride, and counts those
   * before the first one */
  if (component->pixel_stride == 0) {
    component->unpack = LETTERBOX_UNPACK_10_OF_32;
    component->offset = GST_VIDEO_FORMAT_INFO_POFFSET (finfo, c);
    component->pixel_stride =
        GST_VIDEO_FORMAT_INFO_IS_GRAY (finfo) || c == GST_VIDEO_COMP_Y ? 1 : 2;
  } else {
    component->unpack = LETTERBOX_UNPACK_10_OF_16;
    component->offset /= 2;
    component->pixel_stride /= 2;
  }
}

/* levels by which samples are too small on average for want of the bits below
 * the upper eight: the middle of 0 and of all of them set */
gdouble
letterbox_mean_of_dropped_bits (const GstVideoInfo *info)
{
  guint depth = GST_VIDEO_FORMAT_INFO_DEPTH (info->finfo, 0);

  return 0.5 - ldexp (0.5, 8 - (gint) depth);
}
