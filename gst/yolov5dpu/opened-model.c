/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Opens models, shares them among elements, and says how many frames are worked
 * on at once. */

#include "opened-model.h"

#include <glib/gstdio.h>

GST_DEBUG_CATEGORY_EXTERN (gst_yolov5_dpu_debug);
#define GST_CAT_DEFAULT gst_yolov5_dpu_debug

/* For each core of a DPU: a frame in it, and one that is letterboxed or decoded
 * meanwhile. VART ties runners to cores, so that with fewer slots some cores
 * would wait while frames wait for others. */
#define SLOTS_PER_CORE 2
/* ... and with a single core, one more: letterbox and decoding of the only other
 * frame would have to fit into one execution, every time */
#define MIN_DPU_SLOTS 3
/* how often who waits for another opening looks whether it is to be given up */
#define CANCEL_PERIOD (G_TIME_SPAN_SECOND / 10)

/* A registry, as elements do not know each other. A model stays in it as long
 * as an element uses it; a file that was replaced is another model. */
typedef struct {
  gchar *path;
  DpuDevice device;
  guint timeout;
  GStatBuf file;
  DpuModel *model;
  guint n_users;
  /* frames of all its users that are on their way to results */
  guint n_at_work;
} SharedModel;

/* Which models there are is quickly told; opening one may take a while, longer
 * where a DPU hangs, and is nothing for users of the software DPU to wait for:
 * one of each kind is opened at a time. */
static struct {
  GMutex lock;
  /* an opening ended */
  GCond ended;
  GSList *models;
  gboolean is_opening_dpu;
  gboolean is_opening_cpu;
} registry;

static gboolean
is_same_file (const GStatBuf *a, const GStatBuf *b)
{
  return a->st_dev == b->st_dev && a->st_ino == b->st_ino
         && a->st_size == b->st_size && a->st_mtime == b->st_mtime;
}

/* with lock; a model whose DPU is lost is for those who have it already */
static SharedModel *
find_shared (
    const gchar *path, DpuDevice device, guint timeout, const GStatBuf *file)
{
  GSList *item;

  for (item = registry.models; item != NULL; item = item->next) {
    SharedModel *shared = item->data;

    /* messages name the path, so that is to be the same as well */
    if (shared->device == device && shared->timeout == timeout
        && is_same_file (&shared->file, file)
        && g_str_equal (shared->path, path)
        && dpu_model_is_usable (shared->model))
      return shared;
  }
  return NULL;
}

static DpuModel *
use_shared (
    const gchar *path, DpuDevice device, guint timeout, const GStatBuf *file)
{
  DpuModel *model = NULL;
  SharedModel *shared;

  g_mutex_lock (&registry.lock);
  shared = find_shared (path, device, timeout, file);
  if (shared) {
    shared->n_users++;
    model = shared->model;
    GST_INFO (
        "%s is open already, shared by %u elements now", path, shared->n_users);
  }
  g_mutex_unlock (&registry.lock);
  return model;
}

static void
add_shared (const gchar *path, DpuDevice device, guint timeout,
    const GStatBuf *file, DpuModel *model)
{
  SharedModel *shared = g_new0 (SharedModel, 1);

  shared->path = g_strdup (path);
  shared->device = device;
  shared->timeout = timeout;
  shared->file = *file;
  shared->model = model;
  shared->n_users = 1;
  g_mutex_lock (&registry.lock);
  registry.models = g_slist_prepend (registry.models, shared);
  g_mutex_unlock (&registry.lock);
}

/* as VART opens one model at a time anyway */
static gboolean
begin_opening (gboolean *is_opening, GCancellable *cancellable, GError **error)
{
  gboolean begun;

  g_mutex_lock (&registry.lock);
  while (*is_opening && !g_cancellable_is_cancelled (cancellable))
    g_cond_wait_until (&registry.ended, &registry.lock,
        g_get_monotonic_time () + CANCEL_PERIOD);
  begun = !*is_opening;
  if (begun)
    *is_opening = TRUE;
  g_mutex_unlock (&registry.lock);

  if (!begun)
    g_set_error_literal (error, DPU_ERROR, DPU_ERROR_CANCELLED,
        "Opening the model was cancelled");
  return begun;
}

static void
end_opening (gboolean *is_opening)
{
  g_mutex_lock (&registry.lock);
  *is_opening = FALSE;
  g_cond_broadcast (&registry.ended);
  g_mutex_unlock (&registry.lock);
}

/* opens a model, unless it is open already */
static DpuModel *
acquire_model (const gchar *path, DpuDevice device, guint timeout,
    GCancellable *cancellable, GError **error)
{
  gboolean *is_opening = device == DPU_DEVICE_CPU ? &registry.is_opening_cpu
                                                  : &registry.is_opening_dpu;
  DpuModel *model = NULL;
  GStatBuf file = { 0 };

  if (!begin_opening (is_opening, cancellable, error))
    return NULL;
  if (g_stat (path, &file) == 0)
    model = use_shared (path, device, timeout, &file);
  if (!model) {
    /* it says best what is wrong with a file that is not there */
    GST_INFO ("opening %s", path);
    model = dpu_model_open_cancellable (path, device, cancellable, error);
    if (model) {
      dpu_model_set_timeout (model, timeout);
      add_shared (path, device, timeout, &file, model);
    }
  }
  end_opening (is_opening);

  return model;
}

/* with lock; the item of the list that has it */
static GSList *
find_model (const DpuModel *model)
{
  GSList *item = registry.models;

  while (((SharedModel *) item->data)->model != model)
    item = item->next;
  return item;
}

/* closes the model when nobody else uses it */
static void
release_model (DpuModel *model)
{
  SharedModel *unused = NULL;
  GSList *item;

  g_mutex_lock (&registry.lock);
  item = find_model (model);
  unused = item->data;
  if (--unused->n_users == 0)
    registry.models = g_slist_delete_link (registry.models, item);
  else
    unused = NULL;
  g_mutex_unlock (&registry.lock);

  if (unused) {
    GST_INFO ("closing %s", unused->path);
    dpu_model_unref (unused->model);
    g_free (unused->path);
    g_free (unused);
  }
}

static void
to_yolov5_tensor (const DpuTensor *tensor, Yolov5Tensor *yolov5)
{
  yolov5->height = tensor->height;
  yolov5->width = tensor->width;
  yolov5->channels = tensor->channels;
  yolov5->fix_point = tensor->fix_point;
}

static Yolov5Model *
describe_model (const DpuModel *dpu, const gchar *info_path,
    const gchar *label_path, GError **error)
{
  guint i, n_outputs = dpu_model_get_n_outputs (dpu);
  g_autofree Yolov5Tensor *outputs = g_new (Yolov5Tensor, n_outputs);
  Yolov5Tensor input;

  to_yolov5_tensor (dpu_model_get_input (dpu), &input);
  for (i = 0; i < n_outputs; i++)
    to_yolov5_tensor (dpu_model_get_output (dpu, i), &outputs[i]);

  return yolov5_model_new (
      &input, outputs, n_outputs, info_path, label_path, error);
}

static GQuark *
read_labels (const Yolov5Model *yolov5)
{
  guint i, n_classes = yolov5_model_get_n_classes (yolov5);
  GQuark *labels = g_new (GQuark, n_classes);

  for (i = 0; i < n_classes; i++)
    labels[i] = g_quark_from_string (yolov5_model_get_label (yolov5, i));
  return labels;
}

/**
 * gst_yolov5_opened_model_check_path:
 * @path: (nullable): where the model is to be
 * @error: %GST_RESOURCE_ERROR_SETTINGS or %GST_RESOURCE_ERROR_NOT_FOUND
 *
 * Returns: whether there is something, which opening it may still refuse
 */
gboolean
gst_yolov5_opened_model_check_path (const gchar *path, GError **error)
{
  g_autofree gchar *name = NULL;

  if (!path) {
    g_set_error_literal (error, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_SETTINGS,
        "Set the property \"model\" to the path of an .xmodel file");
    return FALSE;
  }
  if (g_file_test (path, G_FILE_TEST_EXISTS))
    return TRUE;

  name = g_filename_display_name (path);
  g_set_error (error, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_NOT_FOUND,
      "There is no model \"%s\": set the property \"model\" to the path of an "
      ".xmodel file",
      name);
  return FALSE;
}

/**
 * gst_yolov5_opened_model_open:
 * @settings: which model, on which device
 * @cancellable: ends it within a second, with %DPU_ERROR_CANCELLED
 * @error: #DpuError or #Yolov5Error
 *
 * Returns: (transfer full) (nullable): the model
 */
GstYolov5OpenedModel *
gst_yolov5_opened_model_open (const GstYolov5Settings *settings,
    GCancellable *cancellable, GError **error)
{
  g_autofree gchar *info_path = g_strdup (settings->info_path);
  GstYolov5OpenedModel *self;
  Yolov5Model *yolov5;
  DpuModel *dpu;

  if (settings->firmware_path && settings->device != DPU_DEVICE_CPU
      && !dpu_set_firmware (settings->firmware_path, error))
    return NULL;
  dpu = acquire_model (settings->model_path, settings->device,
      settings->timeout / GST_MSECOND, cancellable, error);
  if (!dpu)
    return NULL;

  if (!info_path)
    info_path = yolov5_model_find_info (settings->model_path);
  yolov5 = describe_model (dpu, info_path, settings->label_path, error);
  if (!yolov5) {
    release_model (dpu);
    return NULL;
  }

  if (yolov5_model_has_assumed_labels (yolov5))
    GST_INFO ("the %u classes of %s have no labels: they are taken for COCO's",
        yolov5_model_get_n_classes (yolov5), settings->model_path);

  self = g_new0 (GstYolov5OpenedModel, 1);
  self->dpu = dpu;
  self->yolov5 = yolov5;
  self->labels = read_labels (yolov5);
  self->max_in_flight = settings->max_in_flight;
  self->cpu_threads = settings->cpu_threads;
  return self;
}

void
gst_yolov5_opened_model_free (GstYolov5OpenedModel *self)
{
  g_free (self->labels);
  yolov5_model_unref (self->yolov5);
  release_model (self->dpu);
  g_free (self);
}

/* how many frames a software DPU computes at once */
static guint
count_places (const GstYolov5OpenedModel *self)
{
  return MAX (g_get_num_processors () / MAX (self->cpu_threads, 1), 1);
}

/**
 * gst_yolov5_opened_model_choose_slots:
 * @n_slots: (out): how many frames to work on at once
 * @cpu_threads: (out): how many threads the software DPU uses for each
 *
 * On a software DPU frames are worked on side by side, a thread each, while one
 * more is being letterboxed. Several threads for one frame wait for each other
 * after every layer, and do so busily: where decoders and encoders want the
 * processors too, that made frames take 30 times as long.
 */
void
gst_yolov5_opened_model_choose_slots (
    const GstYolov5OpenedModel *self, guint *n_slots, guint *cpu_threads)
{
  *cpu_threads = MAX (self->cpu_threads, 1);
  *n_slots = self->max_in_flight;
  if (*n_slots != 0)
    return;

  if (dpu_model_get_device (self->dpu) == DPU_DEVICE_DPU)
    *n_slots =
        MAX (SLOTS_PER_CORE * dpu_model_get_n_cores (self->dpu), MIN_DPU_SLOTS);
  else
    *n_slots = count_places (self) + 1;
  *n_slots = MIN (*n_slots, GST_YOLOV5_MAX_SLOTS);
}

/**
 * gst_yolov5_opened_model_add_work:
 * @n: how many frames more, or less, are on their way to results
 *
 * Any thread may call it.
 */
void
gst_yolov5_opened_model_add_work (const GstYolov5OpenedModel *self, gint n)
{
  g_mutex_lock (&registry.lock);
  ((SharedModel *) find_model (self->dpu)->data)->n_at_work += n;
  g_mutex_unlock (&registry.lock);
}

/**
 * gst_yolov5_opened_model_is_slot_useful:
 * @n_used: slots that the element uses already
 * @n_at_work: those of them whose frames are on their way to results
 *
 * Elements with the same model share the processors that a software DPU computes
 * on. Each may use a slot for each processor of its part, and one that is
 * letterboxed; more where others leave processors idle. Frames in still more slots
 * would only wait, in memory of their own. Any thread may call it.
 *
 * Returns: whether it helps to use another slot
 */
gboolean
gst_yolov5_opened_model_is_slot_useful (
    const GstYolov5OpenedModel *self, guint n_used, guint n_at_work)
{
  guint n_places = count_places (self), part;
  const SharedModel *shared;
  gboolean are_idle;

  if (self->max_in_flight != 0
      || dpu_model_get_device (self->dpu) == DPU_DEVICE_DPU)
    return TRUE;
  g_mutex_lock (&registry.lock);
  shared = find_model (self->dpu)->data;
  part = MAX (n_places / shared->n_users, 1);
  are_idle = shared->n_at_work < n_places;
  g_mutex_unlock (&registry.lock);
  /* those that are done will be free soon */
  return n_used <= part || (are_idle && n_at_work == n_used);
}
