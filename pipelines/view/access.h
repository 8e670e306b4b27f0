/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Who may look: those who know the token. What a browser says of itself is
 * checked, so that another page in it cannot use the token it keeps. */

#pragma once

#include <libsoup/soup.h>

typedef struct ViewAccess ViewAccess;

ViewAccess *view_access_new (const gchar *token, gchar **hosts, guint port,
    gboolean is_secure, GError **error);
void view_access_free (ViewAccess *self);
const gchar *view_access_get_token (const ViewAccess *self);
gchar *view_access_make_cookie (const ViewAccess *self);

gboolean view_access_is_token (const ViewAccess *self, const gchar *text);
gboolean view_access_is_host_ours (const ViewAccess *self, const gchar *host);
gboolean view_access_is_origin_ours (const gchar *origin, const gchar *host);

typedef enum {
  VIEW_ACCESS_NONE,
  /* as the browser does by itself, also for what another page asks for */
  VIEW_ACCESS_BY_COOKIE,
  VIEW_ACCESS_BY_TOKEN,
} ViewAccessKind;

ViewAccessKind view_access_check (
    const ViewAccess *self, SoupServerMessage *message, GHashTable *query);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (ViewAccess, view_access_free)
