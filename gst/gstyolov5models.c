/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* A registry, as elements do not know each other. A model stays in it as long
 * as an element uses it; a file that was replaced is another model. */

#include "gstyolov5models.h"

#include <glib/gstdio.h>

typedef struct {
  gchar *path;
  DpuDevice device;
  guint timeout;
  GStatBuf file;
  DpuModel *model;
  guint n_users;
} OpenModel;

/* Which models there are is quickly told; opening one may take a while, longer
 * where a DPU hangs, and is nothing for users of the software DPU to wait for. */
static struct {
  GMutex lock;
  GSList *models;
  /* taken before the lock above */
  GMutex opening_dpu;
  GMutex opening_cpu;
} registry;

static gboolean
is_same_file (const GStatBuf *a, const GStatBuf *b)
{
  return a->st_dev == b->st_dev && a->st_ino == b->st_ino
         && a->st_size == b->st_size && a->st_mtime == b->st_mtime;
}

/* with lock; a model whose DPU is lost is for those who have it already */
static OpenModel *
find_open (
    const gchar *path, DpuDevice device, guint timeout, const GStatBuf *file)
{
  GSList *item;

  for (item = registry.models; item != NULL; item = item->next) {
    OpenModel *open = item->data;

    /* messages name the path, so that is to be the same as well */
    if (open->device == device && open->timeout == timeout
        && is_same_file (&open->file, file) && g_str_equal (open->path, path)
        && dpu_model_is_usable (open->model))
      return open;
  }
  return NULL;
}

static DpuModel *
use_open (
    const gchar *path, DpuDevice device, guint timeout, const GStatBuf *file)
{
  DpuModel *model = NULL;
  OpenModel *open;

  g_mutex_lock (&registry.lock);
  open = find_open (path, device, timeout, file);
  if (open) {
    open->n_users++;
    model = open->model;
  }
  g_mutex_unlock (&registry.lock);
  return model;
}

static void
add_open (const gchar *path, DpuDevice device, guint timeout,
    const GStatBuf *file, DpuModel *model)
{
  OpenModel *open = g_new0 (OpenModel, 1);

  open->path = g_strdup (path);
  open->device = device;
  open->timeout = timeout;
  open->file = *file;
  open->model = model;
  open->n_users = 1;
  g_mutex_lock (&registry.lock);
  registry.models = g_slist_prepend (registry.models, open);
  g_mutex_unlock (&registry.lock);
}

/**
 * gst_yolov5_models_acquire:
 * @path: an .xmodel file
 * @device: what is to run it
 * @timeout: milliseconds that an execution may take on a DPU
 * @error: #DpuError
 *
 * Opens a model, unless it is open already. Any thread may call it; those that
 * want a DPU wait for each other, as VART opens one model at a time anyway, and
 * so do those that want the software DPU.
 *
 * Returns: (transfer full) (nullable): a model for gst_yolov5_models_release()
 */
DpuModel *
gst_yolov5_models_acquire (
    const gchar *path, DpuDevice device, guint timeout, GError **error)
{
  GMutex *opening =
      device == DPU_DEVICE_CPU ? &registry.opening_cpu : &registry.opening_dpu;
  DpuModel *model = NULL;
  GStatBuf file = { 0 };

  g_mutex_lock (opening);
  if (g_stat (path, &file) == 0)
    model = use_open (path, device, timeout, &file);
  if (!model) {
    /* it says best what is wrong with a file that is not there */
    model = dpu_model_open (path, device, error);
    if (model) {
      dpu_model_set_timeout (model, timeout);
      add_open (path, device, timeout, &file, model);
    }
  }
  g_mutex_unlock (opening);

  return model;
}

/**
 * gst_yolov5_models_release:
 * @model: (transfer full): a model from gst_yolov5_models_acquire()
 *
 * Closes the model when nobody else uses it.
 */
void
gst_yolov5_models_release (DpuModel *model)
{
  OpenModel *unused = NULL;
  GSList *item;

  g_mutex_lock (&registry.lock);
  for (item = registry.models; item != NULL; item = item->next) {
    OpenModel *open = item->data;

    if (open->model != model)
      continue;
    if (--open->n_users == 0) {
      registry.models = g_slist_delete_link (registry.models, item);
      unused = open;
    }
    break;
  }
  g_mutex_unlock (&registry.lock);

  if (unused) {
    dpu_model_unref (unused->model);
    g_free (unused->path);
    g_free (unused);
  }
}
