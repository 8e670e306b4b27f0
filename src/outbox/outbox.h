/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Sends messages to a broker from a thread of its own, and keeps them until it
 * has them. */

#pragma once

#include "address.h"
#include "queue.h"

G_BEGIN_DECLS

typedef struct _Outbox Outbox;

/**
 * OutboxSettings:
 * @address: of the broker
 * @limits: of the queue
 * @directory: (nullable): where messages are kept over restarts
 * @client_id: (nullable): what the client calls itself
 * @username: (nullable)
 * @password: (nullable)
 * @ca_file: (nullable): PEM with who may sign the broker's certificate, %NULL
 *   for those that the system trusts
 * @certificate_file: (nullable): PEM, the client's
 * @key_file: (nullable): PEM, for the certificate
 * @response_timeout: microseconds after which a broker that owes an answer is
 *   given up
 * @qos: of MQTT, 0 to 2
 * @retain: of MQTT: the broker keeps the last message of each topic
 * @status_topic: (nullable): of MQTT: where "online" and "offline" are retained
 * @acks: of Kafka: "all", "1" or "0"
 * @compression: of Kafka: "none", "gzip", "snappy", "lz4" or "zstd"
 * @idempotence: of Kafka
 * @kafka_options: (nullable): further settings of librdkafka, `name=value,...`
 */
typedef struct {
  OutboxAddress *address;
  OutboxLimits limits;
  const gchar *directory;

  const gchar *client_id;
  const gchar *username;
  const gchar *password;
  const gchar *ca_file;
  const gchar *certificate_file;
  const gchar *key_file;
  gint64 response_timeout;

  guint qos;
  gboolean retain;
  const gchar *status_topic;

  const gchar *acks;
  const gchar *compression;
  gboolean idempotence;
  const gchar *kafka_options;
} OutboxSettings;

/**
 * OutboxListener:
 * @warn: something that a person should know, once for each time it begins
 * @log: what happens
 *
 * Called from any thread.
 */
typedef struct {
  void (*warn) (const gchar *text, gpointer user_data);
  void (*log) (const gchar *text, gpointer user_data);
} OutboxListener;

/**
 * OutboxState:
 * @counts: of the queue
 * @connected: there is a connection now
 * @connections: how many there have been
 */
typedef struct {
  OutboxCounts counts;
  gboolean connected;
  guint64 connections;
} OutboxState;

Outbox *outbox_new (const OutboxSettings *settings,
    const OutboxListener *listener, gpointer user_data, GError **error);
void outbox_free (Outbox *self);
void outbox_push (
    Outbox *self, const gchar *topic, const gchar *key, GBytes *payload);
gboolean outbox_wait (Outbox *self, gint64 timeout);
void outbox_set_flushing (Outbox *self, gboolean flushing);
void outbox_get_state (Outbox *self, OutboxState *state);

G_END_DECLS
