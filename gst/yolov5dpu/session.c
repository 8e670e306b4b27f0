/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "session.h"

#include "messages.h"
#include "metadata/model-event.h"

GST_DEBUG_CATEGORY_EXTERN (gst_yolov5_dpu_debug);
#define GST_CAT_DEFAULT gst_yolov5_dpu_debug

/**
 * gst_yolov5_session_init:
 * @element: the element, borrowed
 */
void
gst_yolov5_session_init (GstYolov5Session *self, GstElement *element)
{
  self->element = element;
  self->slots = gst_yolov5_slot_pool_new (element);
  gst_yolov5_settings_init (&self->settings, G_OBJECT (element));
}

/**
 * gst_yolov5_session_clear:
 * @self: a session that is closed
 */
void
gst_yolov5_session_clear (GstYolov5Session *self)
{
  gst_yolov5_slot_pool_free (self->slots);
  gst_yolov5_settings_clear (&self->settings);
}

/* what was cancelled is no error to anybody */
static void
post_and_free (GstYolov5Session *self, GError *error)
{
  if (!g_error_matches (error, DPU_ERROR, DPU_ERROR_CANCELLED))
    gst_yolov5_post_error (self->element, error);
  g_error_free (error);
}

static void
cancel_slots (GCancellable *cancellable, GstYolov5SlotPool *slots)
{
  gst_yolov5_slot_pool_cancel (slots);
}

static gboolean
start_slots (GstYolov5Session *self, GCancellable *cancellable)
{
  GError *error = NULL;
  guint n_slots, cpu_threads;
  gboolean started;
  gulong connection;

  gst_yolov5_opened_model_choose_slots (self->model, &n_slots, &cpu_threads);
  connection = g_cancellable_connect (
      cancellable, G_CALLBACK (cancel_slots), self->slots, NULL);
  started = gst_yolov5_slot_pool_start (
      self->slots, self->model, n_slots, cpu_threads, &error);
  g_cancellable_disconnect (cancellable, connection);
  /* a DPU that was interrupted says so in other words */
  if (!started && g_cancellable_is_cancelled (cancellable))
    g_error_free (error);
  else if (!started)
    post_and_free (self, error);
  return started;
}

/* what the model says of properties that are not set */
static void
notify_thresholds (GstYolov5Session *self)
{
  g_object_notify (G_OBJECT (self->element), "threshold");
  g_object_notify (G_OBJECT (self->element), "iou-threshold");
}

/**
 * gst_yolov5_session_close:
 * @self: a session, open or not
 */
void
gst_yolov5_session_close (GstYolov5Session *self)
{
  GstYolov5OpenedModel *model;
  gboolean thresholds_changed;

  gst_yolov5_slot_pool_stop (self->slots);

  GST_OBJECT_LOCK (self->element);
  model = g_steal_pointer (&self->model);
  gst_yolov5_settings_use_classes (&self->settings, NULL, NULL);
  thresholds_changed = gst_yolov5_settings_use_model (&self->settings, NULL);
  self->in_use = FALSE;
  GST_OBJECT_UNLOCK (self->element);

  if (thresholds_changed)
    notify_thresholds (self);

  g_clear_pointer (&model, gst_yolov5_opened_model_free);
  g_clear_pointer (&self->name, g_free);
  g_clear_pointer (&self->path, g_free);
}

static void
take_name (GstYolov5Session *self)
{
  g_autofree gchar *name =
      gst_object_get_name (GST_OBJECT_CAST (self->element));
  g_autofree gchar *path =
      gst_object_get_path_string (GST_OBJECT_CAST (self->element));

  self->name = g_utf8_make_valid (name, -1);
  self->path = g_utf8_make_valid (path, -1);
}

/* who asks for a class that the model does not have is not to get all others */
static gboolean
use_classes (GstYolov5Session *self)
{
  GError *error = NULL;
  gboolean used;

  GST_OBJECT_LOCK (self->element);
  used = gst_yolov5_settings_use_classes (
      &self->settings, self->model->yolov5, &error);
  GST_OBJECT_UNLOCK (self->element);
  if (!used)
    post_and_free (self, error);
  return used;
}

static void
tell_device (GstYolov5Session *self, const GstYolov5Settings *settings)
{
  const DpuModel *dpu = self->model->dpu;
  const gchar *reason = dpu_model_get_fallback_reason (dpu);

  GST_INFO_OBJECT (self->element, "%s runs on %s, as %s", settings->model_path,
      dpu_model_get_device (dpu) == DPU_DEVICE_DPU ? "the DPU"
                                                   : "the software DPU",
      reason                                ? "there is no DPU to use"
      : settings->device == DPU_DEVICE_AUTO ? "device=auto takes what is there"
                                            : "the property \"device\" says");
  if (reason)
    GST_ELEMENT_WARNING (
        self->element, RESOURCE, NOT_FOUND, ("%s", reason), (NULL));
}

/* what the user leaves to the model */
static void
use_thresholds (GstYolov5Session *self)
{
  gboolean changed;

  GST_OBJECT_LOCK (self->element);
  changed =
      gst_yolov5_settings_use_model (&self->settings, self->model->yolov5);
  GST_OBJECT_UNLOCK (self->element);
  if (changed)
    notify_thresholds (self);
}

/**
 * gst_yolov5_session_open:
 * @cancellable: ends it within a second
 *
 * In a thread of its own. Posts what is wrong.
 *
 * Returns: whether the session is open
 */
gboolean
gst_yolov5_session_open (GstYolov5Session *self, GCancellable *cancellable)
{
  g_auto (GstYolov5Settings) settings = { NULL };
  GstYolov5OpenedModel *model;
  GError *error = NULL;

  GST_OBJECT_LOCK (self->element);
  self->in_use = TRUE;
  gst_yolov5_settings_copy (&settings, &self->settings);
  GST_OBJECT_UNLOCK (self->element);

  model = gst_yolov5_opened_model_open (&settings, cancellable, &error);
  if (!model) {
    post_and_free (self, error);
    gst_yolov5_session_close (self);
    return FALSE;
  }
  GST_OBJECT_LOCK (self->element);
  self->model = model;
  GST_OBJECT_UNLOCK (self->element);
  take_name (self);
  tell_device (self, &settings);

  if (!use_classes (self) || !start_slots (self, cancellable)) {
    gst_yolov5_session_close (self);
    return FALSE;
  }
  use_thresholds (self);
  return TRUE;
}

/**
 * gst_yolov5_session_check:
 *
 * Posts what a glance at the properties tells to be wrong.
 *
 * Returns: whether nothing is
 */
gboolean
gst_yolov5_session_check (GstYolov5Session *self)
{
  g_autofree gchar *path = NULL;
  GError *error = NULL;

  GST_OBJECT_LOCK (self->element);
  path = g_strdup (self->settings.model_path);
  GST_OBJECT_UNLOCK (self->element);

  if (!gst_yolov5_opened_model_check_path (path, &error)) {
    post_and_free (self, error);
    return FALSE;
  }
  return TRUE;
}

/**
 * gst_yolov5_session_describe:
 * @self: a session that is open
 *
 * Returns: (transfer full): an event that tells downstream of the model
 */
GstEvent *
gst_yolov5_session_describe (GstYolov5Session *self)
{
  Yolov5Model *model = self->model->yolov5;
  guint n_classes = yolov5_model_get_n_classes (model), i;
  g_autofree const gchar **labels = g_new (const gchar *, n_classes);

  for (i = 0; i < n_classes; i++)
    labels[i] = yolov5_model_get_label (model, i);
  return gst_yolov5_model_event_new (self->name, self->path, labels, n_classes);
}
