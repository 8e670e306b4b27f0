/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* The face of the double that the element sees, dpu.h: a YOLOv5 with three heads
 * whose outputs are made up from one pixel of its input. */

#include "double-state.h"

#include <string.h>

#define N_OUTPUTS 3

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
};

/* what an input begins with until there is a frame in it, which are gray */
static const gint8 no_frame[] = { 1, 2, 3, 4, 5, 6 };

G_DEFINE_QUARK (dpu - error - quark, dpu_error)

/* with lock */
static gboolean
fails (const FakeFailure *failure, guint where, GError **error)
{
  if (!failure->set || failure->where != where)
    return FALSE;

  g_set_error_literal (error, DPU_ERROR, failure->code, failure->message);
  return TRUE;
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
  return self->device == DPU_DEVICE_DPU ? fake_dpu_get_locked (&fake.n_cores)
                                        : 0;
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
    memcpy (self->input, no_frame, sizeof (no_frame));
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

/* a DPU finishes what it has begun unless it is given up, the software DPU can be
 * told not to */
static gboolean
is_given_up (const DpuRunner *self)
{
  gboolean can_be_cancelled = self->model->device == DPU_DEVICE_CPU;

  return !fake.firmly
         && (self->interrupted || (can_be_cancelled && self->cancelled));
}

/* with lock, which is given up meanwhile; whether it was let go in the end */
static gboolean
be_held_back (const DpuRunner *self, guint level)
{
  gboolean let;

  fake.n_held++;
  g_cond_broadcast (&fake.changed);
  while (fake.holding && !fake.let[level] && !is_given_up (self))
    g_cond_wait (&fake.changed, &fake.lock);
  let = !fake.holding || fake.let[level];
  fake.let[level] = FALSE;
  fake.n_held--;

  return let;
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

/* an execution of a runner before there are frames */
static gboolean
run_warm_up (DpuRunner *self, GError **error)
{
  gboolean failed;

  g_mutex_lock (&fake.lock);
  fake.n_warm_ups++;
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
  gboolean failed, let = TRUE;

  if (memcmp (self->input, no_frame, sizeof (no_frame)) == 0)
    return run_warm_up (self, error);

  /* as VART, this is no place for two threads at once */
  g_assert_true (g_atomic_int_compare_and_exchange (&self->executing, 0, 1));

  g_mutex_lock (&fake.lock);
  fake.n_executing++;
  fake.most_executing = MAX (fake.most_executing, fake.n_executing);
  fake.corner = self->input[0];
  fake.last_runner = self->number;
  if (fake.holding)
    let = be_held_back (self, level);
  failed = fails (&fake.execution, level, error);
  pace = fake.pace;
  if (self->interrupted && !let && !failed) {
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
