/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Messages on disk, in a folder of their own, until they are done. */

#pragma once

#include "address.h"

G_BEGIN_DECLS

typedef struct _OutboxJournal OutboxJournal;

/**
 * OutboxPlace:
 * @segment: first sequence number of the file it is in
 * @offset: in that file
 * @size: of the whole record
 */
typedef struct {
  guint64 segment;
  guint32 offset;
  guint32 size;
} OutboxPlace;

/**
 * OutboxMessage:
 * @sequence: grows by one with each message, never 0
 * @topic: where it goes
 * @key: (nullable): for Kafka
 * @payload: what is sent
 */
typedef struct {
  guint64 sequence;
  gchar *topic;
  gchar *key;
  GBytes *payload;
} OutboxMessage;

void outbox_message_clear (OutboxMessage *self);

/**
 * OutboxJournalFound:
 * @time: when it was written, microseconds since 1970
 *
 * Told of each message that is not done when the journal is opened, in order.
 */
typedef void (*OutboxJournalFound) (guint64 sequence, gint64 time,
    const OutboxPlace *place, gpointer user_data);

gsize outbox_record_size (
    const gchar *topic, const gchar *key, GBytes *payload);

OutboxJournal *outbox_journal_open (const gchar *directory,
    guint32 segment_size, OutboxJournalFound found, gpointer user_data,
    GError **error);
void outbox_journal_close (OutboxJournal *self);
guint64 outbox_journal_get_next_sequence (OutboxJournal *self);
guint64 outbox_journal_get_damaged_bytes (OutboxJournal *self);
gboolean outbox_journal_append (OutboxJournal *self,
    const OutboxMessage *message, gint64 time, OutboxPlace *place,
    GError **error);
gboolean outbox_journal_read (OutboxJournal *self, const OutboxPlace *place,
    OutboxMessage *message, GError **error);
void outbox_journal_forget (OutboxJournal *self, guint64 sequence);
gint outbox_journal_take_unsynced (OutboxJournal *self);

G_END_DECLS
