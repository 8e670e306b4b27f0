/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Which frames can be read, and where the samples of a component lie. */

#pragma once

#include "letterbox.h"

G_BEGIN_DECLS

/* how samples that are no bytes become some */
typedef enum {
  LETTERBOX_UNPACK_10_OF_16,
  LETTERBOX_UNPACK_10_OF_32,
  LETTERBOX_N_UNPACKS,
  LETTERBOX_UNPACK_NONE = LETTERBOX_N_UNPACKS,
} LetterboxUnpack;

/**
 * LetterboxComponent:
 * @plane: the plane it lies in
 * @offset: bytes from the begin of a row to the first sample
 * @pixel_stride: bytes from a sample to the next one
 * @unpack: what a row needs first; @offset and @pixel_stride are then those of
 *     the unpacked row
 * @n_packed: samples, of all components, of a row that is unpacked
 *
 * A sample is one byte: where there are more bits, the upper eight.
 */
typedef struct {
  guint plane;
  guint offset;
  guint pixel_stride;
  LetterboxUnpack unpack;
  guint n_packed;
} LetterboxComponent;

void letterbox_component_init (LetterboxComponent *component,
    const GstVideoInfo *info, guint component_index);
gdouble letterbox_mean_of_dropped_bits (const GstVideoInfo *info);

G_END_DECLS
