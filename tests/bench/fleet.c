/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Many cameras, each with a connection of its own, send lines to one mosquitto on
 * this machine, and one client hears them all. Prints how many came, how late,
 * and what the broker took of a processor.
 *
 * usage: bench-fleet [CAMERAS [LINES-PER-SECOND [SECONDS]]] */

#include <gio/gio.h>
#include <glib/gstdio.h>

#include <mosquitto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "outbox/outbox.h"

/* about a line of yolov5json with three detections */
#define LINE_SIZE 400
#define PATIENCE_US (60 * G_USEC_PER_SEC)

typedef struct {
  gint stopping;
  gint n_heard;
  /* microseconds, of each line */
  GArray *delays;
} Listener;

static gint n_warnings;

static void
on_warning (const gchar *text, gpointer user_data)
{
  if (g_atomic_int_add (&n_warnings, 1) == 0)
    fprintf (stderr, "%s\n", text);
}

static void
on_log (const gchar *text, gpointer user_data)
{
}

static guint16
find_free_port (void)
{
  g_autoptr (GSocketListener) listener = g_socket_listener_new ();
  guint16 port = g_socket_listener_add_any_inet_port (listener, NULL, NULL);

  g_socket_listener_close (listener);
  return port;
}

/* with connections for all, which is more than systems give by default */
static void
allow_many_files (void)
{
  struct rlimit limit;

  getrlimit (RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit (RLIMIT_NOFILE, &limit);
}

static GSubprocess *
start_broker (const gchar *folder, guint16 port)
{
  g_autofree gchar *path = g_build_filename (folder, "mosquitto.conf", NULL);
  g_autofree gchar *text = g_strdup_printf (
      "listener %u 127.0.0.1\nallow_anonymous true\nset_tcp_nodelay true\n"
      "max_queued_messages 1000000\nmax_inflight_messages 1000\n"
      "log_dest stderr\n"
      "connection_messages false\n",
      port);
  g_autofree gchar *program = g_find_program_in_path ("mosquitto");
  g_autoptr (GDataInputStream) output = NULL;
  GSubprocess *process;

  if (program == NULL)
    program = g_strdup ("/usr/sbin/mosquitto");
  g_file_set_contents (path, text, -1, NULL);
  process = g_subprocess_new (
      G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_MERGE, NULL,
      program, "-c", path, NULL);
  if (process == NULL)
    return NULL;
  output = g_data_input_stream_new (g_subprocess_get_stdout_pipe (process));
  while (TRUE) {
    g_autofree gchar *line =
        g_data_input_stream_read_line (output, NULL, NULL, NULL);

    if (line == NULL)
      return NULL;
    if (strstr (line, " running") != NULL)
      return process;
  }
}

/* seconds of a processor that a process has taken */
static gdouble
get_processor_time (GSubprocess *process)
{
  g_autofree gchar *path =
      g_strdup_printf ("/proc/%s/stat", g_subprocess_get_identifier (process));
  g_autofree gchar *text = NULL;
  unsigned long user = 0, system_time = 0;

  if (g_file_get_contents (path, &text, NULL, NULL))
    sscanf (strrchr (text, ')') + 2,
        "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user,
        &system_time);
  return (gdouble) (user + system_time) / (gdouble) sysconf (_SC_CLK_TCK);
}

static void
on_message (struct mosquitto *client, void *user_data,
    const struct mosquitto_message *message)
{
  Listener *self = user_data;
  gint64 delay =
      g_get_monotonic_time () - g_ascii_strtoll (message->payload, NULL, 10);

  g_array_append_val (self->delays, delay);
  g_atomic_int_inc (&self->n_heard);
}

static gpointer
listen (gpointer user_data)
{
  struct mosquitto *client = user_data;
  Listener *self = mosquitto_userdata (client);

  while (!g_atomic_int_get (&self->stopping)
         && mosquitto_loop (client, 50, 1000) == MOSQ_ERR_SUCCESS)
    ;
  return NULL;
}

static gint
compare_delays (gconstpointer a, gconstpointer b)
{
  const gint64 *left = a, *right = b;

  return (*left > *right) - (*left < *right);
}

static gdouble
get_delay (GArray *delays, gdouble part)
{
  guint i = (guint) (part * (delays->len - 1));

  return (gdouble) g_array_index (delays, gint64, i) / 1000;
}

static void
push_line (Outbox *outbox, guint camera)
{
  g_autofree gchar *topic = g_strdup_printf ("cameras/%u", camera);
  gchar *line = g_malloc (LINE_SIZE);
  g_autoptr (GBytes) payload = g_bytes_new_take (line, LINE_SIZE);
  gint n = g_snprintf (
      line, LINE_SIZE, "%" G_GINT64_FORMAT " ", g_get_monotonic_time ());

  memset (line + n, 'x', (gsize) (LINE_SIZE - n));
  outbox_push (outbox, topic, NULL, payload);
}

/* one after another, evenly over the time */
static void
push_lines (Outbox **outboxes, guint n_cameras, guint rate, guint seconds)
{
  gint64 start = g_get_monotonic_time ();
  guint64 n = (guint64) n_cameras * rate * seconds, i;

  for (i = 0; i < n; i++) {
    gint64 due = start + (gint64) (i * G_USEC_PER_SEC / (n_cameras * rate));
    gint64 now = g_get_monotonic_time ();

    if (now < due)
      g_usleep ((gulong) (due - now));
    push_line (outboxes[i % n_cameras], (guint) (i % n_cameras));
  }
}

static Outbox **
connect_cameras (guint n, guint16 port)
{
  static const OutboxListener listener = { on_warning, on_log };
  g_autofree gchar *url = g_strdup_printf ("mqtt://127.0.0.1:%u/t", port);
  g_autoptr (OutboxAddress) address = outbox_address_parse (url, NULL);
  OutboxSettings settings = {
    .address = address,
    .limits = { 100000, G_MAXINT64, 0 },
    .response_timeout = PATIENCE_US,
    .qos = 1,
  };
  Outbox **outboxes = g_new0 (Outbox *, n);
  OutboxState state;
  guint i;

  for (i = 0; i < n; i++)
    outboxes[i] = outbox_new (&settings, &listener, NULL, NULL);
  for (i = 0; i < n; i++)
    do {
      g_usleep (1000);
      outbox_get_state (outboxes[i], &state);
    } while (!state.connected);
  return outboxes;
}

static void
measure (GSubprocess *broker, guint16 port, guint n_cameras, guint rate,
    guint seconds)
{
  Listener listener = { 0, 0, g_array_new (FALSE, FALSE, sizeof (gint64)) };
  struct mosquitto *client = mosquitto_new ("listener", TRUE, &listener);
  gint n = (gint) (n_cameras * rate * seconds);
  Outbox **outboxes;
  GThread *thread;
  gint64 start, end;
  gdouble processor;
  guint i;

  mosquitto_message_callback_set (client, on_message);
  mosquitto_connect (client, "127.0.0.1", port, 60);
  mosquitto_subscribe (client, NULL, "cameras/#", 1);
  thread = g_thread_new ("listener", listen, client);
  outboxes = connect_cameras (n_cameras, port);

  processor = get_processor_time (broker);
  start = g_get_monotonic_time ();
  push_lines (outboxes, n_cameras, rate, seconds);
  end = g_get_monotonic_time () + PATIENCE_US;
  while (
      g_atomic_int_get (&listener.n_heard) < n && g_get_monotonic_time () < end)
    g_usleep (1000);
  end = g_get_monotonic_time ();
  processor = get_processor_time (broker) - processor;
  for (i = 0; i < n_cameras; i++)
    outbox_free (outboxes[i]);
  g_atomic_int_set (&listener.stopping, TRUE);
  g_thread_join (thread);
  g_array_sort (listener.delays, compare_delays);

  printf ("%u cameras, %u lines/s each, %u bytes, QoS 1, %u s\n", n_cameras,
      rate, LINE_SIZE, seconds);
  printf ("  pushed  %d\n  heard   %u in %.1f s\n", n, listener.delays->len,
      (gdouble) (end - start) / G_USEC_PER_SEC);
  if (listener.delays->len > 0)
    printf ("  delay   median %.1f ms, 99 %% %.1f ms, worst %.1f ms\n",
        get_delay (listener.delays, 0.5), get_delay (listener.delays, 0.99),
        get_delay (listener.delays, 1));
  printf ("  broker  %.0f %% of a processor\n",
      100 * processor * G_USEC_PER_SEC / (gdouble) (end - start));
  g_array_unref (listener.delays);
  g_free (outboxes);
  mosquitto_destroy (client);
}

static guint
get_number (int argc, char **argv, int i, guint value)
{
  guint64 number = value;

  if (argc > i
      && !g_ascii_string_to_unsigned (argv[i], 10, 1, 10000, &number, NULL)) {
    fprintf (stderr, "\"%s\" is not a number from 1 to 10000\n", argv[i]);
    exit (2);
  }
  return (guint) number;
}

int
main (int argc, char **argv)
{
  guint n_cameras = get_number (argc, argv, 1, 1000);
  guint rate = get_number (argc, argv, 2, 10);
  guint seconds = get_number (argc, argv, 3, 10);
  g_autofree gchar *folder = g_dir_make_tmp ("fleet-XXXXXX", NULL);
  guint16 port = find_free_port ();
  g_autofree gchar *file = g_build_filename (folder, "mosquitto.conf", NULL);
  GSubprocess *broker;

  allow_many_files ();
  mosquitto_lib_init ();
  broker = start_broker (folder, port);
  if (broker == NULL) {
    fprintf (stderr, "There is no mosquitto to send to: install it\n");
    return 1;
  }
  measure (broker, port, n_cameras, rate, seconds);
  g_subprocess_force_exit (broker);
  g_subprocess_wait (broker, NULL, NULL);
  g_object_unref (broker);
  g_unlink (file);
  g_rmdir (folder);
  return 0;
}
