/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* What a library that talks to brokers has to do. All of it is called by one
 * thread, and calls back on that. */

#pragma once

#include <gio/gio.h>

#include "outbox.h"

G_BEGIN_DECLS

typedef struct _OutboxBroker OutboxBroker;

/**
 * OutboxBrokerEvents:
 * @connected: messages may be given to it
 * @lost: it is not connected any more, or could not be
 * @away: as @lost, where it connects again by itself
 * @acknowledged: the broker has a message
 * @refused: it will never take this one
 * @taken_back: what it was given and is not acknowledged is to be given to it
 *   again: it knows nothing of it any more
 * @log: what it does, for who looks for a fault
 *
 * Called from within connect(), send() and wait() only.
 */
typedef struct {
  void (*connected) (gpointer user_data);
  void (*lost) (const gchar *reason, gpointer user_data);
  void (*away) (const gchar *reason, gpointer user_data);
  void (*acknowledged) (guint64 sequence, gpointer user_data);
  void (*refused) (guint64 sequence, const gchar *reason, gpointer user_data);
  void (*taken_back) (gpointer user_data);
  void (*log) (const gchar *text, gpointer user_data);
} OutboxBrokerEvents;

/**
 * OutboxSent:
 * @OUTBOX_SENT: it is on its way
 * @OUTBOX_AGAIN: not now, but after the next wait()
 * @OUTBOX_REFUSED: never
 */
typedef enum { OUTBOX_SENT, OUTBOX_AGAIN, OUTBOX_REFUSED } OutboxSent;

/**
 * OutboxBrokerClass:
 * @window: how many messages may be out
 * @reconnects: it connects again by itself, and knows when to give up a
 *   connection that is silent
 * @open: an error where the settings make no sense. Does not connect.
 * @connect: begins to; connected() or lost() tells what came of it. Called after
 *   lost() again.
 * @send: the message is the caller's
 * @wait: until something happens, @wake_fd can be read, or @timeout_ms are over
 * @close: with @politely, says goodbye, for no longer than a second
 */
typedef struct {
  guint window;
  gboolean reconnects;
  OutboxBroker *(*open) (const OutboxSettings *settings,
      const OutboxBrokerEvents *events, gpointer user_data, GError **error);
  void (*connect) (OutboxBroker *self);
  OutboxSent (*send) (
      OutboxBroker *self, const OutboxMessage *message, GError **error);
  void (*wait) (OutboxBroker *self, gint wake_fd, gint timeout_ms);
  void (*close) (OutboxBroker *self, gboolean politely);
} OutboxBrokerClass;

/* what libraries have of their own begins with it; @cancellable ends what may
 * take long */
struct _OutboxBroker {
  const OutboxBrokerClass *klass;
  const OutboxBrokerEvents *events;
  gpointer user_data;
  GCancellable *cancellable;
};

extern const OutboxBrokerClass outbox_mqtt_class;
extern const OutboxBrokerClass outbox_kafka_class;

Outbox *outbox_new_with_broker (const OutboxSettings *settings,
    const OutboxBrokerClass *klass, const OutboxListener *listener,
    gpointer user_data, GError **error);
gboolean outbox_wait_for_wake (
    gint wake_fd, gint fd, gshort events, gint timeout_ms, gshort *happened);

G_END_DECLS
