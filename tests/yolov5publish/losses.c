/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Brokers, networks and programs go away and come back, and every line arrives,
 * in its order. */

#include "mosquitto.h"
#include "publisher.h"
#include "testfolder.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define N_CAMERAS 4
#define N_LINES 25000

typedef struct {
  Publisher *publisher;
  guint n;
} Camera;

static gpointer
push_lines (gpointer user_data)
{
  Camera *camera = user_data;

  publisher_push_numbers (camera->publisher, 0, camera->n);
  publisher_end (camera->publisher);
  return NULL;
}

/* 100,000 lines of four cameras, the broker stopped and started thrice */
GST_START_TEST (test_a_broker_comes_and_goes)
{
  Mosquitto *broker = mosquitto_make ("allow_anonymous true");
  Listener *listener = listener_new (broker, "#");
  Camera cameras[N_CAMERAS];
  GThread *threads[N_CAMERAS];
  guint i;

  for (i = 0; i < N_CAMERAS; i++) {
    cameras[i].publisher =
        publisher_new ("url=mqtt://127.0.0.1:%u/{camera} camera=camera%u "
                       "eos-timeout=100000000000",
            broker->port, i);
    cameras[i].n = N_LINES;
    threads[i] = g_thread_new ("camera", push_lines, &cameras[i]);
  }
  for (i = 0; i < 3; i++) {
    listener_wait_for_numbers (listener, (i + 1) * N_CAMERAS * N_LINES / 4);
    mosquitto_stop (broker, SIGTERM);
    mosquitto_start (broker);
  }
  for (i = 0; i < N_CAMERAS; i++) {
    g_thread_join (threads[i]);
    assert_equals_uint64 (
        publisher_get_stat (cameras[i].publisher, "sent"), N_LINES);
    fail_unless (publisher_get_stat (cameras[i].publisher, "connections") > 1);
    publisher_free (cameras[i].publisher);
  }
  listener_wait_for_numbers (listener, N_CAMERAS * N_LINES);
  listener_free (listener);
  mosquitto_remove (broker);
}
GST_END_TEST;

/* with QoS 2 and a name, each arrives once, however often the connection breaks */
GST_START_TEST (test_each_line_once)
{
  Mosquitto *broker = mosquitto_make ("allow_anonymous true");
  Listener *listener = listener_new (broker, "#");
  Camera camera = { NULL, 5000 };
  GThread *thread;
  guint i;

  camera.publisher = publisher_new (
      "url=mqtt://127.0.0.1:%u/t qos=2 client-id=door eos-timeout=100000000000",
      broker->port);
  thread = g_thread_new ("camera", push_lines, &camera);
  for (i = 0; i < 4; i++) {
    listener_wait_for_numbers (listener, (i + 1) * 1000);
    mosquitto_kick (broker, "door");
  }
  g_thread_join (thread);
  listener_wait_for_numbers (listener, 5000);
  fail_unless (publisher_get_stat (camera.publisher, "connections") > 1);
  assert_equals_int (listener_get_repetitions (listener), 0);
  publisher_free (camera.publisher);
  listener_free (listener);
  mosquitto_remove (broker);
}
GST_END_TEST;

/* PROGRAM */

typedef struct {
  GSubprocess *process;
  GDataInputStream *output;
  gint last;
} Program;

static void
program_start (Program *self, const gchar *properties, gint first, gint last)
{
  gchar *from = g_strdup_printf ("%d", first);
  gchar *to = g_strdup_printf ("%d", last);

  self->process = g_subprocess_new (G_SUBPROCESS_FLAGS_STDOUT_PIPE, NULL,
      g_getenv ("TEST_PUBLISH_NUMBERS"), properties, from, to, NULL);
  fail_unless (self->process != NULL);
  self->output =
      g_data_input_stream_new (g_subprocess_get_stdout_pipe (self->process));
  self->last = first - 1;
  g_free (from);
  g_free (to);
}

/* reads on until it has said @number, -1 for its end */
static void
program_wait (Program *self, gint number)
{
  gchar *line;

  while ((line = g_data_input_stream_read_line (self->output, NULL, NULL, NULL))
         != NULL) {
    gboolean ended = strcmp (line, "end") == 0;

    if (!ended)
      self->last = atoi (line);
    g_free (line);
    if (ended || self->last == number)
      return;
  }
  ck_abort_msg ("the program ended at %d", self->last);
}

static void
program_kill (Program *self)
{
  gchar *line;

  g_subprocess_force_exit (self->process);
  while ((line = g_data_input_stream_read_line (self->output, NULL, NULL, NULL))
         != NULL) {
    self->last = MAX (self->last, atoi (line));
    g_free (line);
  }
  g_subprocess_wait (self->process, NULL, NULL);
  g_clear_object (&self->output);
  g_clear_object (&self->process);
}

/* killed without a broker, then while it sends: what had been pushed is sent by
 * the next run, before what is new */
GST_START_TEST (test_a_program_is_killed)
{
  Mosquitto *broker = mosquitto_make ("allow_anonymous true");
  Listener *listener = listener_new (broker, "#");
  gchar *folder = testfolder_make ();
  gchar *properties = g_strdup_printf (
      "url=mqtt://127.0.0.1:%u/t queue-directory=%s eos-timeout=100000000000",
      broker->port, folder);
  Program program;

  mosquitto_stop (broker, SIGTERM);
  program_start (&program, properties, 0, 10000);
  program_wait (&program, 2999);
  program_kill (&program);

  mosquitto_start (broker);
  program_start (&program, properties, program.last + 1, 20000);
  listener_wait_for_numbers (listener, 4000);
  program_kill (&program);

  program_start (&program, properties, program.last + 1, 20000);
  program_wait (&program, -1);
  listener_wait_for_numbers (listener, 20001);
  program_kill (&program);
  g_free (properties);
  g_free (folder);
  listener_free (listener);
  mosquitto_remove (broker);
}
GST_END_TEST;

/* NETWORK */

#define NAMESPACE "yolov5-test"
#define INTERFACE "yolov5-test0"
#define BROKER_ADDRESS "10.213.77.2"

/* Returns: whether it went well */
static gboolean
ip (const gchar *arguments)
{
  gchar *command = g_strconcat ("ip ", arguments, NULL);
  gint status;
  gboolean well = g_spawn_command_line_sync (command, NULL, NULL, &status, NULL)
                  && status == 0;

  g_free (command);
  return well;
}

/* a machine of its own behind a cable of its own */
static void
make_network (void)
{
  ip ("netns delete " NAMESPACE);
  ip ("link delete " INTERFACE);
  fail_unless (ip ("netns add " NAMESPACE));
  fail_unless (
      ip ("link add " INTERFACE " type veth peer name peer netns " NAMESPACE));
  fail_unless (ip ("address add 10.213.77.1/30 dev " INTERFACE));
  fail_unless (ip ("link set " INTERFACE " up"));
  fail_unless (
      ip ("-n " NAMESPACE " address add " BROKER_ADDRESS "/30 dev peer"));
  fail_unless (ip ("-n " NAMESPACE " link set peer up"));
  fail_unless (ip ("-n " NAMESPACE " link set lo up"));
}

static void
remove_network (void)
{
  ip ("link delete " INTERFACE);
  ip ("netns delete " NAMESPACE);
}

static gboolean
can_make_networks (void)
{
  /* within a folder that is no mount they are made, but not entered */
  gboolean can = getuid () == 0 && ip ("netns add " NAMESPACE "-try")
                 && ip ("-n " NAMESPACE "-try link set lo up");

  ip ("netns delete " NAMESPACE "-try");
  if (!can)
    g_print (
        "skipped: cables are not cut, as network namespaces cannot be made "
        "here (that takes root and ip, of iproute2)\n");
  return can;
}

/* the cable is pulled, which tells nobody, and plugged in again */
GST_START_TEST (test_a_network_is_cut)
{
  Mosquitto *broker = mosquitto_make_in_namespace (
      "allow_anonymous true", NAMESPACE, BROKER_ADDRESS);
  Listener *listener = listener_new (broker, "#");
  Publisher *publisher =
      publisher_new ("url=mqtt://" BROKER_ADDRESS ":%u/t "
                     "response-timeout=500000000 eos-timeout=100000000000",
          broker->port);
  guint cut;

  for (cut = 0; cut < 3; cut++) {
    publisher_push_numbers (publisher, cut * 2000, 1000);
    listener_wait_for_numbers (listener, cut * 2000 + 500);
    fail_unless (ip ("link set " INTERFACE " down"));
    publisher_push_numbers (publisher, cut * 2000 + 1000, 1000);
    g_free (publisher_wait_for_message (publisher, GST_MESSAGE_WARNING));
    fail_unless (ip ("link set " INTERFACE " up"));
    listener_wait_for_numbers (listener, cut * 2000 + 2000);
  }
  publisher_end (publisher);
  assert_equals_uint64 (publisher_get_stat (publisher, "sent"), 6000);
  publisher_free (publisher);
  listener_free (listener);
  mosquitto_remove (broker);
}
GST_END_TEST;

static Suite *
yolov5publish_losses_suite (void)
{
  Suite *s = suite_create ("yolov5publish-losses");
  TCase *tc = tcase_create ("broker");
  TCase *network = tcase_create ("network");

  suite_add_tcase (s, tc);
  if (!mosquitto_is_installed ())
    return s;
  testfolder_add (tc);
  tcase_add_test (tc, test_a_broker_comes_and_goes);
  tcase_add_test (tc, test_each_line_once);
  tcase_add_test (tc, test_a_program_is_killed);
  if (can_make_networks ()) {
    suite_add_tcase (s, network);
    testfolder_add (network);
    tcase_add_unchecked_fixture (network, make_network, remove_network);
    tcase_add_test (network, test_a_network_is_cut);
  }
  return s;
}

GST_CHECK_MAIN (yolov5publish_losses);
