/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* The network's thread: connects, gives messages of the queue to the broker,
 * and begins anew after a pause where that fails. Nobody else waits for the
 * network. */

#include "outbox.h"

#include "broker.h"

#include <errno.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* Pauses between attempts double from the first to the last, and each is drawn
 * from its upper half, so that a fleet does not come back at once. */
#define FIRST_PAUSE_US (G_USEC_PER_SEC / 4)
#define LAST_PAUSE_US (30 * G_USEC_PER_SEC)
/* how often to look whether the broker owes an answer for too long */
#define MAX_WAIT_US (G_USEC_PER_SEC / 4)

typedef enum { AWAY, CONNECTING, CONNECTED } ConnectionState;

struct _Outbox {
  OutboxQueue *queue;
  const OutboxBrokerClass *klass;
  OutboxBroker *broker;
  OutboxListener listener;
  gpointer user_data;
  gchar *servers;
  gint64 response_timeout;

  GThread *thread;
  /* something was pushed, or it is to end */
  gint wake_fd;
  gint stopping;
  GCancellable *cancellable;
  /* the network's thread writes, others read */
  gint connected;
  guint64 connections;
  GMutex lock;
  gboolean warned_of_loss;
  gboolean warned_of_disk;
  guint64 dropped_before;

  /* network's thread */
  ConnectionState state;
  gint64 next_attempt;
  gint64 pause;
  /* since when the broker has said nothing, while it owes an answer */
  gint64 silent_since;
  gboolean warned_of_broker;
  gboolean warned_of_refusal;
};

/**
 * outbox_wait_for_wake:
 * @fd: another one to wait for, -1 for none
 * @happened: (out) (optional): what did on @fd
 *
 * Returns: whether @wake_fd was written; it is empty again
 */
gboolean
outbox_wait_for_wake (
    gint wake_fd, gint fd, gshort events, gint timeout_ms, gshort *happened)
{
  struct pollfd fds[] = { { wake_fd, POLLIN, 0 }, { fd, events, 0 } };
  guint64 count;
  gint n = poll (fds, G_N_ELEMENTS (fds), timeout_ms);

  if (happened != NULL)
    *happened = n > 0 ? fds[1].revents : 0;
  return n > 0 && fds[0].revents != 0
         && read (wake_fd, &count, sizeof count) == sizeof count;
}

static void
wake (Outbox *self)
{
  const guint64 one = 1;

  /* a full counter wakes as well */
  if (write (self->wake_fd, &one, sizeof one) < 0 && errno != EAGAIN)
    g_debug ("cannot wake the network's thread: %s", g_strerror (errno));
}

G_GNUC_PRINTF (2, 3)
static void
warn (Outbox *self, const gchar *format, ...)
{
  g_autofree gchar *text = NULL;
  va_list arguments;

  va_start (arguments, format);
  text = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  self->listener.warn (text, self->user_data);
}

G_GNUC_PRINTF (2, 3)
static void
say (Outbox *self, const gchar *format, ...)
{
  g_autofree gchar *text = NULL;
  va_list arguments;

  va_start (arguments, format);
  text = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  self->listener.log (text, self->user_data);
}

/* THE BROKER'S EVENTS */

static void
on_connected (gpointer user_data)
{
  Outbox *self = user_data;

  say (self, "connected to %s", self->servers);
  self->state = CONNECTED;
  self->silent_since = g_get_monotonic_time ();
  self->warned_of_broker = FALSE;
  g_atomic_int_set (&self->connected, TRUE);
  g_mutex_lock (&self->lock);
  self->connections++;
  g_mutex_unlock (&self->lock);
}

/* one warning until it is there again */
static void
on_away (const gchar *reason, gpointer user_data)
{
  Outbox *self = user_data;

  g_atomic_int_set (&self->connected, FALSE);
  if (self->warned_of_broker)
    say (self, "%s: %s", self->servers, reason);
  else
    warn (self,
        "No connection to %s: %s. Messages wait until it is there again.",
        self->servers, reason);
  self->warned_of_broker = TRUE;
}

static void
on_lost (const gchar *reason, gpointer user_data)
{
  Outbox *self = user_data;
  gint64 pause =
      self->pause / 2 + g_random_int_range (0, (gint) (self->pause / 2 + 1));

  on_away (reason, self);
  say (self, "the next attempt is in %.2f s", (gdouble) pause / G_USEC_PER_SEC);
  self->state = AWAY;
  self->next_attempt = g_get_monotonic_time () + pause;
  self->pause = MIN (self->pause * 2, LAST_PAUSE_US);
}

static void
on_acknowledged (guint64 sequence, gpointer user_data)
{
  Outbox *self = user_data;

  outbox_queue_acknowledge (self->queue, sequence);
  self->silent_since = g_get_monotonic_time ();
  /* not at a connection, which some brokers give only to take it */
  self->pause = FIRST_PAUSE_US;
}

static void
on_refused (guint64 sequence, const gchar *reason, gpointer user_data)
{
  Outbox *self = user_data;

  outbox_queue_refuse (self->queue, sequence);
  self->silent_since = g_get_monotonic_time ();
  if (!self->warned_of_refusal)
    warn (self,
        "%s refused a message: %s. Such messages are left out, and counted in "
        "\"refused\" of stats.",
        self->servers, reason);
  self->warned_of_refusal = TRUE;
}

static void
on_taken_back (gpointer user_data)
{
  outbox_queue_take_back (((Outbox *) user_data)->queue);
}

static void
on_log (const gchar *text, gpointer user_data)
{
  say (user_data, "%s", text);
}

static const OutboxBrokerEvents events = { on_connected, on_lost, on_away,
  on_acknowledged, on_refused, on_taken_back, on_log };

/* NETWORK'S THREAD */

static void
give_messages (Outbox *self)
{
  OutboxSent sent = OUTBOX_SENT;
  OutboxMessage message;
  OutboxCounts counts;

  outbox_queue_get_counts (self->queue, &counts);
  if (counts.out == 0)
    self->silent_since = g_get_monotonic_time ();
  while (self->state == CONNECTED && sent != OUTBOX_AGAIN
         && counts.out++ < self->klass->window
         && outbox_queue_take (self->queue, &message)) {
    g_autoptr (GError) error = NULL;

    sent = self->klass->send (self->broker, &message, &error);
    if (sent == OUTBOX_REFUSED)
      on_refused (message.sequence, error->message, self);
    else if (sent == OUTBOX_AGAIN)
      outbox_queue_return (self->queue, message.sequence);
    outbox_message_clear (&message);
  }
}

/* a connection that is cut tells nobody */
static void
check_silence (Outbox *self)
{
  OutboxCounts counts;
  gint64 silence = g_get_monotonic_time () - self->silent_since;

  if (self->klass->reconnects || self->state == AWAY
      || silence < self->response_timeout)
    return;
  outbox_queue_get_counts (self->queue, &counts);
  if (self->state == CONNECTING || counts.out > 0) {
    g_autofree gchar *reason = g_strdup_printf (
        "it has not answered for %.1f s", (gdouble) silence / G_USEC_PER_SEC);

    on_lost (reason, self);
  }
}

static gpointer
run (gpointer user_data)
{
  Outbox *self = user_data;

  while (!g_atomic_int_get (&self->stopping)) {
    gint64 now = g_get_monotonic_time ();
    gint64 timeout = MIN (self->response_timeout, MAX_WAIT_US);

    if (self->state == AWAY && now < self->next_attempt) {
      timeout = self->next_attempt - now;
      outbox_wait_for_wake (
          self->wake_fd, -1, 0, (gint) (timeout / 1000 + 1), NULL);
      continue;
    }
    if (self->state == AWAY) {
      say (self, "connecting to %s", self->servers);
      self->state = CONNECTING;
      self->silent_since = now;
      self->klass->connect (self->broker);
    }
    if (self->state == CONNECTED)
      give_messages (self);
    if (self->state != AWAY)
      self->klass->wait (
          self->broker, self->wake_fd, (gint) (timeout / 1000 + 1));
    check_silence (self);
  }
  self->klass->close (self->broker, self->state == CONNECTED);
  return NULL;
}

/* OUTBOX */

static const OutboxBrokerClass *
find_class (const OutboxAddress *address, GError **error)
{
  const OutboxBrokerClass *klass = NULL;
  const gchar *name = address->protocol == OUTBOX_MQTT ? "MQTT" : "Kafka";

#ifdef HAVE_MQTT
  if (address->protocol == OUTBOX_MQTT)
    klass = &outbox_mqtt_class;
#endif
#ifdef HAVE_KAFKA
  if (address->protocol == OUTBOX_KAFKA)
    klass = &outbox_kafka_class;
#endif
  if (klass == NULL)
    g_set_error (error, OUTBOX_ERROR, OUTBOX_ERROR_NOT_BUILT,
        "This yolov5publish was built without %s: install %s and build it "
        "again",
        name,
        address->protocol == OUTBOX_MQTT ? "libmosquitto-dev"
                                         : "librdkafka-dev");
  return klass;
}

/**
 * outbox_new_with_broker:
 * @klass: the library
 *
 * outbox_new() with a broker that is not found by its address.
 */
Outbox *
outbox_new_with_broker (const OutboxSettings *settings,
    const OutboxBrokerClass *klass, const OutboxListener *listener,
    gpointer user_data, GError **error)
{
  Outbox *self = g_new0 (Outbox, 1);

  self->listener = *listener;
  self->user_data = user_data;
  self->klass = klass;
  self->servers = g_strdup (settings->address->servers);
  self->response_timeout = settings->response_timeout;
  self->pause = FIRST_PAUSE_US;
  g_mutex_init (&self->lock);
  self->cancellable = g_cancellable_new ();
  self->wake_fd = eventfd (0, EFD_NONBLOCK | EFD_CLOEXEC);
  if (self->wake_fd < 0)
    g_set_error (error, OUTBOX_ERROR, OUTBOX_ERROR_CONNECTION,
        "Cannot make an eventfd: %s", g_strerror (errno));
  else
    self->queue =
        outbox_queue_new (&settings->limits, settings->directory, error);
  if (self->queue != NULL)
    self->broker = klass->open (settings, &events, self, error);
  if (self->broker == NULL) {
    outbox_free (self);
    return NULL;
  }
  self->broker->cancellable = self->cancellable;
  self->thread = g_thread_new ("yolov5:publish", run, self);
  return self;
}

/**
 * outbox_new:
 * @settings: may go when this returns
 *
 * Begins to connect. A broker that is away is no error.
 */
Outbox *
outbox_new (const OutboxSettings *settings, const OutboxListener *listener,
    gpointer user_data, GError **error)
{
  const OutboxBrokerClass *klass = find_class (settings->address, error);

  return klass != NULL ? outbox_new_with_broker (
             settings, klass, listener, user_data, error)
                       : NULL;
}

/**
 * outbox_free:
 *
 * Messages that wait are lost, or stay in their folder.
 */
void
outbox_free (Outbox *self)
{
  g_atomic_int_set (&self->stopping, TRUE);
  g_cancellable_cancel (self->cancellable);
  if (self->thread != NULL) {
    wake (self);
    g_thread_join (self->thread);
  }
  g_clear_pointer (&self->queue, outbox_queue_free);
  if (self->wake_fd >= 0)
    close (self->wake_fd);
  g_object_unref (self->cancellable);
  g_mutex_clear (&self->lock);
  g_free (self->servers);
  g_free (self);
}

/* one warning while it goes on, the next when there was room for a while */
static void
warn_of_losses (Outbox *self, const GError *disk_error)
{
  gboolean lost, is_new, disk_is_new;
  OutboxCounts counts;

  outbox_queue_get_counts (self->queue, &counts);
  g_mutex_lock (&self->lock);
  lost = counts.dropped + counts.expired > self->dropped_before;
  is_new = lost && !self->warned_of_loss;
  if (lost)
    self->warned_of_loss = TRUE;
  else if (counts.messages == 0)
    self->warned_of_loss = FALSE;
  self->dropped_before = counts.dropped + counts.expired;
  disk_is_new = disk_error != NULL && !self->warned_of_disk;
  self->warned_of_disk = disk_error != NULL;
  g_mutex_unlock (&self->lock);

  if (is_new)
    warn (self,
        "Messages are lost: the queue is full of what %s has not taken, or they "
        "waited too long. The oldest go; \"dropped\" and \"expired\" of stats "
        "count them.",
        self->servers);
  if (disk_is_new)
    warn (self, "%s. Messages wait in memory only.", disk_error->message);
}

/**
 * outbox_push:
 * @topic: where it goes
 * @key: (nullable): for Kafka
 * @payload: what is sent
 *
 * Never waits for the network.
 */
void
outbox_push (
    Outbox *self, const gchar *topic, const gchar *key, GBytes *payload)
{
  g_autoptr (GError) error = NULL;

  outbox_queue_push (self->queue, topic, key, payload, &error);
  warn_of_losses (self, error);
  wake (self);
}

/**
 * outbox_wait:
 * @timeout: microseconds
 *
 * Waits until the broker has all messages.
 *
 * Returns: whether it has
 */
gboolean
outbox_wait (Outbox *self, gint64 timeout)
{
  return outbox_queue_wait (self->queue, g_get_monotonic_time () + timeout);
}

/**
 * outbox_set_flushing:
 * @flushing: let nobody wait for messages
 */
void
outbox_set_flushing (Outbox *self, gboolean flushing)
{
  outbox_queue_set_flushing (self->queue, flushing);
}

void
outbox_get_state (Outbox *self, OutboxState *state)
{
  outbox_queue_get_counts (self->queue, &state->counts);
  state->connected = g_atomic_int_get (&self->connected);
  g_mutex_lock (&self->lock);
  state->connections = self->connections;
  g_mutex_unlock (&self->lock);
}
