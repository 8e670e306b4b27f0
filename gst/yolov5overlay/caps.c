/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* The caps feature of compositions says that somebody has to draw them. It may
 * be added on the way down, but not removed: upstream has attached compositions
 * then. */

#include "caps.h"

#define COMPOSITION_FEATURE GST_CAPS_FEATURE_META_GST_VIDEO_OVERLAY_COMPOSITION

static gboolean
has_composition_feature (GstCaps *caps, guint index)
{
  return gst_caps_features_contains (
      gst_caps_get_features (caps, index), COMPOSITION_FEATURE);
}

static GstCaps *
copy_caps_with_feature (GstCaps *caps)
{
  GstCaps *copy = gst_caps_copy (caps);
  guint i;

  for (i = 0; i < gst_caps_get_size (copy); i++)
    if (!has_composition_feature (copy, i))
      gst_caps_features_add (
          gst_caps_get_features (copy, i), COMPOSITION_FEATURE);
  return copy;
}

/**
 * overlay_caps_transform:
 * @caps: caps of one pad, of the element's formats
 * @direction: direction of that pad
 * @attach: the property
 *
 * Returns: (transfer full): what the other pad may have
 */
GstCaps *
overlay_caps_transform (
    GstCaps *caps, GstPadDirection direction, OverlayAttach attach)
{
  GstCaps *result;
  guint i;

  if (attach == OVERLAY_ATTACH_NEVER)
    return gst_caps_ref (caps);
  if (direction == GST_PAD_SINK)
    return gst_caps_merge (copy_caps_with_feature (caps), gst_caps_copy (caps));

  result = gst_caps_copy (caps);
  for (i = 0; i < gst_caps_get_size (caps); i++) {
    GstCaps *plain;

    if (!has_composition_feature (caps, i)
        || gst_caps_features_is_any (gst_caps_get_features (caps, i)))
      continue;
    plain = gst_caps_copy_nth (caps, i);
    gst_caps_features_remove (
        gst_caps_get_features (plain, 0), COMPOSITION_FEATURE);
    result = gst_caps_merge (result, plain);
  }
  return result;
}

/* Whether an element downstream names the feature. Those that take any caps
 * may stop the pipeline when they really get these, as videocrop does. */
static gboolean
does_downstream_name_feature (GstPad *srcpad)
{
  GstCaps *caps = gst_pad_peer_query_caps (srcpad, NULL);
  gboolean named = FALSE;
  guint i;

  for (i = 0; i < gst_caps_get_size (caps); i++)
    if (!gst_caps_features_is_any (gst_caps_get_features (caps, i)))
      named |= has_composition_feature (caps, i);
  gst_caps_unref (caps);
  return named;
}

/* Base transforms downstream answer the query only when they have caps, which
 * therefore go first. */
static gboolean
does_downstream_draw (GstPad *srcpad, GstCaps *caps)
{
  GstQuery *query = gst_query_new_allocation (caps, FALSE);
  gboolean draws = gst_pad_set_caps (srcpad, caps)
                   && gst_pad_peer_query (srcpad, query)
                   && gst_query_find_allocation_meta (query,
                       GST_VIDEO_OVERLAY_COMPOSITION_META_API_TYPE, NULL);

  gst_query_unref (query);
  return draws;
}

/**
 * overlay_caps_choose:
 * @srcpad: the source pad
 * @caps: fixed caps of the sink pad
 * @choices: (transfer full): what the source pad may have and downstream takes
 * @setting: the property
 * @attach: (out): whether to attach
 *
 * Decides whether to attach compositions or to draw into the video. To find out
 * whether downstream draws them, caps with the feature may go through @srcpad;
 * those that take their place follow at once.
 *
 * Returns: (transfer full): the caps to go on with, of @choices
 */
GstCaps *
overlay_caps_choose (GstPad *srcpad, GstCaps *caps, GstCaps *choices,
    OverlayAttach setting, gboolean *attach)
{
  GstCaps *with_feature = copy_caps_with_feature (caps);
  gboolean has_feature = has_composition_feature (caps, 0);
  gboolean takes_plain = gst_caps_can_intersect (choices, caps);
  gboolean takes_feature =
      has_feature
      || (gst_caps_can_intersect (choices, with_feature)
          && (!takes_plain || does_downstream_name_feature (srcpad)));

  *attach = setting == OVERLAY_ATTACH_ALWAYS;
  if (setting == OVERLAY_ATTACH_AUTO && takes_feature) {
    *attach = has_feature || !takes_plain
              || does_downstream_draw (srcpad, with_feature);
    if (!*attach)
      gst_pad_set_caps (srcpad, caps);
  }

  if (*attach && takes_feature)
    gst_caps_replace (&choices, with_feature);
  else if (takes_plain)
    gst_caps_replace (&choices, caps);
  gst_caps_unref (with_feature);
  return choices;
}
