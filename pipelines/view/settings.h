/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* What counts as a detection, as JSON and in the detectors. */

#pragma once

#include "camera.h"

void view_settings_add_json (
    ViewCamera *const *cameras, guint n_cameras, JsonBuilder *builder);
gboolean view_settings_apply (ViewCamera *const *cameras, guint n_cameras,
    JsonNode *changes, GError **error);
