/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* The journal survives what happens to files. */

#include <gst/check/gstcheck.h>

#include <glib/gstdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "outbox/journal.h"
#include "testfolder.h"

#define N_MESSAGES 5
#define SEGMENT_SIZE (64 * 1024)

typedef struct {
  guint64 sequences[64];
  OutboxPlace places[64];
  guint n;
} Found;

static void
note (
    guint64 sequence, gint64 time, const OutboxPlace *place, gpointer user_data)
{
  Found *found = user_data;

  fail_unless (found->n < G_N_ELEMENTS (found->sequences));
  assert_equals_int64 (time, (gint64) sequence * 1000);
  found->sequences[found->n] = sequence;
  found->places[found->n++] = *place;
}

static OutboxJournal *
open_journal (const gchar *folder, Found *found)
{
  GError *error = NULL;
  OutboxJournal *journal;

  found->n = 0;
  journal = outbox_journal_open (folder, SEGMENT_SIZE, note, found, &error);
  fail_unless (journal != NULL, "%s", error != NULL ? error->message : "");
  return journal;
}

static void
append (OutboxJournal *journal, guint64 sequence)
{
  OutboxMessage message = { sequence, (gchar *) "topic", NULL,
    g_bytes_new_static ("payload", 7) };
  OutboxPlace place;

  fail_unless (outbox_journal_append (
      journal, &message, (gint64) sequence * 1000, &place, NULL));
  g_bytes_unref (message.payload);
}

/* a folder with five messages in one file */
static gchar *
make_folder (void)
{
  gchar *folder = testfolder_make ();
  Found found;
  OutboxJournal *journal = open_journal (folder, &found);
  guint64 i;

  for (i = 1; i <= N_MESSAGES; i++)
    append (journal, i);
  outbox_journal_close (journal);
  return folder;
}

static gchar *
file_path (const gchar *folder)
{
  return g_build_filename (folder, "00000000000000000001.messages", NULL);
}

/* wherever in a message the file is cut off, what is before that is there, and what is
 * written afterwards as well */
GST_START_TEST (test_a_torn_end)
{
  gchar *folder = make_folder ();
  gchar *path = file_path (folder);
  gchar *contents;
  gsize length, record, cut;

  fail_unless (g_file_get_contents (path, &contents, &length, NULL));
  record = length / N_MESSAGES;
  for (cut = length - record - 1; cut <= length; cut++) {
    gchar *other = testfolder_make ();
    gchar *other_path = file_path (other);
    OutboxJournal *journal;
    Found found;
    guint i;

    fail_unless (
        g_file_set_contents (other_path, contents, (gssize) cut, NULL));
    journal = open_journal (other, &found);
    assert_equals_int (found.n, cut / record);
    assert_equals_uint64 (
        outbox_journal_get_damaged_bytes (journal), cut % record);
    append (journal, outbox_journal_get_next_sequence (journal));
    outbox_journal_close (journal);

    journal = open_journal (other, &found);
    assert_equals_int (found.n, cut / record + 1);
    for (i = 0; i < found.n; i++) {
      OutboxMessage message;

      fail_unless (
          outbox_journal_read (journal, &found.places[i], &message, NULL));
      assert_equals_uint64 (message.sequence, found.sequences[i]);
      assert_equals_string (message.topic, "topic");
      assert_equals_int (g_bytes_get_size (message.payload), 7);
      outbox_message_clear (&message);
    }
    outbox_journal_close (journal);
    testfolder_remove (other);
    g_free (other_path);
    g_free (other);
  }
  g_free (contents);
  g_free (path);
  g_free (folder);
}
GST_END_TEST;

/* whichever byte is wrong, no message is made of it, and those before are there */
GST_START_TEST (test_a_wrong_byte)
{
  gchar *folder = make_folder ();
  gchar *path = file_path (folder);
  gchar *contents;
  gsize length, record, at;

  fail_unless (g_file_get_contents (path, &contents, &length, NULL));
  record = length / N_MESSAGES;
  for (at = 2 * record; at < 3 * record; at++) {
    OutboxJournal *journal;
    Found found;

    contents[at] ^= 0x41;
    fail_unless (g_file_set_contents (path, contents, (gssize) length, NULL));
    journal = open_journal (folder, &found);
    assert_equals_int (found.n, at / record);
    outbox_journal_close (journal);
    contents[at] ^= 0x41;
  }
  g_free (contents);
  g_free (path);
  g_free (folder);
}
GST_END_TEST;

/* a message that changes while it waits is not sent */
GST_START_TEST (test_a_change_under_way)
{
  gchar *folder = make_folder ();
  gchar *path = file_path (folder);
  gchar *contents;
  gsize length;
  Found found;
  OutboxJournal *journal = open_journal (folder, &found);
  OutboxMessage message;
  GError *error = NULL;

  fail_unless (g_file_get_contents (path, &contents, &length, NULL));
  contents[length - 1] ^= 1;
  fail_unless (g_file_set_contents (path, contents, (gssize) length, NULL));
  fail_if (outbox_journal_read (journal, &found.places[4], &message, &error));
  fail_unless (strstr (error->message, path) != NULL);
  g_clear_error (&error);
  g_unlink (path);
  outbox_journal_close (journal);
  g_free (contents);
  g_free (path);
  g_free (folder);
}
GST_END_TEST;

/* what is done does not come back; with a broken position it is sent again
 * rather than lost */
GST_START_TEST (test_the_position)
{
  gchar *folder = make_folder ();
  gchar *path = g_build_filename (folder, "position", NULL);
  Found found;
  OutboxJournal *journal = open_journal (folder, &found);

  outbox_journal_forget (journal, 3);
  outbox_journal_close (journal);
  journal = open_journal (folder, &found);
  assert_equals_int (found.n, 3);
  assert_equals_uint64 (found.sequences[0], 3);
  outbox_journal_close (journal);

  fail_unless (g_file_set_contents (path, "torn", 4, NULL));
  journal = open_journal (folder, &found);
  assert_equals_int (found.n, N_MESSAGES);
  outbox_journal_close (journal);
  g_free (path);
  g_free (folder);
}
GST_END_TEST;

/* with the power the files may be lost while the position is not: new messages
 * are numbered behind it */
GST_START_TEST (test_a_position_without_files)
{
  gchar *folder = make_folder ();
  gchar *path = file_path (folder);
  Found found;
  OutboxJournal *journal = open_journal (folder, &found);

  outbox_journal_forget (journal, 5);
  outbox_journal_close (journal);
  g_unlink (path);
  journal = open_journal (folder, &found);
  assert_equals_int (found.n, 0);
  fail_unless (outbox_journal_get_next_sequence (journal) >= 5);
  outbox_journal_close (journal);
  g_free (path);
  g_free (folder);
}
GST_END_TEST;

/* one folder is one queue's, in this process and in others; the end of the
 * process frees it */
GST_START_TEST (test_a_folder_is_locked)
{
  gchar *folder = testfolder_make ();
  GError *error = NULL;
  Found found;
  OutboxJournal *journal;
  gint status;
  pid_t child = fork ();

  if (child == 0) {
    journal = open_journal (folder, &found);
    append (journal, 1);
    /* as if it were killed */
    _exit (0);
  }
  waitpid (child, &status, 0);
  assert_equals_int (status, 0);
  journal = open_journal (folder, &found);
  assert_equals_int (found.n, 1);

  fail_unless (
      outbox_journal_open (folder, SEGMENT_SIZE, note, &found, &error) == NULL);
  fail_unless (strstr (error->message, "in use by process") != NULL);
  g_clear_error (&error);
  child = fork ();
  if (child == 0)
    _exit (
        outbox_journal_open (folder, SEGMENT_SIZE, note, &found, NULL) != NULL);
  waitpid (child, &status, 0);
  assert_equals_int (status, 0);
  outbox_journal_close (journal);
  g_free (folder);
}
GST_END_TEST;

/* what is no folder, and no file of ours */
GST_START_TEST (test_a_wrong_folder)
{
  gchar *folder = make_folder ();
  gchar *file = g_build_filename (folder, "7x.messages", NULL);
  gchar *inside = g_build_filename (file, "queue", NULL);
  GError *error = NULL;
  Found found;

  fail_unless (g_file_set_contents (file, "something else", -1, NULL));
  fail_unless (
      outbox_journal_open (inside, SEGMENT_SIZE, note, &found, &error) == NULL);
  fail_unless (strstr (error->message, inside) != NULL);
  g_clear_error (&error);
  outbox_journal_close (open_journal (folder, &found));
  assert_equals_int (found.n, N_MESSAGES);
  fail_unless (g_file_test (file, G_FILE_TEST_EXISTS));
  g_free (inside);
  g_free (file);
  g_free (folder);
}
GST_END_TEST;

/* only this user may read what cameras see */
GST_START_TEST (test_others_cannot_read)
{
  gchar *top = testfolder_make ();
  gchar *folder = g_build_filename (top, "a", "b", NULL);
  gchar *path = file_path (folder);
  Found found;
  OutboxJournal *journal = open_journal (folder, &found);
  GStatBuf info;

  append (journal, 1);
  fail_unless (g_stat (path, &info) == 0);
  assert_equals_int (info.st_mode & 0777, 0600);
  fail_unless (g_stat (folder, &info) == 0);
  assert_equals_int (info.st_mode & 0777, 0700);
  outbox_journal_close (journal);
  g_free (path);
  g_free (folder);
  g_free (top);
}
GST_END_TEST;

static Suite *
outbox_journal_suite (void)
{
  Suite *s = suite_create ("outbox-journal");
  TCase *tc = tcase_create ("general");

  suite_add_tcase (s, tc);
  testfolder_add (tc);
  tcase_add_test (tc, test_a_torn_end);
  tcase_add_test (tc, test_a_wrong_byte);
  tcase_add_test (tc, test_a_change_under_way);
  tcase_add_test (tc, test_the_position);
  tcase_add_test (tc, test_a_position_without_files);
  tcase_add_test (tc, test_a_folder_is_locked);
  tcase_add_test (tc, test_a_wrong_folder);
  tcase_add_test (tc, test_others_cannot_read);
  return s;
}

GST_CHECK_MAIN (outbox_journal);
