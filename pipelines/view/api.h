/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* What programs ask for, under /api/v1. Requests come here once their sender
 * has shown the token. */

#pragma once

#include "connections.h"
#include "journal.h"

typedef struct ViewApi ViewApi;

typedef struct {
  SoupServer *server;
  ViewCamera *const *cameras;
  guint n_cameras;
  ViewJournal *journal;
  gboolean read_only;
  guint max_clients;
  /* after settings were changed */
  void (*changed) (gpointer user_data);
  gpointer user_data;
} ViewApiOptions;

ViewApi *view_api_new (const ViewApiOptions *options);
void view_api_free (ViewApi *self);
gboolean view_api_handle (ViewApi *self, SoupServerMessage *message,
    const gchar *path, GHashTable *query);
void view_api_show_frame (ViewApi *self, const ViewFrame *frame);
void view_api_show_picture (
    ViewApi *self, const ViewFrame *frame, GBytes *jpeg);
void view_api_check (ViewApi *self);

void view_api_refuse (
    SoupServerMessage *message, guint status, const gchar *words);
