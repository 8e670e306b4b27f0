/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Listens, and hands connections to the server: not too many, and none that
 * waits for ever. */

#pragma once

#include <libsoup/soup.h>

typedef struct ViewConnections ViewConnections;
typedef struct ViewConnection ViewConnection;

ViewConnections *view_connections_new (SoupServer *server, const gchar *address,
    guint port, GTlsCertificate *certificate, GError **error);
void view_connections_free (ViewConnections *self);
guint view_connections_get_port (const ViewConnections *self);
guint view_connections_count (const ViewConnections *self);

gboolean view_connections_may_ask (SoupServerMessage *message, guint cost);
ViewConnection *view_connections_keep (SoupServerMessage *message);
void view_connections_cut (SoupServerMessage *message);

void view_connection_cut (ViewConnection *self);
void view_connection_unref (ViewConnection *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (ViewConnections, view_connections_free)
