/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "mosquitto.h"

#include <mosquitto.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "testfolder.h"

/* longer than anything here takes, also on a busy machine */
#define PATIENCE_US (100 * G_USEC_PER_SEC)

struct _Listener {
  Mosquitto *broker;
  gchar *pattern;
  struct mosquitto *client;
  GThread *thread;
  gint stopping;

  GMutex lock;
  GCond changed;
  gboolean subscribed;
  GArray *heard;
  /* by topic, the number that comes next */
  GHashTable *next_numbers;
  guint n_numbers;
  gchar *disorder;
};

/* MOSQUITTO */

static gchar *
find_program (void)
{
  gchar *path = g_find_program_in_path ("mosquitto");

  /* not in everybody's path */
  return path != NULL ? path
         : g_file_test ("/usr/sbin/mosquitto", G_FILE_TEST_IS_EXECUTABLE)
             ? g_strdup ("/usr/sbin/mosquitto")
             : NULL;
}

gboolean
mosquitto_is_installed (void)
{
  gchar *path = find_program ();
  gboolean installed = path != NULL;

  g_free (path);
  if (!installed)
    g_print ("skipped: there is no mosquitto, the broker: install it\n");
  return installed;
}

static guint16
find_free_port (void)
{
  GSocketListener *listener = g_socket_listener_new ();
  guint16 port = g_socket_listener_add_any_inet_port (listener, NULL, NULL);

  fail_unless (port != 0);
  g_socket_listener_close (listener);
  g_object_unref (listener);
  return port;
}

/* @options: further lines of its configuration, without `listener`, in which
 * FOLDER is the broker's folder */
Mosquitto *
mosquitto_make (const gchar *options)
{
  return mosquitto_make_in_namespace (options, NULL, "127.0.0.1");
}

Mosquitto *
mosquitto_make_in_namespace (
    const gchar *options, const gchar *namespace, const gchar *address)
{
  Mosquitto *self = g_new0 (Mosquitto, 1);
  g_auto (GStrv) parts = g_strsplit (options, "FOLDER", -1);

  self->folder = testfolder_make ();
  self->namespace = namespace;
  self->address = address;
  self->port = find_free_port ();
  self->options = g_strjoinv (self->folder, parts);
  mosquitto_start (self);
  return self;
}

/* returns when it listens */
void
mosquitto_start (Mosquitto *self)
{
  gchar *program = find_program ();
  gchar *path = g_build_filename (self->folder, "mosquitto.conf", NULL);
  /* what a client has not taken yet survives a restart of the broker */
  gchar *text = g_strdup_printf ("listener %u %s\n"
                                 "user root\n"
                                 "persistence true\n"
                                 "persistence_location %s/\n"
                                 "max_queued_messages 1000000\n"
                                 "set_tcp_nodelay true\n"
                                 "log_dest stderr\n"
                                 "log_type information\n"
                                 "log_type warning\n"
                                 "log_type error\n"
                                 "log_type notice\n"
                                 "%s\n",
      self->port, self->address, self->folder, self->options);
  const gchar *argv[8] = { "ip", "netns", "exec", self->namespace };
  guint n = self->namespace != NULL ? 4 : 0;
  GDataInputStream *output;
  gchar *line;

  fail_unless (g_file_set_contents (path, text, -1, NULL));
  argv[n++] = program;
  argv[n++] = "-c";
  argv[n++] = path;
  self->process = g_subprocess_newv (argv,
      G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_MERGE, NULL);
  fail_unless (self->process != NULL);
  output =
      g_data_input_stream_new (g_subprocess_get_stdout_pipe (self->process));
  do {
    line = g_data_input_stream_read_line (output, NULL, NULL, NULL);
    fail_unless (line != NULL, "mosquitto ended");
    GST_DEBUG ("mosquitto: %s", line);
    fail_if (strstr (line, "rror") != NULL, "%s", line);
    fail_unless (self->process != NULL);
    if (strstr (line, " running") != NULL) {
      g_free (line);
      break;
    }
    g_free (line);
  } while (TRUE);
  /* it blocks when nobody reads: what it says from here on is not of interest */
  g_filter_input_stream_set_close_base_stream (
      G_FILTER_INPUT_STREAM (output), TRUE);
  g_object_unref (output);
  g_free (text);
  g_free (path);
  g_free (program);
}

void
mosquitto_stop (Mosquitto *self, gint signal)
{
  g_subprocess_send_signal (self->process, signal);
  fail_unless (g_subprocess_wait (self->process, NULL, NULL));
  g_clear_object (&self->process);
}

/* throws the client of this name out, as the next one of its name does */
void
mosquitto_kick (Mosquitto *self, const gchar *client_id)
{
  struct mosquitto *client = mosquitto_new (client_id, FALSE, NULL);

  assert_equals_int (
      mosquitto_connect (client, self->address, self->port, 60), 0);
  fail_unless (mosquitto_loop (client, 10000, 1) == 0);
  mosquitto_destroy (client);
}

void
mosquitto_remove (Mosquitto *self)
{
  if (self->process != NULL)
    mosquitto_stop (self, SIGKILL);
  g_free (self->folder);
  g_free (self->options);
  g_free (self);
}

/* LISTENER */

static void
on_connect (struct mosquitto *client, void *user_data, int code)
{
  Listener *self = user_data;

  if (code == 0)
    mosquitto_subscribe (client, NULL, self->pattern, 2);
}

static void
on_subscribe (struct mosquitto *client, void *user_data, int mid, int n_qos,
    const int *qos)
{
  Listener *self = user_data;

  g_mutex_lock (&self->lock);
  self->subscribed = TRUE;
  g_cond_broadcast (&self->changed);
  g_mutex_unlock (&self->lock);
}

/* each topic has numbers, from 0; each comes for the first time in its order */
static void
note_number (Listener *self, const Heard *heard)
{
  guint expected =
      GPOINTER_TO_UINT (g_hash_table_lookup (self->next_numbers, heard->topic));
  guint number = (guint) atoi (heard->payload);

  if (number > expected && self->disorder == NULL)
    self->disorder = g_strdup_printf (
        "%s: %u came before %u", heard->topic, number, expected);
  if (number != expected)
    return;
  g_hash_table_insert (self->next_numbers, g_strdup (heard->topic),
      GUINT_TO_POINTER (expected + 1));
  self->n_numbers++;
}

static void
on_message (struct mosquitto *client, void *user_data,
    const struct mosquitto_message *message)
{
  Listener *self = user_data;
  Heard heard = {
    .topic = g_strdup (message->topic),
    .payload = g_strndup (message->payload, (gsize) message->payloadlen),
    .retained = message->retain,
  };

  g_mutex_lock (&self->lock);
  g_array_append_val (self->heard, heard);
  note_number (self, &heard);
  g_cond_broadcast (&self->changed);
  g_mutex_unlock (&self->lock);
}

static gpointer
listen (gpointer user_data)
{
  Listener *self = user_data;

  while (!g_atomic_int_get (&self->stopping)) {
    if (mosquitto_loop (self->client, 50, 100) != MOSQ_ERR_SUCCESS) {
      /* until it is there again */
      g_usleep (10 * 1000);
      mosquitto_reconnect (self->client);
    }
  }
  return NULL;
}

static void
heard_clear (gpointer data)
{
  Heard *heard = data;

  g_free (heard->topic);
  g_free (heard->payload);
}

/* returns when the broker knows of it; it hears what came while it, or the
 * broker, was away, too */
Listener *
listener_new (Mosquitto *broker, const gchar *pattern)
{
  Listener *self = g_new0 (Listener, 1);

  mosquitto_lib_init ();
  self->broker = broker;
  self->pattern = g_strdup (pattern);
  self->heard = g_array_new (FALSE, FALSE, sizeof (Heard));
  g_array_set_clear_func (self->heard, heard_clear);
  self->next_numbers =
      g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_mutex_init (&self->lock);
  g_cond_init (&self->changed);
  self->client = mosquitto_new ("listener", FALSE, self);
  mosquitto_connect_callback_set (self->client, on_connect);
  mosquitto_subscribe_callback_set (self->client, on_subscribe);
  mosquitto_message_callback_set (self->client, on_message);
  assert_equals_int (
      mosquitto_connect (self->client, broker->address, broker->port, 60), 0);
  self->thread = g_thread_new ("listener", listen, self);

  g_mutex_lock (&self->lock);
  while (!self->subscribed)
    g_cond_wait (&self->changed, &self->lock);
  g_mutex_unlock (&self->lock);
  return self;
}

void
listener_free (Listener *self)
{
  g_atomic_int_set (&self->stopping, TRUE);
  g_thread_join (self->thread);
  mosquitto_destroy (self->client);
  g_array_unref (self->heard);
  g_hash_table_unref (self->next_numbers);
  g_free (self->disorder);
  g_free (self->pattern);
  g_mutex_clear (&self->lock);
  g_cond_clear (&self->changed);
  g_free (self);
}

static void
wait_for (Listener *self, const guint *count, guint n)
{
  gint64 end_time = g_get_monotonic_time () + PATIENCE_US;
  gboolean in_time = TRUE;

  g_mutex_lock (&self->lock);
  while (*count < n && in_time)
    in_time = g_cond_wait_until (&self->changed, &self->lock, end_time);
  fail_unless (*count >= n, "only %u of %u messages have come", *count, n);
  g_mutex_unlock (&self->lock);
}

/* until it has heard @n messages */
void
listener_wait (Listener *self, guint n)
{
  wait_for (self, &self->heard->len, n);
}

/* Until it has heard @n different ones. In each topic they are the numbers from
 * 0, and each has to come for the first time in its order. */
void
listener_wait_for_numbers (Listener *self, guint n)
{
  wait_for (self, &self->n_numbers, n);
  fail_unless (self->disorder == NULL, "%s", self->disorder);
}

/* only when nothing comes any more */
const Heard *
listener_get (Listener *self, guint i)
{
  return &g_array_index (self->heard, Heard, i);
}

/* how many have come more than once */
guint
listener_get_repetitions (Listener *self)
{
  guint n;

  g_mutex_lock (&self->lock);
  n = self->heard->len - self->n_numbers;
  g_mutex_unlock (&self->lock);
  return n;
}
