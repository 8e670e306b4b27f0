/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Messages that wait for a broker, in order, so many and no more. */

#pragma once

#include "journal.h"

G_BEGIN_DECLS

typedef struct _OutboxQueue OutboxQueue;

/**
 * OutboxLimits:
 * @max_messages: at least 1
 * @max_bytes: of topics, keys and payloads, and 40 for each message
 * @max_age: microseconds, 0 for any
 */
typedef struct {
  guint64 max_messages;
  guint64 max_bytes;
  gint64 max_age;
} OutboxLimits;

/**
 * OutboxCounts:
 * @messages: that wait or are out
 * @bytes: of those
 * @out: given to the broker, which has not answered
 * @pushed: since it was made
 * @restored: found on disk when it was made
 * @acknowledged: by the broker
 * @dropped: the oldest, for want of room
 * @expired: too old
 * @refused: by the broker, for good
 * @unsaved: that could not be written to disk
 * @damaged: that could not be read back from disk
 * @damaged_bytes: on disk that were no messages, when it was made
 */
typedef struct {
  guint64 messages;
  guint64 bytes;
  guint64 out;
  guint64 pushed;
  guint64 restored;
  guint64 acknowledged;
  guint64 dropped;
  guint64 expired;
  guint64 refused;
  guint64 unsaved;
  guint64 damaged;
  guint64 damaged_bytes;
} OutboxCounts;

OutboxQueue *outbox_queue_new (
    const OutboxLimits *limits, const gchar *directory, GError **error);
void outbox_queue_free (OutboxQueue *self);

gboolean outbox_queue_push (OutboxQueue *self, const gchar *topic,
    const gchar *key, GBytes *payload, GError **error);
gboolean outbox_queue_take (OutboxQueue *self, OutboxMessage *message);
void outbox_queue_acknowledge (OutboxQueue *self, guint64 sequence);
void outbox_queue_refuse (OutboxQueue *self, guint64 sequence);
void outbox_queue_return (OutboxQueue *self, guint64 sequence);
void outbox_queue_take_back (OutboxQueue *self);

gboolean outbox_queue_wait (OutboxQueue *self, gint64 end_time);
void outbox_queue_set_flushing (OutboxQueue *self, gboolean flushing);
void outbox_queue_get_counts (OutboxQueue *self, OutboxCounts *counts);

G_END_DECLS
