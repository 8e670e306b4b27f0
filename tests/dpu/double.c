/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* The double of dpu.h: a YOLOv5 with three heads whose outputs are made up from
 * one pixel of its input. */

#include "double.h"

#include <string.h>

#define N_OUTPUTS 3
#define N_ANCHORS 3
#define INPUT_FIX_POINT 6
#define CHANNELS_PER_ANCHOR (5 + FAKE_DPU_N_CLASSES)

struct _DpuModel {
  gint ref_count;
  DpuDevice device;
  gchar *fallback_reason;
  DpuTensor input;
  DpuTensor outputs[N_OUTPUTS];
};

struct _DpuRunner {
  DpuModel *model;
  guint number;
  /* under the lock */
  gboolean interrupted;
  gboolean cancelled;
  gint8 *input;
  gint8 *outputs[N_OUTPUTS];
  gint executing;
  gboolean warm;
};

typedef struct {
  gboolean set;
  guint where;
  DpuError code;
  gchar *message;
} Failure;

/* what tests set and ask; the one DPU of a test's process */
static struct {
  GMutex lock;
  GCond changed;
  DpuDevice device;
  gchar *fallback_reason;
  guint output_channels;
  Failure open;
  Failure runner;
  Failure warm_up;
  Failure execution;
  GstClockTime pace;
  Failure firmware_choice;
  gboolean holding_open;
  gboolean holding_warm_up;
  guint n_opening;
  gboolean holding;
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
  guint cpu_threads;
  gint n_questions;
  guint n_cores;
  guint timeout;
  gchar *firmware;
} fake;

G_DEFINE_QUARK (dpu - error - quark, dpu_error)

static void
set_failure (Failure *failure, guint where, DpuError code, const gchar *message)
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
clear_failure (Failure *failure)
{
  failure->set = FALSE;
  g_clear_pointer (&failure->message, g_free);
}

/* with lock */
static gboolean
fails (const Failure *failure, guint where, GError **error)
{
  if (!failure->set || failure->where != where)
    return FALSE;

  g_set_error_literal (error, DPU_ERROR, failure->code, failure->message);
  return TRUE;
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

static guint
get_locked (const guint *number)
{
  guint value;

  g_mutex_lock (&fake.lock);
  value = *number;
  g_mutex_unlock (&fake.lock);

  return value;
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
  return get_locked (&fake.n_models);
}

guint
fake_dpu_get_n_runners (void)
{
  return get_locked (&fake.n_runners);
}

guint
fake_dpu_get_n_runners_created (void)
{
  return get_locked (&fake.n_runners_created);
}

guint
fake_dpu_get_cpu_threads (void)
{
  return get_locked (&fake.cpu_threads);
}

/* 0 when it was never set */
guint
fake_dpu_get_timeout (void)
{
  return get_locked (&fake.timeout);
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
  return get_locked (&fake.most_executing);
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
  return get_locked (&fake.last_runner);
}

static void
init_tensor (DpuTensor *tensor, const gchar *name, guint size, guint channels,
    gint fix_point)
{
  tensor->name = g_strdup (name);
  tensor->height = size;
  tensor->width = size;
  tensor->channels = channels;
  tensor->fix_point = fix_point;
  tensor->size = size * size * channels;
}

gboolean
dpu_set_firmware (const gchar *path, GError **error)
{
  gboolean failed;

  g_mutex_lock (&fake.lock);
  failed = fails (&fake.firmware_choice, 0, error);
  if (!failed) {
    g_free (fake.firmware);
    fake.firmware = g_strdup (path);
  }
  g_mutex_unlock (&fake.lock);

  return !failed;
}

gchar *
dpu_find_obstacle (void)
{
  return NULL;
}

DpuModel *
dpu_model_open (const gchar *path, DpuDevice device, GError **error)
{
  DpuModel *self = NULL;

  g_mutex_lock (&fake.lock);
  if (!fails (&fake.open, 0, error)) {
    guint channels = fake.output_channels;

    self = g_new0 (DpuModel, 1);
    self->ref_count = 1;
    self->device = device == DPU_DEVICE_AUTO ? fake.device : device;
    self->fallback_reason = g_strdup (fake.fallback_reason);
    init_tensor (&self->input, "input", FAKE_DPU_SIZE, 3, INPUT_FIX_POINT);
    /* in an order nobody should rely on */
    init_tensor (&self->outputs[0], "a", FAKE_DPU_SIZE / 32, channels, 3);
    init_tensor (&self->outputs[1], "b", FAKE_DPU_SIZE / 8, channels, 3);
    init_tensor (&self->outputs[2], "c", FAKE_DPU_SIZE / 16, channels, 3);
    fake.n_models++;
  }
  g_mutex_unlock (&fake.lock);

  return self;
}

DpuModel *
dpu_model_open_cancellable (const gchar *path, DpuDevice device,
    GCancellable *cancellable, GError **error)
{
  gboolean cancelled;

  g_mutex_lock (&fake.lock);
  while (fake.holding_open && !g_cancellable_is_cancelled (cancellable)) {
    fake.n_opening++;
    g_cond_broadcast (&fake.changed);
    g_cond_wait_until (
        &fake.changed, &fake.lock, g_get_monotonic_time () + 10000);
    fake.n_opening--;
  }
  cancelled = fake.holding_open;
  g_mutex_unlock (&fake.lock);
  if (cancelled) {
    g_set_error_literal (
        error, DPU_ERROR, DPU_ERROR_CANCELLED, "The opening was cancelled");
    return NULL;
  }
  return dpu_model_open (path, device, error);
}

DpuModel *
dpu_model_ref (DpuModel *self)
{
  g_atomic_int_inc (&self->ref_count);
  return self;
}

void
dpu_model_unref (DpuModel *self)
{
  guint i;

  if (!g_atomic_int_dec_and_test (&self->ref_count))
    return;

  g_mutex_lock (&fake.lock);
  fake.n_models--;
  g_mutex_unlock (&fake.lock);

  g_free (self->input.name);
  for (i = 0; i < N_OUTPUTS; i++)
    g_free (self->outputs[i].name);
  g_free (self->fallback_reason);
  g_free (self);
}

void
dpu_model_set_timeout (DpuModel *self, guint timeout)
{
  g_mutex_lock (&fake.lock);
  fake.timeout = timeout;
  g_mutex_unlock (&fake.lock);
}

guint
dpu_model_get_n_cores (const DpuModel *self)
{
  return self->device == DPU_DEVICE_DPU ? get_locked (&fake.n_cores) : 0;
}

gboolean
dpu_model_keeps_input (const DpuModel *self)
{
  return TRUE;
}

gboolean
dpu_model_is_usable (const DpuModel *self)
{
  return TRUE;
}

DpuDevice
dpu_model_get_device (const DpuModel *self)
{
  return self->device;
}

const gchar *
dpu_model_get_fallback_reason (const DpuModel *self)
{
  return self->fallback_reason;
}

const DpuTensor *
dpu_model_get_input (const DpuModel *self)
{
  g_atomic_int_inc (&fake.n_questions);
  return &self->input;
}

guint
dpu_model_get_n_outputs (const DpuModel *self)
{
  g_atomic_int_inc (&fake.n_questions);
  return N_OUTPUTS;
}

const DpuTensor *
dpu_model_get_output (const DpuModel *self, guint index)
{
  g_atomic_int_inc (&fake.n_questions);
  return &self->outputs[index];
}

DpuRunner *
dpu_runner_new (DpuModel *model, guint cpu_threads, GError **error)
{
  DpuRunner *self = NULL;
  guint i;

  g_mutex_lock (&fake.lock);
  if (!fails (&fake.runner, fake.n_runners_created++, error)) {
    self = g_new0 (DpuRunner, 1);
    self->model = dpu_model_ref (model);
    self->number = fake.n_runners_created - 1;
    self->input = g_malloc0 (model->input.size);
    for (i = 0; i < N_OUTPUTS; i++)
      self->outputs[i] = g_malloc0 (model->outputs[i].size);
    fake.n_runners++;
    fake.cpu_threads = cpu_threads;
  }
  g_mutex_unlock (&fake.lock);

  return self;
}

void
dpu_runner_free (DpuRunner *self)
{
  guint i;

  g_mutex_lock (&fake.lock);
  fake.n_runners--;
  g_mutex_unlock (&fake.lock);

  for (i = 0; i < N_OUTPUTS; i++)
    g_free (self->outputs[i]);
  g_free (self->input);
  dpu_model_unref (self->model);
  g_free (self);
}

gint8 *
dpu_runner_get_input (DpuRunner *self)
{
  return self->input;
}

const gint8 *
dpu_runner_get_output (DpuRunner *self, guint index)
{
  return self->outputs[index];
}

/* with lock, which is given up while held back; a DPU finishes what it has begun,
 * the software DPU can be told not to */
static void
be_held_back (const DpuRunner *self, guint level)
{
  gboolean can_be_cancelled = self->model->device == DPU_DEVICE_CPU;

  fake.n_held++;
  g_cond_broadcast (&fake.changed);
  while (fake.holding && !fake.let[level] && !self->interrupted
         && !(can_be_cancelled && self->cancelled))
    g_cond_wait (&fake.changed, &fake.lock);
  fake.let[level] = FALSE;
  fake.n_held--;
}

static void
find_one_object (DpuRunner *self, guint level)
{
  gint8 *cell;
  guint i;

  for (i = 0; i < N_OUTPUTS; i++)
    memset (self->outputs[i], -128, self->model->outputs[i].size);

  /* logits of 0: the middle of the cell, and as large as the anchor */
  cell = self->outputs[1] + level * N_ANCHORS * CHANNELS_PER_ANCHOR;
  memset (cell, 0, 4);
  cell[4] = 127;
  cell[5 + level % FAKE_DPU_N_CLASSES] = 127;
}

/* the first execution of a runner, before there are frames */
static gboolean
run_warm_up (DpuRunner *self, GError **error)
{
  gboolean failed;

  self->warm = TRUE;
  g_mutex_lock (&fake.lock);
  while (fake.holding_warm_up && !self->interrupted)
    g_cond_wait (&fake.changed, &fake.lock);
  failed = fails (&fake.warm_up, 0, error);
  if (fake.holding_warm_up && !failed) {
    g_set_error_literal (
        error, DPU_ERROR, DPU_ERROR_FAILED, "The execution was interrupted");
    failed = TRUE;
  }
  g_mutex_unlock (&fake.lock);

  return !failed;
}

gboolean
dpu_runner_execute (DpuRunner *self, GError **error)
{
  const DpuTensor *input = &self->model->input;
  guint middle = (input->height / 2 * input->width + input->width / 2) * 3;
  guint level = CLAMP (self->input[middle], 0, FAKE_DPU_N_LEVELS - 1);
  GstClockTime pace;
  gboolean failed, held;

  if (!self->warm)
    return run_warm_up (self, error);

  /* as VART, this is no place for two threads at once */
  g_assert_true (g_atomic_int_compare_and_exchange (&self->executing, 0, 1));

  g_mutex_lock (&fake.lock);
  fake.n_executing++;
  fake.most_executing = MAX (fake.most_executing, fake.n_executing);
  fake.corner = self->input[0];
  fake.last_runner = self->number;
  held = fake.holding;
  if (held)
    be_held_back (self, level);
  failed = fails (&fake.execution, level, error);
  pace = fake.pace;
  if (self->interrupted && held && !failed) {
    g_set_error_literal (
        error, DPU_ERROR, DPU_ERROR_FAILED, "The execution was interrupted");
    failed = TRUE;
  } else if (self->cancelled && !failed) {
    g_set_error_literal (
        error, DPU_ERROR, DPU_ERROR_CANCELLED, "The execution was cancelled");
    failed = TRUE;
  }
  g_mutex_unlock (&fake.lock);

  if (pace > 0)
    g_usleep (GST_TIME_AS_USECONDS (pace));
  if (!failed)
    find_one_object (self, level);
  g_atomic_int_set (&self->executing, 0);

  g_mutex_lock (&fake.lock);
  fake.n_executing--;
  fake.n_ended++;
  g_cond_broadcast (&fake.changed);
  g_mutex_unlock (&fake.lock);

  return !failed;
}

/* as the software DPU does */
void
dpu_runner_set_cancelled (DpuRunner *self, gboolean cancelled)
{
  g_mutex_lock (&fake.lock);
  self->cancelled = cancelled;
  g_cond_broadcast (&fake.changed);
  g_mutex_unlock (&fake.lock);
}

/* those that are held back end, and fail; others are not in need of it */
void
dpu_runner_interrupt (DpuRunner *self)
{
  g_mutex_lock (&fake.lock);
  /* the software DPU does not hang, and is left to finish */
  self->interrupted = self->model->device == DPU_DEVICE_DPU;
  g_cond_broadcast (&fake.changed);
  g_mutex_unlock (&fake.lock);
}
