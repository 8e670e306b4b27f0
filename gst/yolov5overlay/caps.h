/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* The caps of the overlay element, and what they decide: whether compositions
 * are attached. */

#pragma once

#include "painter.h"
#include "settings.h"

G_BEGIN_DECLS

/* for pad templates */
/* clang-format off */
#define OVERLAY_CAPS                                                           \
  GST_VIDEO_CAPS_MAKE (OVERLAY_FORMATS) ";"                                    \
  GST_VIDEO_CAPS_MAKE_WITH_FEATURES (                                          \
      GST_CAPS_FEATURE_MEMORY_SYSTEM_MEMORY ","                                \
      GST_CAPS_FEATURE_META_GST_VIDEO_OVERLAY_COMPOSITION,                     \
      OVERLAY_FORMATS)
/* clang-format on */

GstCaps *overlay_caps_transform (
    GstCaps *caps, GstPadDirection direction, OverlayAttach attach);
GstCaps *overlay_caps_choose (GstPad *srcpad, GstCaps *caps, GstCaps *choices,
    OverlayAttach setting, gboolean *attach);

G_END_DECLS
