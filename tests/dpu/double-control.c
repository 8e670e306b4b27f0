/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* The face of the double that tests see. */

#include "double-state.h"

#include <string.h>

FakeDpu fake;

guint
fake_dpu_get_locked (const guint *number)
{
  guint value;

  g_mutex_lock (&fake.lock);
  value = *number;
  g_mutex_unlock (&fake.lock);

  return value;
}

static void
set_failure (
    FakeFailure *failure, guint where, DpuError code, const gchar *message)
{
  g_mutex_lock (&fake.lock);
  failure->set = TRUE;
  failure->where = where;
  failure->code = code;
  g_free (failure->message);
  failure->message = g_strdup (message);
  g_mutex_unlock (&fake.lock);
}

static void
clear_failure (FakeFailure *failure)
{
  failure->set = FALSE;
  g_clear_pointer (&failure->message, g_free);
}

void
fake_dpu_reset (void)
{
  g_mutex_lock (&fake.lock);
  fake.device = DPU_DEVICE_CPU;
  g_clear_pointer (&fake.fallback_reason, g_free);
  fake.output_channels = N_ANCHORS * CHANNELS_PER_ANCHOR;
  clear_failure (&fake.open);
  clear_failure (&fake.runner);
  clear_failure (&fake.warm_up);
  clear_failure (&fake.execution);
  fake.pace = 0;
  fake.holding = FALSE;
  fake.firmly = FALSE;
  memset (fake.let, 0, sizeof (fake.let));
  fake.n_held = 0;
  fake.n_ended = 0;
  fake.n_executing = 0;
  fake.most_executing = 0;
  fake.n_runners_created = 0;
  fake.cpu_threads = 0;
  fake.n_cores = 0;
  fake.holding_open = FALSE;
  fake.holding_warm_up = FALSE;
  fake.timeout = 0;
  g_clear_pointer (&fake.firmware, g_free);
  clear_failure (&fake.firmware_choice);
  g_mutex_unlock (&fake.lock);
}

/* the pixel that the model's quantization turns into @level */
guint8
fake_dpu_level_to_pixel (guint level)
{
  return (level * 255 + (1 << INPUT_FIX_POINT) / 2) >> INPUT_FIX_POINT;
}

void
fake_dpu_set_device (DpuDevice device, const gchar *fallback_reason)
{
  g_mutex_lock (&fake.lock);
  fake.device = device;
  g_free (fake.fallback_reason);
  fake.fallback_reason = g_strdup (fallback_reason);
  g_mutex_unlock (&fake.lock);
}

void
fake_dpu_set_n_cores (guint n_cores)
{
  g_mutex_lock (&fake.lock);
  fake.n_cores = n_cores;
  g_mutex_unlock (&fake.lock);
}

void
fake_dpu_set_output_channels (guint channels)
{
  g_mutex_lock (&fake.lock);
  fake.output_channels = channels;
  g_mutex_unlock (&fake.lock);
}

void
fake_dpu_fail_open (DpuError code, const gchar *message)
{
  set_failure (&fake.open, 0, code, message);
}

void
fake_dpu_fail_runner (guint index, DpuError code, const gchar *message)
{
  set_failure (&fake.runner, index, code, message);
}

void
fake_dpu_fail_warm_up (const gchar *message)
{
  set_failure (&fake.warm_up, 0, DPU_ERROR_FAILED, message);
}

void
fake_dpu_fail_execution (guint level, const gchar *message)
{
  set_failure (&fake.execution, level, DPU_ERROR_FAILED, message);
}

void
fake_dpu_set_pace (GstClockTime time)
{
  g_mutex_lock (&fake.lock);
  fake.pace = time;
  g_mutex_unlock (&fake.lock);
}

void
fake_dpu_fail_firmware (const gchar *message)
{
  set_failure (&fake.firmware_choice, 0, DPU_ERROR_INIT, message);
}

void
fake_dpu_hold (void)
{
  g_mutex_lock (&fake.lock);
  fake.holding = TRUE;
  g_mutex_unlock (&fake.lock);
}

void
fake_dpu_hold_firmly (void)
{
  g_mutex_lock (&fake.lock);
  fake.holding = TRUE;
  fake.firmly = TRUE;
  g_mutex_unlock (&fake.lock);
}

void
fake_dpu_let (guint level)
{
  g_mutex_lock (&fake.lock);
  fake.let[level] = TRUE;
  g_cond_broadcast (&fake.changed);
  g_mutex_unlock (&fake.lock);
}

void
fake_dpu_let_all (void)
{
  g_mutex_lock (&fake.lock);
  fake.holding = FALSE;
  fake.firmly = FALSE;
  g_cond_broadcast (&fake.changed);
  g_mutex_unlock (&fake.lock);
}

void
fake_dpu_wait_held (guint n_executions)
{
  g_mutex_lock (&fake.lock);
  while (fake.n_held != n_executions)
    g_cond_wait (&fake.changed, &fake.lock);
  g_mutex_unlock (&fake.lock);
}

void
fake_dpu_wait_ended (guint n_executions)
{
  g_mutex_lock (&fake.lock);
  while (fake.n_ended < n_executions)
    g_cond_wait (&fake.changed, &fake.lock);
  g_mutex_unlock (&fake.lock);
}

void
fake_dpu_hold_open (gboolean hold)
{
  g_mutex_lock (&fake.lock);
  fake.holding_open = hold;
  g_cond_broadcast (&fake.changed);
  g_mutex_unlock (&fake.lock);
}

void
fake_dpu_hold_warm_up (void)
{
  g_mutex_lock (&fake.lock);
  fake.holding_warm_up = TRUE;
  g_mutex_unlock (&fake.lock);
}

void
fake_dpu_wait_opening (void)
{
  g_mutex_lock (&fake.lock);
  while (fake.n_opening == 0)
    g_cond_wait (&fake.changed, &fake.lock);
  g_mutex_unlock (&fake.lock);
}

guint
fake_dpu_get_n_models (void)
{
  return fake_dpu_get_locked (&fake.n_models);
}

guint
fake_dpu_get_n_runners (void)
{
  return fake_dpu_get_locked (&fake.n_runners);
}

guint
fake_dpu_get_n_runners_created (void)
{
  return fake_dpu_get_locked (&fake.n_runners_created);
}

guint
fake_dpu_get_n_warm_ups (void)
{
  return fake_dpu_get_locked (&fake.n_warm_ups);
}

guint
fake_dpu_get_cpu_threads (void)
{
  return fake_dpu_get_locked (&fake.cpu_threads);
}

/* 0 when it was never set */
guint
fake_dpu_get_timeout (void)
{
  return fake_dpu_get_locked (&fake.timeout);
}

/* (transfer full) (nullable) */
gchar *
fake_dpu_get_firmware (void)
{
  gchar *path;

  g_mutex_lock (&fake.lock);
  path = g_strdup (fake.firmware);
  g_mutex_unlock (&fake.lock);

  return path;
}

guint
fake_dpu_get_most_executing (void)
{
  return fake_dpu_get_locked (&fake.most_executing);
}

guint
fake_dpu_get_n_questions (void)
{
  return g_atomic_int_get (&fake.n_questions);
}

gint
fake_dpu_get_corner (void)
{
  gint8 corner;

  g_mutex_lock (&fake.lock);
  corner = fake.corner;
  g_mutex_unlock (&fake.lock);

  return corner;
}

guint
fake_dpu_get_last_runner (void)
{
  return fake_dpu_get_locked (&fake.last_runner);
}
