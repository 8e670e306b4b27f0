/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* One thread pushes, one takes and tells what became of messages. With a folder
 * each message is on disk before it waits here, and a thread syncs.
 *
 *     done ... out, done ... | waiting ...
 *     ^ start                ^ next                 ^ start + n_entries
 *
 * Entries before `next` were given away. They leave from the start once they are
 * done, so that what remains of an interrupted transmission goes out again in
 * its order. */

#include "queue.h"

#include <time.h>
#include <unistd.h>

/* of payloads that are on disk as well; beyond, they are read back */
#define MAX_CACHED_BYTES (4 * 1024 * 1024)
/* files of the folder: small enough to go soon, and not too many */
#define MIN_SEGMENT_SIZE (64 * 1024)
#define MAX_SEGMENT_SIZE (1024 * 1024)
#define SEGMENTS_PER_QUEUE 8
/* what a loss of power may take */
#define SYNC_INTERVAL_US G_USEC_PER_SEC

typedef enum { WAITING, OUT, DONE } EntryState;

typedef struct {
  guint64 sequence;
  /* since boot, less where an earlier run wrote it; microseconds */
  gint64 time;
  EntryState state;
  gboolean on_disk;
  /* without it, the message is read back */
  GBytes *payload;
  gchar *topic;
  gchar *key;
  OutboxPlace place;
} Entry;

struct _OutboxQueue {
  OutboxLimits limits;
  OutboxJournal *journal;
  GThread *syncing;

  GMutex lock;
  /* became empty, flushes, closes, or there is something to sync */
  GCond changed;
  gboolean flushing;
  gboolean closing;

  /* a ring */
  Entry *entries;
  gsize capacity;
  gsize start;
  gsize n_entries;
  gsize next;

  guint64 next_sequence;
  guint64 cached_bytes;
  OutboxCounts counts;
};

static gint64
get_time (clockid_t clock)
{
  struct timespec now;

  clock_gettime (clock, &now);
  return (gint64) now.tv_sec * G_USEC_PER_SEC + now.tv_nsec / 1000;
}

static Entry *
get_entry (OutboxQueue *self, gsize i)
{
  return &self->entries[(self->start + i) & (self->capacity - 1)];
}

static Entry *
append_entry (OutboxQueue *self)
{
  Entry *entry;

  if (self->n_entries == self->capacity) {
    gsize capacity = MAX (64, self->capacity * 2), i;
    Entry *entries = g_new (Entry, capacity);

    for (i = 0; i < self->n_entries; i++)
      entries[i] = *get_entry (self, i);
    g_free (self->entries);
    self->entries = entries;
    self->capacity = capacity;
    self->start = 0;
  }
  entry = get_entry (self, self->n_entries++);
  *entry = (Entry){ 0 };
  return entry;
}

/* The messages of a journal may have gaps between them.
 * Returns: (nullable): and where it is at @index */
static Entry *
find_entry (OutboxQueue *self, guint64 sequence, gsize *index)
{
  gsize low = 0, high = self->n_entries;

  while (low < high) {
    gsize middle = low + (high - low) / 2;

    if (get_entry (self, middle)->sequence < sequence)
      low = middle + 1;
    else
      high = middle;
  }
  if (low == self->n_entries || get_entry (self, low)->sequence != sequence)
    return NULL;
  *index = low;
  return get_entry (self, low);
}

static void
drop_text (OutboxQueue *self, Entry *entry)
{
  if (entry->payload != NULL && entry->on_disk)
    self->cached_bytes -= entry->place.size;
  g_clear_pointer (&entry->payload, g_bytes_unref);
  g_clear_pointer (&entry->topic, g_free);
  g_clear_pointer (&entry->key, g_free);
}

/* Entries that are done leave, where none before them is not. */
static void
finish (OutboxQueue *self, Entry *entry, guint64 *count)
{
  gboolean gone = FALSE;

  if (entry->state == DONE)
    return;
  if (entry->state == OUT)
    self->counts.out--;
  entry->state = DONE;
  self->counts.messages--;
  self->counts.bytes -= entry->place.size;
  (*count)++;
  drop_text (self, entry);

  while (self->n_entries > 0 && get_entry (self, 0)->state == DONE) {
    self->start = (self->start + 1) & (self->capacity - 1);
    self->n_entries--;
    if (self->next > 0)
      self->next--;
    gone = TRUE;
  }
  if (gone && self->journal != NULL)
    outbox_journal_forget (self->journal, self->n_entries > 0
                                              ? get_entry (self, 0)->sequence
                                              : self->next_sequence);
  if (self->counts.messages == 0)
    g_cond_broadcast (&self->changed);
}

/* the first that waits, %NULL if none does */
static Entry *
peek_waiting (OutboxQueue *self)
{
  while (self->next < self->n_entries
         && get_entry (self, self->next)->state != WAITING)
    self->next++;
  return self->next < self->n_entries ? get_entry (self, self->next) : NULL;
}

static void
expire (OutboxQueue *self)
{
  gint64 oldest = get_time (CLOCK_BOOTTIME) - self->limits.max_age;
  Entry *entry;

  while (self->limits.max_age > 0 && (entry = peek_waiting (self)) != NULL
         && entry->time < oldest)
    finish (self, entry, &self->counts.expired);
}

/* What is out is the broker's already: it is the oldest that waits that goes. */
static gboolean
make_room (OutboxQueue *self)
{
  gboolean dropped = FALSE;
  Entry *entry;

  while ((self->counts.messages > self->limits.max_messages
             || self->counts.bytes > self->limits.max_bytes)
         && (entry = peek_waiting (self)) != NULL) {
    finish (self, entry, &self->counts.dropped);
    dropped = TRUE;
  }
  return dropped;
}

/* FOLDER */

static gpointer
sync_files (gpointer user_data)
{
  OutboxQueue *self = user_data;

  g_mutex_lock (&self->lock);
  while (!self->closing) {
    gint64 end_time = g_get_monotonic_time () + SYNC_INTERVAL_US;
    gint fd;

    while (!self->closing
           && g_cond_wait_until (&self->changed, &self->lock, end_time))
      ;
    while (!self->closing
           && (fd = outbox_journal_take_unsynced (self->journal)) >= 0) {
      g_mutex_unlock (&self->lock);
      fsync (fd);
      close (fd);
      g_mutex_lock (&self->lock);
    }
  }
  g_mutex_unlock (&self->lock);
  return NULL;
}

/* Only for how long it had waited when it was found, the calendar counts: a
 * board without a battery learns the date later. */
static void
restore (
    guint64 sequence, gint64 time, const OutboxPlace *place, gpointer user_data)
{
  OutboxQueue *self = user_data;
  Entry *entry = append_entry (self);
  gint64 age = MAX (get_time (CLOCK_REALTIME) - time, 0);

  entry->sequence = sequence;
  entry->time = get_time (CLOCK_BOOTTIME) - age;
  entry->on_disk = TRUE;
  entry->place = *place;
  self->counts.messages++;
  self->counts.bytes += place->size;
  self->counts.restored++;
}

static gboolean
open_journal (OutboxQueue *self, const gchar *directory, GError **error)
{
  guint64 segment_size = CLAMP (self->limits.max_bytes / SEGMENTS_PER_QUEUE,
      MIN_SEGMENT_SIZE, MAX_SEGMENT_SIZE);

  self->journal = outbox_journal_open (
      directory, (guint32) segment_size, restore, self, error);
  if (self->journal == NULL)
    return FALSE;
  self->next_sequence = outbox_journal_get_next_sequence (self->journal);
  self->counts.damaged_bytes = outbox_journal_get_damaged_bytes (self->journal);
  make_room (self);
  self->syncing = g_thread_new ("outbox:sync", sync_files, self);
  return TRUE;
}

/* whether the message is on disk, or need not be */
static gboolean
save (OutboxQueue *self, Entry *entry, GError **error)
{
  OutboxMessage message = { entry->sequence, entry->topic, entry->key,
    entry->payload };

  if (!outbox_journal_append (self->journal, &message,
          get_time (CLOCK_REALTIME), &entry->place, error)) {
    self->counts.unsaved++;
    return FALSE;
  }
  entry->on_disk = TRUE;
  self->cached_bytes += entry->place.size;
  if (self->cached_bytes > MAX_CACHED_BYTES)
    drop_text (self, entry);
  return TRUE;
}

/* with what was read back, where it was not kept */
static gboolean
copy_message (OutboxQueue *self, Entry *entry, OutboxMessage *message)
{
  message->sequence = entry->sequence;
  if (entry->payload == NULL)
    return outbox_journal_read (self->journal, &entry->place, message, NULL);
  message->topic = g_strdup (entry->topic);
  message->key = g_strdup (entry->key);
  message->payload = g_bytes_ref (entry->payload);
  return TRUE;
}

/* QUEUE */

/**
 * outbox_queue_new:
 * @directory: (nullable): keep messages there until they are done, and begin
 *   with those that an earlier run left
 */
OutboxQueue *
outbox_queue_new (
    const OutboxLimits *limits, const gchar *directory, GError **error)
{
  OutboxQueue *self = g_new0 (OutboxQueue, 1);

  self->limits = *limits;
  self->next_sequence = 1;
  g_mutex_init (&self->lock);
  g_cond_init (&self->changed);
  if (directory != NULL && !open_journal (self, directory, error)) {
    outbox_queue_free (self);
    return NULL;
  }
  return self;
}

/**
 * outbox_queue_free:
 *
 * What is not done stays in the folder, if there is one.
 */
void
outbox_queue_free (OutboxQueue *self)
{
  gsize i;

  g_mutex_lock (&self->lock);
  self->closing = TRUE;
  g_cond_broadcast (&self->changed);
  g_mutex_unlock (&self->lock);
  g_clear_pointer (&self->syncing, g_thread_join);

  for (i = 0; i < self->n_entries; i++)
    drop_text (self, get_entry (self, i));
  g_clear_pointer (&self->journal, outbox_journal_close);
  g_free (self->entries);
  g_cond_clear (&self->changed);
  g_mutex_clear (&self->lock);
  g_free (self);
}

/**
 * outbox_queue_push:
 * @topic: where it goes
 * @key: (nullable): for Kafka
 * @payload: what is sent
 *
 * The oldest message makes room where there is none. Never waits.
 *
 * Returns: %FALSE with an error if the message could not be written to disk; it
 *   waits in memory then
 */
gboolean
outbox_queue_push (OutboxQueue *self, const gchar *topic, const gchar *key,
    GBytes *payload, GError **error)
{
  gboolean saved = TRUE;
  Entry *entry;

  g_mutex_lock (&self->lock);
  entry = append_entry (self);
  entry->sequence = self->next_sequence++;
  entry->time = get_time (CLOCK_BOOTTIME);
  entry->topic = g_strdup (topic);
  entry->key = g_strdup (key);
  entry->payload = g_bytes_ref (payload);
  entry->place.size = (guint32) outbox_record_size (topic, key, payload);
  self->counts.messages++;
  self->counts.bytes += entry->place.size;
  self->counts.pushed++;
  if (self->journal != NULL)
    saved = save (self, entry, error);
  expire (self);
  make_room (self);
  g_mutex_unlock (&self->lock);
  return saved;
}

/**
 * outbox_queue_take:
 * @message: (out): the oldest that waits, to be cleared by the caller
 *
 * It is out then, until the caller says what became of it.
 *
 * Returns: %FALSE if none waits
 */
gboolean
outbox_queue_take (OutboxQueue *self, OutboxMessage *message)
{
  gboolean taken = FALSE;
  Entry *entry;

  g_mutex_lock (&self->lock);
  expire (self);
  while (!taken && (entry = peek_waiting (self)) != NULL) {
    taken = copy_message (self, entry, message);
    if (taken) {
      entry->state = OUT;
      self->counts.out++;
      self->next++;
    } else {
      finish (self, entry, &self->counts.damaged);
    }
  }
  g_mutex_unlock (&self->lock);
  return taken;
}

static void
finish_sequence (OutboxQueue *self, guint64 sequence, guint64 *count)
{
  Entry *entry;
  gsize index;

  g_mutex_lock (&self->lock);
  entry = find_entry (self, sequence, &index);
  if (entry != NULL)
    finish (self, entry, count);
  g_mutex_unlock (&self->lock);
}

/**
 * outbox_queue_acknowledge:
 * @sequence: of a message that the broker has
 */
void
outbox_queue_acknowledge (OutboxQueue *self, guint64 sequence)
{
  finish_sequence (self, sequence, &self->counts.acknowledged);
}

/**
 * outbox_queue_refuse:
 * @sequence: of a message that no broker will take
 */
void
outbox_queue_refuse (OutboxQueue *self, guint64 sequence)
{
  finish_sequence (self, sequence, &self->counts.refused);
}

/**
 * outbox_queue_return:
 * @sequence: of the message that was taken last
 *
 * It waits again.
 */
void
outbox_queue_return (OutboxQueue *self, guint64 sequence)
{
  Entry *entry;
  gsize index;

  g_mutex_lock (&self->lock);
  entry = find_entry (self, sequence, &index);
  if (entry != NULL && entry->state == OUT) {
    entry->state = WAITING;
    self->counts.out--;
    /* those behind it may have been dropped since */
    self->next = index;
  }
  g_mutex_unlock (&self->lock);
}

/**
 * outbox_queue_take_back:
 *
 * All that is out waits again, before what was not.
 */
void
outbox_queue_take_back (OutboxQueue *self)
{
  gsize i;

  g_mutex_lock (&self->lock);
  for (i = 0; i < self->next; i++)
    if (get_entry (self, i)->state == OUT)
      get_entry (self, i)->state = WAITING;
  self->counts.out = 0;
  self->next = 0;
  g_mutex_unlock (&self->lock);
}

/**
 * outbox_queue_wait:
 * @end_time: of the monotonic clock
 *
 * Waits until no message is left.
 *
 * Returns: whether none is; %FALSE at @end_time or while it is flushing
 */
gboolean
outbox_queue_wait (OutboxQueue *self, gint64 end_time)
{
  gboolean empty;

  g_mutex_lock (&self->lock);
  while (self->counts.messages > 0 && !self->flushing
         && g_cond_wait_until (&self->changed, &self->lock, end_time))
    ;
  empty = self->counts.messages == 0;
  g_mutex_unlock (&self->lock);
  return empty;
}

/**
 * outbox_queue_set_flushing:
 * @flushing: let nobody wait
 */
void
outbox_queue_set_flushing (OutboxQueue *self, gboolean flushing)
{
  g_mutex_lock (&self->lock);
  self->flushing = flushing;
  g_cond_broadcast (&self->changed);
  g_mutex_unlock (&self->lock);
}

void
outbox_queue_get_counts (OutboxQueue *self, OutboxCounts *counts)
{
  g_mutex_lock (&self->lock);
  *counts = self->counts;
  g_mutex_unlock (&self->lock);
}
