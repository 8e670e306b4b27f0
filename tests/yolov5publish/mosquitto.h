/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* A broker of Debian's package mosquitto on this machine's loopback, and a
 * client that hears what it is told. */

#pragma once

#include <gio/gio.h>
#include <gst/check/gstcheck.h>

/**
 * Mosquitto:
 * @namespace: (nullable): network namespace that it runs in
 * @address: where it listens
 */
typedef struct {
  gchar *folder;
  gchar *options;
  const gchar *namespace;
  const gchar *address;
  guint16 port;
  GSubprocess *process;
} Mosquitto;

/* of a topic */
typedef struct {
  gchar *topic;
  gchar *payload;
  gboolean retained;
} Heard;

typedef struct _Listener Listener;

gboolean mosquitto_is_installed (void);
Mosquitto *mosquitto_make (const gchar *options);
Mosquitto *mosquitto_make_in_namespace (
    const gchar *options, const gchar *namespace, const gchar *address);
void mosquitto_start (Mosquitto *self);
void mosquitto_stop (Mosquitto *self, gint signal);
void mosquitto_kick (Mosquitto *self, const gchar *client_id);
void mosquitto_remove (Mosquitto *self);

Listener *listener_new (Mosquitto *mosquitto, const gchar *pattern);
void listener_free (Listener *self);
void listener_wait (Listener *self, guint n);
void listener_wait_for_numbers (Listener *self, guint n);
const Heard *listener_get (Listener *self, guint i);
guint listener_get_repetitions (Listener *self);
