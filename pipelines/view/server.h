/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* The server: who may ask, the page, and who answers what. */

#pragma once

#include "camera.h"

#include <gio/gio.h>

typedef struct ViewServer ViewServer;

typedef struct {
  const gchar *address;
  guint port;
  GTlsCertificate *certificate;
  /* NULL makes one */
  const gchar *token;
  /* further names of this machine */
  gchar **hosts;
  gboolean read_only;
  guint max_clients;
  gint max_fps;
} ViewServerOptions;

/* @failed: a camera never ran */
ViewServer *view_server_new (ViewCamera *const *cameras, guint n_cameras,
    const ViewServerOptions *options, GError **error);
void view_server_start (ViewServer *self,
    void (*failed) (
        const gchar *camera, const gchar *error, gpointer user_data),
    gpointer user_data);
void view_server_free (ViewServer *self);
gchar *view_server_get_address (const ViewServer *self, const gchar *host);
