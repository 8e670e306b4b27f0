/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* A DPU that is not there, under AMD's real libvart-dpu-runner: a controller
 * and buffers that behave like the hardware's, and execute models they were
 * told of on the software DPU. A test links this module, other programs preload
 * it.
 *
 * What it starts with is told by the environment:
 *
 * FAKEDPU_MODELS: paths of .xmodel files it can execute, separated by colons
 * FAKEDPU_CORES: their number, 1 by default
 * FAKEDPU_FINGERPRINT: of all cores; by default that of a B4096 of Vitis AI 3.0
 * FAKEDPU_PACE: milliseconds that a run takes at least, 0 by default
 * FAKEDPU_REPEAT: when set, every run of a model has the results of the first,
 *   so that a run takes no longer than its pace
 * FAKEDPU_RECORD: a file to which the number of each core is appended when it
 *   begins its first run
 * FAKEDPU_FAULT: a fault by the name in fakedpu.cc, none by default
 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define FAKEDPU_FINGERPRINT G_GUINT64_CONSTANT (0x101000056010407)

/**
 * FakedpuFault:
 * @FAKEDPU_FAULT_HANG: runs do not end until the fault is gone
 * @FAKEDPU_FAULT_HANG_OF_FIRST_CORE: the same on the first core alone
 * @FAKEDPU_FAULT_TIMEOUT: runs end in VART's own fatal time-out, at once
 * @FAKEDPU_FAULT_MISSING_CORE: the last core is not there when it is to run
 * @FAKEDPU_FAULT_ALLOCATION: there is no memory for buffers, which is fatal
 * @FAKEDPU_FAULT_OPEN: the device cannot be opened, which is fatal
 * @FAKEDPU_FAULT_OPEN_HANG: opening the device does not end
 * @FAKEDPU_FAULT_PROBE: XRT throws when it is asked for devices, as the one for
 *   boards does where there is no /dev/dri/by-path
 * @FAKEDPU_FAULT_PROBE_HANG: XRT does not come back from that
 */
typedef enum {
  FAKEDPU_FAULT_NONE,
  FAKEDPU_FAULT_HANG,
  FAKEDPU_FAULT_HANG_OF_FIRST_CORE,
  FAKEDPU_FAULT_TIMEOUT,
  FAKEDPU_FAULT_MISSING_CORE,
  FAKEDPU_FAULT_ALLOCATION,
  FAKEDPU_FAULT_OPEN,
  FAKEDPU_FAULT_OPEN_HANG,
  FAKEDPU_FAULT_PROBE,
  FAKEDPU_FAULT_PROBE_HANG,
} FakedpuFault;

void fakedpu_add_model (const gchar *path);
void fakedpu_set_n_devices (guint n_devices);
void fakedpu_set_n_cores (guint n_cores);
void fakedpu_set_fingerprint (guint64 fingerprint);
void fakedpu_set_fault (FakedpuFault fault);
/* whether there was one in this process */
gboolean fakedpu_had_fault (void);

/* runs that a core has begun so far */
guint fakedpu_get_n_runs (guint core);
/* waits until so many runs have begun on all cores together */
void fakedpu_wait_runs (guint n_runs);
/* sets FAKEDPU_FAULT_HANG and waits until a run has begun that does not end */
void fakedpu_hang (void);
/* waits until a run or the opening of the device hangs, or has done so */
void fakedpu_wait_hang (void);
/* buffers that VART holds */
guint fakedpu_get_n_buffers (void);

/* what else may happen in a process with VART: a fatal fault on the thread that
 * calls this, and somebody's function for such faults */
void fakedpu_fail (void);
void fakedpu_set_failure_function (void (*function) (void));

G_END_DECLS
