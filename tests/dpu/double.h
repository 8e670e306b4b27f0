/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* A double of dpu.h that does as the test says: link it in place of the real
 * one. Its model finds one object per frame, at a place that the frame's colour
 * tells, and its executions can be held back and let go one by one. */

#pragma once

#include <gst/gst.h>

#include "dpu/dpu.h"

/* the model's input; heads are an eighth, a 16th and a 32nd of that */
#define FAKE_DPU_SIZE 64
#define FAKE_DPU_N_CLASSES 2
/* frames are told apart by their level, which is also their cell in the finest
 * head, row by row, and, modulo the number of classes, the class found */
#define FAKE_DPU_N_LEVELS 64
#define FAKE_DPU_CELL 8
/* YOLOv5's first anchor */
#define FAKE_DPU_BOX_WIDTH 10
#define FAKE_DPU_BOX_HEIGHT 13

void fake_dpu_reset (void);
guint8 fake_dpu_level_to_pixel (guint level);

/* what dpu_model_open() does; the device is what "auto" turns out to be */
void fake_dpu_set_device (DpuDevice device, const gchar *fallback_reason);
void fake_dpu_fail_open (DpuError code, const gchar *message);
void fake_dpu_set_output_channels (guint channels);
void fake_dpu_set_n_cores (guint n_cores);
void fake_dpu_fail_firmware (const gchar *message);
/* the runner with that number, counted from 0, is not created */
void fake_dpu_fail_runner (guint index, DpuError code, const gchar *message);
/* the first execution of a runner, before there are frames, fails; otherwise
 * it is not counted and never held back */
void fake_dpu_fail_warm_up (const gchar *message);
/* the frame with that level cannot be executed */
void fake_dpu_fail_execution (guint level, const gchar *message);

/* opening a model waits from now on, until it is let or cancelled; and waits for
 * somebody to open one */
void fake_dpu_hold_open (gboolean hold);
void fake_dpu_wait_opening (void);
/* the first execution of a runner waits until it is interrupted */
void fake_dpu_hold_warm_up (void);

/* what each execution takes from now on */
void fake_dpu_set_pace (GstClockTime time);
/* from now on executions are held back until they are let go */
void fake_dpu_hold (void);
/* the same, and nobody can interrupt or cancel them */
void fake_dpu_hold_firmly (void);
void fake_dpu_let (guint level);
void fake_dpu_let_all (void);
/* wait until so many executions are held back, or have ended in all */
void fake_dpu_wait_held (guint n_executions);
void fake_dpu_wait_ended (guint n_executions);

guint fake_dpu_get_n_models (void);
guint fake_dpu_get_n_runners (void);
guint fake_dpu_get_n_runners_created (void);
/* executions of runners before they had a frame */
guint fake_dpu_get_n_warm_ups (void);
guint fake_dpu_get_cpu_threads (void);
guint fake_dpu_get_timeout (void);
gchar *fake_dpu_get_firmware (void);
guint fake_dpu_get_most_executing (void);
/* how often tensors of models were asked for */
guint fake_dpu_get_n_questions (void);
/* the first element of the input that was executed last */
gint fake_dpu_get_corner (void);
/* which runner that was, by the order of their creation */
guint fake_dpu_get_last_runner (void);
