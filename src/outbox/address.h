/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Where messages go: a URL, and the topics in it. */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define OUTBOX_ERROR (outbox_error_quark ())
GQuark outbox_error_quark (void);

/**
 * OutboxError:
 * @OUTBOX_ERROR_SETTINGS: what was asked for makes no sense
 * @OUTBOX_ERROR_NOT_BUILT: it does, and was not built
 * @OUTBOX_ERROR_FOLDER: the folder of a queue cannot be used
 * @OUTBOX_ERROR_CONNECTION: the broker cannot be reached, or refuses
 * @OUTBOX_ERROR_MESSAGE: this one message cannot be sent, now or later
 */
typedef enum {
  OUTBOX_ERROR_SETTINGS,
  OUTBOX_ERROR_NOT_BUILT,
  OUTBOX_ERROR_FOLDER,
  OUTBOX_ERROR_CONNECTION,
  OUTBOX_ERROR_MESSAGE
} OutboxError;

typedef enum { OUTBOX_MQTT, OUTBOX_KAFKA } OutboxProtocol;

/**
 * OutboxAddress:
 * @tls: encrypted
 * @servers: what connections go to, `host:port`, for Kafka several with commas
 * @host: of MQTT, without brackets
 * @username: (nullable): the one before the `@`
 * @topic: may have `{camera}` and `{label}` in it
 */
typedef struct {
  OutboxProtocol protocol;
  gboolean tls;
  gchar *servers;
  gchar *host;
  guint16 port;
  gchar *username;
  gchar *topic;
} OutboxAddress;

OutboxAddress *outbox_address_parse (const gchar *url, GError **error);
void outbox_address_free (OutboxAddress *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (OutboxAddress, outbox_address_free)

gchar *outbox_url_without_password (const gchar *url);

gboolean outbox_pattern_check (const gchar *pattern, GError **error);
gboolean outbox_pattern_has (const gchar *pattern, const gchar *variable);
gchar *outbox_pattern_expand (const gchar *pattern, OutboxProtocol protocol,
    const gchar *camera, const gchar *label);
gboolean outbox_topic_check (
    const gchar *topic, OutboxProtocol protocol, GError **error);

G_END_DECLS
