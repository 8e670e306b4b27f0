/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* The properties of the publishing element. */

#pragma once

#include <gst/gst.h>

#include "outbox/outbox.h"

G_BEGIN_DECLS

typedef enum {
  PUBLISH_ACKS_ALL,
  PUBLISH_ACKS_LEADER,
  PUBLISH_ACKS_NONE
} PublishAcks;

typedef enum {
  PUBLISH_COMPRESSION_NONE,
  PUBLISH_COMPRESSION_GZIP,
  PUBLISH_COMPRESSION_SNAPPY,
  PUBLISH_COMPRESSION_LZ4,
  PUBLISH_COMPRESSION_ZSTD
} PublishCompression;

/**
 * PublishSettings:
 * @url: without the password that was in it
 * @url_had_password: which is an error
 *
 * Values of the properties.
 */
typedef struct {
  gchar *url;
  gchar *camera;
  gchar *client_id;
  gchar *username;
  gchar *password_file;
  gchar *ca_file;
  gchar *certificate_file;
  gchar *key_file;
  guint64 response_timeout;

  guint qos;
  gboolean retain;
  gchar *status_topic;

  gchar *key;
  gint acks;
  gint compression;
  gboolean idempotence;
  gchar *kafka_options;

  guint64 max_messages;
  guint64 max_bytes;
  guint64 max_age;
  gchar *queue_directory;
  guint64 eos_timeout;

  guint64 min_interval;
  gboolean only_changes;
  gboolean events_only;

  /*< private >*/
  gboolean url_had_password;
  GObject *owner;
} PublishSettings;

void publish_settings_install (GObjectClass *object_class);
void publish_settings_init (PublishSettings *self, GObject *owner);
void publish_settings_copy (
    PublishSettings *self, const PublishSettings *source);
void publish_settings_clear (PublishSettings *self);
void publish_settings_set (
    PublishSettings *self, GParamSpec *pspec, const GValue *value);
void publish_settings_get (
    const PublishSettings *self, GParamSpec *pspec, GValue *value);

Outbox *publish_settings_open (const PublishSettings *self,
    const OutboxListener *listener, gpointer user_data, OutboxAddress **address,
    GError **error);

G_END_DECLS
