/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "metered.h"

/* so many at once, and so many a second after that: a page with 16 cameras
 * answers 100 kB of frames a second */
#define BYTES_AT_ONCE (512.0 * 1024)
#define BYTES_A_SECOND (256.0 * 1024)

/* THE STREAM THAT COUNTS */

typedef struct {
  GFilterInputStream parent;
  gdouble left;
  gint64 since;
} ViewMeteredInput;

typedef GFilterInputStreamClass ViewMeteredInputClass;

static GType view_metered_input_get_type (void);
static void view_metered_input_pollable_init (
    GPollableInputStreamInterface *iface);

G_DEFINE_TYPE_WITH_CODE (ViewMeteredInput, view_metered_input,
    G_TYPE_FILTER_INPUT_STREAM,
    G_IMPLEMENT_INTERFACE (
        G_TYPE_POLLABLE_INPUT_STREAM, view_metered_input_pollable_init))

static GInputStream *
get_base (gpointer self)
{
  return g_filter_input_stream_get_base_stream (self);
}

static gssize
count (ViewMeteredInput *self, gssize size, GError **error)
{
  gint64 now = g_get_monotonic_time ();

  if (size <= 0)
    return size;
  self->left += (gdouble) (now - self->since) / G_USEC_PER_SEC * BYTES_A_SECOND;
  self->left = MIN (self->left, BYTES_AT_ONCE) - (gdouble) size;
  self->since = now;
  if (self->left >= 0)
    return size;
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED,
      "More comes in than is ever needed");
  return -1;
}

static gssize
view_metered_input_read (GInputStream *stream, void *buffer, gsize size,
    GCancellable *cancellable, GError **error)
{
  return count ((ViewMeteredInput *) stream,
      g_input_stream_read (get_base (stream), buffer, size, cancellable, error),
      error);
}

static gssize
view_metered_input_read_nonblocking (
    GPollableInputStream *stream, void *buffer, gsize size, GError **error)
{
  return count ((ViewMeteredInput *) stream,
      g_pollable_input_stream_read_nonblocking (
          G_POLLABLE_INPUT_STREAM (get_base (stream)), buffer, size, NULL,
          error),
      error);
}

static gboolean
view_metered_input_can_poll (GPollableInputStream *stream)
{
  return G_IS_POLLABLE_INPUT_STREAM (get_base (stream));
}

static gboolean
view_metered_input_is_readable (GPollableInputStream *stream)
{
  return g_pollable_input_stream_is_readable (
      G_POLLABLE_INPUT_STREAM (get_base (stream)));
}

static GSource *
view_metered_input_create_source (
    GPollableInputStream *stream, GCancellable *cancellable)
{
  g_autoptr (GSource) base = g_pollable_input_stream_create_source (
      G_POLLABLE_INPUT_STREAM (get_base (stream)), cancellable);
  GSource *source = g_pollable_source_new (G_OBJECT (stream));

  g_source_set_dummy_callback (base);
  g_source_add_child_source (source, base);
  return source;
}

static void
view_metered_input_pollable_init (GPollableInputStreamInterface *iface)
{
  iface->can_poll = view_metered_input_can_poll;
  iface->is_readable = view_metered_input_is_readable;
  iface->create_source = view_metered_input_create_source;
  iface->read_nonblocking = view_metered_input_read_nonblocking;
}

static void
view_metered_input_class_init (ViewMeteredInputClass *klass)
{
  G_INPUT_STREAM_CLASS (klass)->read_fn = view_metered_input_read;
}

static void
view_metered_input_init (ViewMeteredInput *self)
{
  self->left = BYTES_AT_ONCE;
  self->since = g_get_monotonic_time ();
}

/* THE CONNECTION */

typedef struct {
  GIOStream parent;
  GIOStream *base;
  GInputStream *input;
} ViewMeteredStream;

typedef GIOStreamClass ViewMeteredStreamClass;

static GType view_metered_stream_get_type (void);

G_DEFINE_TYPE (ViewMeteredStream, view_metered_stream, G_TYPE_IO_STREAM)

static GInputStream *
view_metered_stream_get_input (GIOStream *stream)
{
  return ((ViewMeteredStream *) stream)->input;
}

static GOutputStream *
view_metered_stream_get_output (GIOStream *stream)
{
  return g_io_stream_get_output_stream (((ViewMeteredStream *) stream)->base);
}

static gboolean
view_metered_stream_close (
    GIOStream *stream, GCancellable *cancellable, GError **error)
{
  return g_io_stream_close (
      ((ViewMeteredStream *) stream)->base, cancellable, error);
}

static void
on_base_closed (GObject *base, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  GError *error = NULL;

  if (g_io_stream_close_finish (G_IO_STREAM (base), result, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

static void
view_metered_stream_close_async (GIOStream *stream, gint priority,
    GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data)
{
  GTask *task = g_task_new (stream, cancellable, callback, user_data);

  g_io_stream_close_async (((ViewMeteredStream *) stream)->base, priority,
      cancellable, on_base_closed, task);
}

static gboolean
view_metered_stream_close_finish (
    GIOStream *stream, GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

static void
view_metered_stream_finalize (GObject *object)
{
  ViewMeteredStream *self = (ViewMeteredStream *) object;

  /* closes it, which needs the streams */
  G_OBJECT_CLASS (view_metered_stream_parent_class)->finalize (object);
  g_object_unref (self->input);
  g_object_unref (self->base);
}

static void
view_metered_stream_class_init (ViewMeteredStreamClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = view_metered_stream_finalize;
  klass->get_input_stream = view_metered_stream_get_input;
  klass->get_output_stream = view_metered_stream_get_output;
  klass->close_fn = view_metered_stream_close;
  klass->close_async = view_metered_stream_close_async;
  klass->close_finish = view_metered_stream_close_finish;
}

static void
view_metered_stream_init (ViewMeteredStream *self)
{
}

/**
 * view_metered_stream_new:
 * @base: (transfer none): a connection
 *
 * Returns: (transfer full): the same, with a limit
 */
GIOStream *
view_metered_stream_new (GIOStream *base)
{
  ViewMeteredStream *self =
      g_object_new (view_metered_stream_get_type (), NULL);

  self->base = g_object_ref (base);
  self->input = g_object_new (view_metered_input_get_type (), "base-stream",
      g_io_stream_get_input_stream (base), "close-base-stream", FALSE, NULL);
  return G_IO_STREAM (self);
}
