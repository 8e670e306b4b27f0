/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* The folder has
 *
 * - `lock`, locked as long as a process has the journal open,
 * - files of records, `<sequence number of the first>.messages`. They are only
 *   ever appended to, one at a time, and removed when all in them is done,
 * - `position`: messages before this one are done. It is written over in place
 *   and checked; an older one, or none, means that messages are sent twice.
 *
 * A process that is killed loses nothing that was appended: it is the kernel's
 * then. When the machine loses power, what was not synced may be lost or torn.
 * A record says how long it is and has a checksum; the first that does not fit
 * ends its file. Nothing is appended to files of an earlier run. */

#include "journal.h"

#include <glib/gstdio.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>
#include <zlib.h>

#define RECORD_MAGIC 0x4d35765au
#define POSITION_MAGIC 0x5035765au
#define SUFFIX ".messages"
/* longer than any line that makes sense; a broken length must not be believed */
#define MAX_BODY (64u * 1024 * 1024)

/* All little-endian. The checksum is of all that follows it. */
typedef struct {
  guint32 magic;
  guint32 checksum;
  guint64 sequence;
  gint64 time;
  guint32 topic_length;
  /* G_MAXUINT32 is no key */
  guint32 key_length;
  guint32 payload_length;
  guint32 reserved;
} RecordHeader;

typedef struct {
  guint32 magic;
  guint32 checksum;
  guint64 sequence;
} Position;

typedef struct {
  guint64 first;
  /* what is before @end in it may be read */
  guint64 last;
  guint32 end;
} Segment;

struct _OutboxJournal {
  gchar *directory;
  guint32 segment_size;
  gint lock_fd;
  gint position_fd;
  /* that is appended to, -1 before the first message */
  gint append_fd;
  /* that was read last, and which */
  gint read_fd;
  guint64 read_segment;

  GQueue segments;
  guint64 next_sequence;
  guint64 done_before;
  guint64 damaged_bytes;

  /* what a loss of power would undo: in @append_fd, in full files, of the
   * folder's own list */
  gboolean unsynced;
  GArray *unsynced_fds;
  gboolean unsynced_folder;
};

void
outbox_message_clear (OutboxMessage *self)
{
  g_clear_pointer (&self->topic, g_free);
  g_clear_pointer (&self->key, g_free);
  g_clear_pointer (&self->payload, g_bytes_unref);
}

static void
close_fd (gint *fd)
{
  if (*fd >= 0)
    close (*fd);
  *fd = -1;
}

static gchar *
segment_path (OutboxJournal *self, guint64 first)
{
  return g_strdup_printf (
      "%s/%020" G_GUINT64_FORMAT SUFFIX, self->directory, first);
}

static gboolean
fail (GError **error, const gchar *what, const gchar *path)
{
  g_set_error (error, OUTBOX_ERROR, OUTBOX_ERROR_FOLDER, "%s \"%s\": %s", what,
      path, g_strerror (errno));
  return FALSE;
}

static guint32
checksum (const RecordHeader *header, const gchar *topic, const gchar *key,
    gconstpointer payload)
{
  const guint skipped = G_STRUCT_OFFSET (RecordHeader, sequence);
  uLong sum = crc32 (
      0, (const Bytef *) header + skipped, (uInt) (sizeof *header - skipped));

  sum = crc32 (
      sum, (const Bytef *) topic, GUINT32_FROM_LE (header->topic_length));
  if (key != NULL)
    sum =
        crc32 (sum, (const Bytef *) key, GUINT32_FROM_LE (header->key_length));
  if (payload != NULL)
    sum = crc32 (sum, payload, GUINT32_FROM_LE (header->payload_length));
  return (guint32) sum;
}

/**
 * outbox_record_size:
 *
 * Returns: bytes that a message takes, on disk or not
 */
gsize
outbox_record_size (const gchar *topic, const gchar *key, GBytes *payload)
{
  return sizeof (RecordHeader) + strlen (topic)
         + (key != NULL ? strlen (key) : 0) + g_bytes_get_size (payload);
}

/* READING */

/* the lengths of @header in their order, and whether they can be */
static gboolean
read_lengths (const RecordHeader *header, guint64 available, guint32 *topic,
    guint32 *key, guint32 *payload)
{
  *topic = GUINT32_FROM_LE (header->topic_length);
  *key = GUINT32_FROM_LE (header->key_length);
  if (*key == G_MAXUINT32)
    *key = 0;
  *payload = GUINT32_FROM_LE (header->payload_length);
  return GUINT32_FROM_LE (header->magic) == RECORD_MAGIC && *topic <= MAX_BODY
         && *key <= MAX_BODY && *payload <= MAX_BODY
         && sizeof *header + (guint64) *topic + *key + *payload <= available;
}

/* the size of the record at the start of @data, 0 where there is none */
static guint32
check_record (const guint8 *data, guint64 available, RecordHeader *header)
{
  guint32 topic, key, payload;
  const gchar *body = (const gchar *) data + sizeof *header;
  gboolean has_key;

  if (available < sizeof *header)
    return 0;
  memcpy (header, data, sizeof *header);
  if (!read_lengths (header, available, &topic, &key, &payload))
    return 0;
  has_key = GUINT32_FROM_LE (header->key_length) != G_MAXUINT32;
  if (checksum (header, body, has_key ? body + topic : NULL, body + topic + key)
      != GUINT32_FROM_LE (header->checksum))
    return 0;
  return (guint32) sizeof *header + topic + key + payload;
}

static gboolean
scan_segment (OutboxJournal *self, Segment *segment, OutboxJournalFound found,
    gpointer user_data, GError **error)
{
  g_autofree gchar *path = segment_path (self, segment->first);
  g_autofree gchar *contents = NULL;
  g_autoptr (GError) read_error = NULL;
  gsize length;
  guint32 size;

  if (!g_file_get_contents (path, &contents, &length, &read_error)) {
    g_set_error (
        error, OUTBOX_ERROR, OUTBOX_ERROR_FOLDER, "%s", read_error->message);
    return FALSE;
  }
  while (segment->end < length) {
    const guint8 *data = (const guint8 *) contents + segment->end;
    OutboxPlace place = { segment->first, segment->end, 0 };
    RecordHeader header;
    guint64 sequence;

    size = check_record (data, length - segment->end, &header);
    sequence = GUINT64_FROM_LE (header.sequence);
    if (size == 0 || sequence < self->next_sequence)
      break;
    place.size = size;
    segment->end += size;
    segment->last = sequence;
    self->next_sequence = sequence + 1;
    if (sequence >= self->done_before)
      found (sequence, GINT64_FROM_LE (header.time), &place, user_data);
  }
  self->damaged_bytes += length - segment->end;
  return TRUE;
}

static gint
compare_segments (gconstpointer a, gconstpointer b, gpointer user_data)
{
  const Segment *left = a, *right = b;

  return (left->first > right->first) - (left->first < right->first);
}

static gboolean
scan_folder (OutboxJournal *self, OutboxJournalFound found, gpointer user_data,
    GError **error)
{
  g_autoptr (GDir) names = g_dir_open (self->directory, 0, NULL);
  const gchar *name;
  GList *l;

  while (names != NULL && (name = g_dir_read_name (names)) != NULL) {
    gchar *end;
    guint64 first = g_ascii_strtoull (name, &end, 10);

    if (g_str_equal (end, SUFFIX) && first > 0) {
      Segment *segment = g_new0 (Segment, 1);

      segment->first = first;
      g_queue_insert_sorted (&self->segments, segment, compare_segments, NULL);
    }
  }
  for (l = self->segments.head; l != NULL; l = l->next)
    if (!scan_segment (self, l->data, found, user_data, error))
      return FALSE;
  /* what the position counts as done may have been lost with the power */
  self->next_sequence = MAX (self->next_sequence, self->done_before);
  if (self->segments.tail != NULL)
    self->next_sequence = MAX (self->next_sequence,
        ((Segment *) self->segments.tail->data)->first + 1);
  return TRUE;
}

/**
 * outbox_journal_read:
 * @place: of a message that is not done
 * @message: (out): to be cleared by the caller
 */
gboolean
outbox_journal_read (OutboxJournal *self, const OutboxPlace *place,
    OutboxMessage *message, GError **error)
{
  g_autofree gchar *path = segment_path (self, place->segment);
  g_autofree guint8 *data = g_malloc (place->size);
  RecordHeader header;
  const gchar *body = (const gchar *) data + sizeof header;
  guint32 topic, key, payload;

  if (self->read_fd < 0 || self->read_segment != place->segment) {
    close_fd (&self->read_fd);
    self->read_fd = open (path, O_RDONLY | O_CLOEXEC);
    self->read_segment = place->segment;
    if (self->read_fd < 0)
      return fail (error, "Cannot read", path);
  }
  if (pread (self->read_fd, data, place->size, place->offset)
          != (gssize) place->size
      || check_record (data, place->size, &header) != place->size) {
    g_set_error (error, OUTBOX_ERROR, OUTBOX_ERROR_FOLDER,
        "A message in \"%s\" has changed since it was written", path);
    return FALSE;
  }
  read_lengths (&header, place->size, &topic, &key, &payload);
  message->sequence = GUINT64_FROM_LE (header.sequence);
  message->topic = g_strndup (body, topic);
  message->key = GUINT32_FROM_LE (header.key_length) != G_MAXUINT32
                     ? g_strndup (body + topic, key)
                     : NULL;
  message->payload = g_bytes_new (body + topic + key, payload);
  return TRUE;
}

/* OPENING */

static gboolean
lock_folder (OutboxJournal *self, GError **error)
{
  g_autofree gchar *path = g_build_filename (self->directory, "lock", NULL);
  gchar owner[32] = "";

  self->lock_fd = open (path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (self->lock_fd < 0)
    return fail (error, "Cannot write into the folder of the queue,", path);
  if (flock (self->lock_fd, LOCK_EX | LOCK_NB) != 0) {
    if (pread (self->lock_fd, owner, sizeof owner - 1, 0) < 0)
      owner[0] = '\0';
    g_strstrip (owner);
    g_set_error (error, OUTBOX_ERROR, OUTBOX_ERROR_FOLDER,
        "The queue in \"%s\" is in use by process %s: each element has a folder "
        "of its own",
        self->directory, owner[0] != '\0' ? owner : "(unknown)");
    return FALSE;
  }
  g_snprintf (owner, sizeof owner, "%d\n", getpid ());
  if (ftruncate (self->lock_fd, 0) != 0
      || pwrite (self->lock_fd, owner, strlen (owner), 0) < 0)
    return fail (error, "Cannot write", path);
  return TRUE;
}

static gboolean
read_position (OutboxJournal *self, GError **error)
{
  g_autofree gchar *path = g_build_filename (self->directory, "position", NULL);
  Position position = { 0 };

  self->position_fd = open (path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (self->position_fd < 0)
    return fail (error, "Cannot write", path);
  if (pread (self->position_fd, &position, sizeof position, 0)
          == (gssize) sizeof position
      && GUINT32_FROM_LE (position.magic) == POSITION_MAGIC
      && GUINT32_FROM_LE (position.checksum)
             == crc32 (0, (const Bytef *) &position.sequence,
                 sizeof position.sequence))
    self->done_before = GUINT64_FROM_LE (position.sequence);
  return TRUE;
}

/**
 * outbox_journal_open:
 * @directory: made if there is none, for this user alone
 * @segment_size: bytes of a file after which the next is begun
 * @found: told of what is not done, before this returns
 *
 * An error if another one has it open, also in this process.
 */
OutboxJournal *
outbox_journal_open (const gchar *directory, guint32 segment_size,
    OutboxJournalFound found, gpointer user_data, GError **error)
{
  OutboxJournal *self = g_new0 (OutboxJournal, 1);

  self->directory = g_strdup (directory);
  self->segment_size = segment_size;
  self->lock_fd = self->position_fd = self->append_fd = self->read_fd = -1;
  self->next_sequence = 1;
  g_queue_init (&self->segments);
  self->unsynced_fds = g_array_new (FALSE, FALSE, sizeof (gint));

  if (g_mkdir_with_parents (directory, 0700) != 0) {
    fail (error, "Cannot make the folder of the queue,", directory);
  } else if (lock_folder (self, error) && read_position (self, error)
             && scan_folder (self, found, user_data, error)) {
    outbox_journal_forget (self, self->done_before);
    return self;
  }
  outbox_journal_close (self);
  return NULL;
}

/**
 * outbox_journal_close:
 *
 * Syncs, too.
 */
void
outbox_journal_close (OutboxJournal *self)
{
  gint fd;

  while ((fd = outbox_journal_take_unsynced (self)) >= 0) {
    fsync (fd);
    close (fd);
  }
  close_fd (&self->append_fd);
  close_fd (&self->read_fd);
  close_fd (&self->position_fd);
  close_fd (&self->lock_fd);
  g_queue_clear_full (&self->segments, g_free);
  g_array_unref (self->unsynced_fds);
  g_free (self->directory);
  g_free (self);
}

guint64
outbox_journal_get_next_sequence (OutboxJournal *self)
{
  return self->next_sequence;
}

/**
 * outbox_journal_get_damaged_bytes:
 *
 * Returns: bytes of the files that were no messages when it was opened
 */
guint64
outbox_journal_get_damaged_bytes (OutboxJournal *self)
{
  return self->damaged_bytes;
}

/* WRITING */

static gboolean
begin_segment (OutboxJournal *self, guint64 first, GError **error)
{
  g_autofree gchar *path = segment_path (self, first);
  Segment *segment;

  if (self->append_fd >= 0 && self->unsynced)
    g_array_append_val (self->unsynced_fds, self->append_fd);
  else
    close_fd (&self->append_fd);
  self->unsynced = FALSE;
  self->append_fd =
      open (path, O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0600);
  if (self->append_fd < 0)
    return fail (error, "Cannot write", path);
  self->unsynced_folder = TRUE;
  segment = g_new0 (Segment, 1);
  segment->first = first;
  g_queue_push_tail (&self->segments, segment);
  return TRUE;
}

/* a part of a record would end the file for whoever reads it */
static void
take_back (OutboxJournal *self, const Segment *segment)
{
  if (ftruncate (self->append_fd, segment->end) != 0)
    close_fd (&self->append_fd);
}

/**
 * outbox_journal_append:
 * @message: whose sequence number is greater than all before
 * @time: microseconds since 1970
 * @place: (out): where it is
 *
 * On an error it is not in the journal.
 */
gboolean
outbox_journal_append (OutboxJournal *self, const OutboxMessage *message,
    gint64 time, OutboxPlace *place, GError **error)
{
  gsize payload_length;
  gconstpointer payload = g_bytes_get_data (message->payload, &payload_length);
  gsize topic_length = strlen (message->topic);
  gsize key_length = message->key != NULL ? strlen (message->key) : 0;
  gsize size =
      outbox_record_size (message->topic, message->key, message->payload);
  RecordHeader header = {
    .magic = GUINT32_TO_LE (RECORD_MAGIC),
    .sequence = GUINT64_TO_LE (message->sequence),
    .time = GINT64_TO_LE (time),
    .topic_length = GUINT32_TO_LE ((guint32) topic_length),
    .key_length = GUINT32_TO_LE (
        message->key != NULL ? (guint32) key_length : G_MAXUINT32),
    .payload_length = GUINT32_TO_LE ((guint32) payload_length),
  };
  struct iovec parts[] = {
    { &header, sizeof header },
    { message->topic, topic_length },
    { message->key, key_length },
    { (gpointer) payload, payload_length },
  };
  Segment *segment = g_queue_peek_tail (&self->segments);
  gssize written;

  if (topic_length > MAX_BODY || key_length > MAX_BODY
      || payload_length > MAX_BODY) {
    g_set_error (error, OUTBOX_ERROR, OUTBOX_ERROR_MESSAGE,
        "A message of %" G_GSIZE_FORMAT " bytes is too large for the queue",
        size);
    return FALSE;
  }
  header.checksum =
      GUINT32_TO_LE (checksum (&header, message->topic, message->key, payload));
  if (self->append_fd < 0 || segment->end >= self->segment_size) {
    if (!begin_segment (self, message->sequence, error))
      return FALSE;
    segment = g_queue_peek_tail (&self->segments);
  }

  written = writev (self->append_fd, parts, G_N_ELEMENTS (parts));
  if (written != (gssize) size) {
    if (written >= 0)
      errno = ENOSPC;
    fail (error, "Cannot write into the folder of the queue,", self->directory);
    take_back (self, segment);
    return FALSE;
  }
  place->segment = segment->first;
  place->offset = segment->end;
  place->size = (guint32) size;
  segment->end += (guint32) size;
  segment->last = message->sequence;
  self->next_sequence = message->sequence + 1;
  self->unsynced = TRUE;
  return TRUE;
}

static void
remove_first_segment (OutboxJournal *self)
{
  g_autofree Segment *segment = g_queue_pop_head (&self->segments);
  g_autofree gchar *path = segment_path (self, segment->first);

  if (g_queue_is_empty (&self->segments))
    close_fd (&self->append_fd);
  if (self->read_segment == segment->first)
    close_fd (&self->read_fd);
  g_unlink (path);
}

/**
 * outbox_journal_forget:
 * @sequence: all before it are done
 */
void
outbox_journal_forget (OutboxJournal *self, guint64 sequence)
{
  Position position = {
    .magic = GUINT32_TO_LE (POSITION_MAGIC),
    .sequence = GUINT64_TO_LE (sequence),
  };
  Segment *segment;

  self->done_before = sequence;
  position.checksum = GUINT32_TO_LE ((guint32) crc32 (
      0, (const Bytef *) &position.sequence, sizeof position.sequence));
  /* without it, messages are sent twice */
  if (pwrite (self->position_fd, &position, sizeof position, 0) < 0)
    g_debug ("cannot write the position of a queue: %s", g_strerror (errno));

  /* the one that is appended to stays until it is full: making files costs */
  while ((segment = g_queue_peek_head (&self->segments)) != NULL
         && segment->last < sequence
         && (segment->end >= self->segment_size || self->append_fd < 0
             || self->segments.length > 1))
    remove_first_segment (self);
}

/**
 * outbox_journal_take_unsynced:
 *
 * Returns: a file for the caller to sync and close, -1 where all is on disk, or
 *   on its way. So it need not keep others out while the disk works.
 */
gint
outbox_journal_take_unsynced (OutboxJournal *self)
{
  gint fd = -1;

  if (self->unsynced_fds->len > 0) {
    fd = g_array_index (self->unsynced_fds, gint, 0);
    g_array_remove_index (self->unsynced_fds, 0);
  } else if (self->unsynced_folder) {
    self->unsynced_folder = FALSE;
    fd = open (self->directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  }
  if (fd < 0 && self->unsynced && self->append_fd >= 0) {
    self->unsynced = FALSE;
    fd = fcntl (self->append_fd, F_DUPFD_CLOEXEC, 0);
  }
  return fd;
}
