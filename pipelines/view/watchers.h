/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Browsers that watch, one WebSocket each. What waits for one is bounded by
 * what it has said it has seen, so a slow one gets fewer and smaller pictures
 * and is in nobody's way. */

#pragma once

#include "connections.h"
#include "journal.h"

typedef struct ViewWatchers ViewWatchers;

ViewWatchers *view_watchers_new (ViewCamera *const *cameras, guint n_cameras,
    ViewJournal *journal, gint max_fps);
void view_watchers_free (ViewWatchers *self);
void view_watchers_add (ViewWatchers *self, SoupWebsocketConnection *socket,
    ViewConnection *connection, const gchar *greeting);
guint view_watchers_count (const ViewWatchers *self);
void view_watchers_show (
    ViewWatchers *self, ViewFrame *frame, guint size, GBytes *jpeg);
void view_watchers_tell (ViewWatchers *self, const gchar *text);
void view_watchers_check (ViewWatchers *self);
