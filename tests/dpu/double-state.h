/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* What both faces of the double share: tests see double.h, the element dpu.h. */

#pragma once

#include "double.h"

/* of the model's input, of anchors in a cell, and of values for an anchor */
#define INPUT_FIX_POINT 6
#define N_ANCHORS 3
#define CHANNELS_PER_ANCHOR (5 + FAKE_DPU_N_CLASSES)

typedef struct {
  gboolean set;
  guint where;
  DpuError code;
  gchar *message;
} FakeFailure;

/* what tests set and ask */
typedef struct {
  GMutex lock;
  GCond changed;
  DpuDevice device;
  gchar *fallback_reason;
  guint output_channels;
  FakeFailure open;
  FakeFailure runner;
  FakeFailure warm_up;
  FakeFailure execution;
  GstClockTime pace;
  FakeFailure firmware_choice;
  gboolean holding_open;
  gboolean holding_warm_up;
  guint n_opening;
  gboolean holding, firmly;
  gboolean let[FAKE_DPU_N_LEVELS];
  guint n_held;
  guint n_ended;
  guint n_executing;
  guint most_executing;
  gint8 corner;
  guint last_runner;
  guint n_models;
  guint n_runners;
  guint n_runners_created;
  guint n_warm_ups;
  guint cpu_threads;
  gint n_questions;
  guint n_cores;
  guint timeout;
  gchar *firmware;
} FakeDpu;

/* the one DPU of a test's process */
extern FakeDpu fake;

guint fake_dpu_get_locked (const guint *number);
