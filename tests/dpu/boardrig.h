/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Models for tests with the fake DPU, in a folder of the test's own. */

#pragma once

#include "fakedpu.h"
#include "testfolder.h"
#include "xmodel/samples.h"

#include <dpu/dpu.h>

#include <gst/check/gstcheck.h>

/* the file that VART locks, of the whole machine */
#define BOARDRIG_LOCK_PATH "/tmp/DPU_0"
/* kinds of models that lack something */
#define BOARDRIG_N_INCOMPLETE 15

void boardrig_setup (void);
void boardrig_teardown (void);
gchar *boardrig_write_file (const gchar *name, const void *data, gsize size);
gchar *boardrig_write_model (const XmodelFile__Graph *graph);
gchar *boardrig_write_sample (guint8 seed);
gchar *boardrig_write_detector (void);
gchar *boardrig_write_detector_in_one_register (void);
gchar *boardrig_write_incomplete (guint index, const gchar **text);
pid_t boardrig_lock_in_other_process (const gchar *path);
void boardrig_end_other_process (pid_t child);
gchar *boardrig_find_data (const gchar *directory, const gchar *name);
DpuModel *boardrig_open (const gchar *path, DpuDevice device);
void boardrig_check_refused (const gchar *path, DpuDevice device, DpuError code,
    const gchar *const *texts);
void boardrig_check_error (
    const GError *error, DpuError code, const gchar *const *texts);
