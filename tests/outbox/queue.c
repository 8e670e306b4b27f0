/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* The queue in memory and on disk keeps order and bounds, and counts what it
 * does not keep. */

#include <gst/check/gstcheck.h>

#include <glib/gstdio.h>
#include <stdlib.h>
#include <string.h>

#include "outbox/queue.h"
#include "testfolder.h"

static const OutboxLimits no_limits = { G_MAXUINT32, G_MAXINT64, 0 };

/* both kinds: 0 is in memory, 1 on disk */
static OutboxQueue *
new_queue (const OutboxLimits *limits, gint on_disk)
{
  gchar *folder = on_disk ? testfolder_make () : NULL;
  OutboxQueue *queue = outbox_queue_new (limits, folder, NULL);

  fail_unless (queue != NULL);
  g_free (folder);
  return queue;
}

static void
push (OutboxQueue *queue, guint number)
{
  gchar *text = g_strdup_printf ("%u", number);
  GBytes *payload = g_bytes_new_take (text, strlen (text));

  fail_unless (outbox_queue_push (
      queue, "topic", number % 2 ? "odd" : NULL, payload, NULL));
  g_bytes_unref (payload);
}

/* takes the next message, which has to be @number; returns its sequence */
static guint64
take (OutboxQueue *queue, guint number)
{
  OutboxMessage message;
  gchar *text;
  gsize size;
  gconstpointer data;

  fail_unless (outbox_queue_take (queue, &message), "%u is missing", number);
  data = g_bytes_get_data (message.payload, &size);
  text = g_strndup (data, size);
  assert_equals_int (atoi (text), number);
  assert_equals_string (message.topic, "topic");
  fail_unless (g_strcmp0 (message.key, number % 2 ? "odd" : NULL) == 0);
  g_free (text);
  outbox_message_clear (&message);
  return message.sequence;
}

static void
take_none (OutboxQueue *queue)
{
  OutboxMessage message;

  fail_if (outbox_queue_take (queue, &message));
}

static OutboxCounts
get_counts (OutboxQueue *queue)
{
  OutboxCounts counts;

  outbox_queue_get_counts (queue, &counts);
  return counts;
}

/* what goes in comes out in its order, and is gone once it is acknowledged */
GST_START_TEST (test_order)
{
  OutboxQueue *queue = new_queue (&no_limits, __i__);
  guint i;

  for (i = 0; i < 1000; i++)
    push (queue, i);
  for (i = 0; i < 1000; i++)
    outbox_queue_acknowledge (queue, take (queue, i));
  take_none (queue);
  assert_equals_uint64 (get_counts (queue).messages, 0);
  assert_equals_uint64 (get_counts (queue).bytes, 0);
  assert_equals_uint64 (get_counts (queue).acknowledged, 1000);
  outbox_queue_free (queue);
}
GST_END_TEST;

/* after a broken connection what is not acknowledged goes out again, in order,
 * whatever was acknowledged in between */
GST_START_TEST (test_what_is_out_is_taken_back)
{
  OutboxQueue *queue = new_queue (&no_limits, __i__);
  guint64 sequences[6];
  guint i;

  for (i = 0; i < 8; i++)
    push (queue, i);
  for (i = 0; i < 6; i++)
    sequences[i] = take (queue, i);
  outbox_queue_acknowledge (queue, sequences[0]);
  outbox_queue_acknowledge (queue, sequences[3]);
  outbox_queue_refuse (queue, sequences[4]);
  assert_equals_uint64 (get_counts (queue).out, 3);
  outbox_queue_take_back (queue);
  assert_equals_uint64 (get_counts (queue).out, 0);

  take (queue, 1);
  take (queue, 2);
  take (queue, 5);
  take (queue, 6);
  outbox_queue_return (queue, take (queue, 7));
  take (queue, 7);
  take_none (queue);
  /* also right after one came back at once */
  outbox_queue_take_back (queue);
  take (queue, 1);
  outbox_queue_return (queue, take (queue, 2));
  outbox_queue_take_back (queue);
  take (queue, 1);
  take (queue, 2);
  outbox_queue_free (queue);
}
GST_END_TEST;

/* an answer that comes twice, or late, counts once */
GST_START_TEST (test_an_answer_counts_once)
{
  OutboxQueue *queue = new_queue (&no_limits, __i__);
  guint64 early, late;

  push (queue, 0);
  push (queue, 1);
  early = take (queue, 0);
  late = take (queue, 1);
  outbox_queue_acknowledge (queue, late);
  outbox_queue_acknowledge (queue, late);
  outbox_queue_acknowledge (queue, early);
  outbox_queue_refuse (queue, early);
  outbox_queue_acknowledge (queue, 1234);
  assert_equals_uint64 (get_counts (queue).acknowledged, 2);
  assert_equals_uint64 (get_counts (queue).refused, 0);
  assert_equals_uint64 (get_counts (queue).messages, 0);
  outbox_queue_free (queue);
}
GST_END_TEST;

/* the oldest that waits makes room, never what is out */
GST_START_TEST (test_the_oldest_makes_room)
{
  const OutboxLimits limits = { 4, G_MAXINT64, 0 };
  OutboxQueue *queue = new_queue (&limits, __i__);
  guint64 out;
  guint i;

  push (queue, 0);
  out = take (queue, 0);
  for (i = 1; i < 10; i++)
    push (queue, i);
  assert_equals_uint64 (get_counts (queue).messages, 4);
  assert_equals_uint64 (get_counts (queue).dropped, 6);
  outbox_queue_take_back (queue);
  assert_equals_uint64 (take (queue, 0), out);
  for (i = 7; i < 10; i++)
    take (queue, i);
  /* where all is out, the newcomer is the one */
  push (queue, 10);
  assert_equals_uint64 (get_counts (queue).dropped, 7);
  take_none (queue);
  outbox_queue_free (queue);
}
GST_END_TEST;

/* bytes bound it as well; a message that is larger than all is dropped */
GST_START_TEST (test_bytes_are_bounded)
{
  const OutboxLimits limits = { G_MAXUINT32, 1000, 0 };
  OutboxQueue *queue = new_queue (&limits, __i__);
  GBytes *large = g_bytes_new_take (g_malloc0 (2000), 2000);
  guint i;

  for (i = 0; i < 100; i++)
    push (queue, i);
  fail_unless (get_counts (queue).bytes <= 1000);
  fail_unless (get_counts (queue).messages > 10);
  assert_equals_uint64 (
      get_counts (queue).messages + get_counts (queue).dropped, 100);
  outbox_queue_push (queue, "topic", NULL, large, NULL);
  assert_equals_uint64 (get_counts (queue).messages, 0);
  assert_equals_uint64 (get_counts (queue).bytes, 0);
  g_bytes_unref (large);
  outbox_queue_free (queue);
}
GST_END_TEST;

/* what is too old is not sent */
GST_START_TEST (test_old_messages_expire)
{
  const OutboxLimits limits = { G_MAXUINT32, G_MAXINT64, 1 };
  OutboxQueue *queue = new_queue (&limits, __i__);
  gint64 start = g_get_monotonic_time ();

  push (queue, 0);
  while (g_get_monotonic_time () < start + 1000)
    ;
  take_none (queue);
  assert_equals_uint64 (get_counts (queue).expired, 1);
  outbox_queue_free (queue);
}
GST_END_TEST;

/* who waits for the end is told, or let go */
GST_START_TEST (test_waiting_ends)
{
  OutboxQueue *queue = new_queue (&no_limits, __i__);

  fail_unless (outbox_queue_wait (queue, 0));
  push (queue, 0);
  fail_if (outbox_queue_wait (queue, 0));
  outbox_queue_set_flushing (queue, TRUE);
  fail_if (outbox_queue_wait (queue, G_MAXINT64));
  outbox_queue_set_flushing (queue, FALSE);
  outbox_queue_acknowledge (queue, take (queue, 0));
  fail_unless (outbox_queue_wait (queue, G_MAXINT64));
  outbox_queue_free (queue);
}
GST_END_TEST;

typedef struct {
  OutboxQueue *queue;
  guint n;
} Threads;

static gpointer
push_all (gpointer user_data)
{
  Threads *threads = user_data;
  guint i;

  for (i = 0; i < threads->n; i++)
    push (threads->queue, i);
  return NULL;
}

/* one thread pushes while another takes */
GST_START_TEST (test_threads)
{
  Threads threads = { new_queue (&no_limits, __i__), 5000 };
  GThread *thread = g_thread_new ("push", push_all, &threads);
  OutboxMessage message;
  guint n = 0;

  while (n < threads.n)
    if (outbox_queue_take (threads.queue, &message)) {
      outbox_queue_acknowledge (threads.queue, message.sequence);
      outbox_message_clear (&message);
      n++;
    }
  g_thread_join (thread);
  assert_equals_uint64 (get_counts (threads.queue).acknowledged, threads.n);
  outbox_queue_free (threads.queue);
}
GST_END_TEST;

/* on disk: what was not acknowledged is there again, also in the middle, and
 * more than memory keeps */
GST_START_TEST (test_a_restart_keeps_messages)
{
  gchar *folder = testfolder_make ();
  gchar *filler = g_strnfill (20000, 'x');
  OutboxQueue *queue = outbox_queue_new (&no_limits, folder, NULL);
  guint64 sequences[10];
  guint run, i;

  for (i = 0; i < 1000; i++) {
    gchar *text = g_strdup_printf ("%u %s", i, filler);
    GBytes *payload = g_bytes_new_take (text, strlen (text));

    fail_unless (outbox_queue_push (
        queue, "topic", i % 2 ? "odd" : NULL, payload, NULL));
    g_bytes_unref (payload);
  }
  for (i = 0; i < 10; i++)
    sequences[i] = take (queue, i);
  for (i = 0; i < 5; i++)
    outbox_queue_acknowledge (queue, sequences[i]);
  outbox_queue_free (queue);

  for (run = 0; run < 2; run++) {
    queue = outbox_queue_new (&no_limits, folder, NULL);
    assert_equals_uint64 (get_counts (queue).restored, 995);
    for (i = 5; i < 1000; i++)
      take (queue, i);
    take_none (queue);
    outbox_queue_free (queue);
  }
  g_free (filler);
  g_free (folder);
}
GST_END_TEST;

static guint
count_files (const gchar *folder)
{
  GDir *dir = g_dir_open (folder, 0, NULL);
  const gchar *name;
  guint n = 0;

  while ((name = g_dir_read_name (dir)) != NULL)
    n += g_str_has_suffix (name, ".messages");
  g_dir_close (dir);
  return n;
}

/* on disk: files go when what is in them is done, so that a queue that keeps up
 * takes one */
GST_START_TEST (test_files_go)
{
  const OutboxLimits limits = { G_MAXUINT32, 1024 * 1024, 0 };
  gchar *folder = testfolder_make ();
  OutboxQueue *queue = outbox_queue_new (&limits, folder, NULL);
  guint i;

  for (i = 0; i < 20000; i++) {
    push (queue, i);
    outbox_queue_acknowledge (queue, take (queue, i));
  }
  fail_unless (count_files (folder) <= 1);
  /* and while nobody takes, no more than the limit has room in */
  for (; i < 60000; i++)
    push (queue, i);
  fail_unless (get_counts (queue).dropped > 0);
  fail_unless (
      count_files (folder) <= 10, "there are %u files", count_files (folder));
  outbox_queue_free (queue);
  g_free (folder);
}
GST_END_TEST;

/* on disk: numbers go on where they were, so that nothing new counts as done */
GST_START_TEST (test_numbers_go_on)
{
  gchar *folder = testfolder_make ();
  guint64 last = 0;
  guint run;

  for (run = 0; run < 5; run++) {
    OutboxQueue *queue = outbox_queue_new (&no_limits, folder, NULL);
    guint64 sequence;

    assert_equals_uint64 (get_counts (queue).restored, 0);
    push (queue, run);
    sequence = take (queue, run);
    fail_unless (sequence > last);
    last = sequence;
    outbox_queue_acknowledge (queue, sequence);
    outbox_queue_free (queue);
  }
  g_free (folder);
}
GST_END_TEST;

/* a disk that takes nothing is told of, and the message waits in memory */
GST_START_TEST (test_a_broken_disk_loses_nothing)
{
  gchar *folder = testfolder_make ();
  OutboxQueue *queue = outbox_queue_new (&no_limits, folder, NULL);
  GBytes *payload = g_bytes_new_static ("0", 1);
  GError *error = NULL;

  testfolder_remove (folder);
  fail_if (outbox_queue_push (queue, "topic", NULL, payload, &error));
  fail_unless (strstr (error->message, folder) != NULL, "%s", error->message);
  assert_equals_uint64 (get_counts (queue).unsaved, 1);
  outbox_queue_acknowledge (queue, take (queue, 0));
  assert_equals_uint64 (get_counts (queue).acknowledged, 1);

  g_error_free (error);
  g_bytes_unref (payload);
  outbox_queue_free (queue);
  g_free (folder);
}
GST_END_TEST;

static Suite *
outbox_queue_suite (void)
{
  Suite *s = suite_create ("outbox-queue");
  TCase *tc = tcase_create ("general");

  suite_add_tcase (s, tc);
  testfolder_add (tc);
  tcase_add_loop_test (tc, test_order, 0, 2);
  tcase_add_loop_test (tc, test_what_is_out_is_taken_back, 0, 2);
  tcase_add_loop_test (tc, test_an_answer_counts_once, 0, 2);
  tcase_add_loop_test (tc, test_the_oldest_makes_room, 0, 2);
  tcase_add_loop_test (tc, test_bytes_are_bounded, 0, 2);
  tcase_add_loop_test (tc, test_old_messages_expire, 0, 2);
  tcase_add_loop_test (tc, test_waiting_ends, 0, 2);
  tcase_add_loop_test (tc, test_threads, 0, 2);
  tcase_add_test (tc, test_a_restart_keeps_messages);
  tcase_add_test (tc, test_files_go);
  tcase_add_test (tc, test_numbers_go_on);
  tcase_add_test (tc, test_a_broken_disk_loses_nothing);
  return s;
}

GST_CHECK_MAIN (outbox_queue);
