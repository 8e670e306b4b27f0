/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* TLS, users and passwords. The certificates are made for the test. */

#include "mosquitto.h"
#include "publisher.h"
#include "testfolder.h"

#include <glib/gstdio.h>
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mount.h>

#define PASSWORD "Xy7_unguessable"
#define USER "camera"

static gchar *folder;

/* in the test's folder */
static void
run (const gchar *command)
{
  const gchar *argv[] = { "sh", "-ec", command, NULL };
  gchar *errors;
  gint status;

  fail_unless (g_spawn_sync (folder, (gchar **) argv, NULL,
      G_SPAWN_SEARCH_PATH | G_SPAWN_STDOUT_TO_DEV_NULL, NULL, NULL, NULL,
      &errors, &status, NULL));
  fail_unless (status == 0, "%s: %s", command, errors);
  g_free (errors);
}

static void
set_up (void)
{
  folder = testfolder_make ();
}

static void
make_certificates (void)
{
  run (
      "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=ours"
      "  -keyout ca.key -out ca.pem;"
      "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=theirs"
      "  -keyout other.key -out other.pem;"
      "for name in broker client; do"
      "  openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=$name"
      "    -keyout $name.key -out $name.csr;"
      "  echo subjectAltName=DNS:localhost >$name.ext;"
      "  openssl x509 -req -in $name.csr -CA ca.pem -CAkey ca.key -days 2"
      "    -set_serial 1 -extfile $name.ext -out $name.pem; done");
}

static void
tear_down (void)
{
  g_clear_pointer (&folder, g_free);
}

static Mosquitto *
make_tls_broker (const gchar *more)
{
  gchar *options = g_strdup_printf ("allow_anonymous true\n"
                                    "cafile %s/ca.pem\n"
                                    "certfile %s/broker.pem\n"
                                    "keyfile %s/broker.key\n%s",
      folder, folder, folder, more);
  Mosquitto *broker;

  make_certificates ();
  broker = mosquitto_make (options);
  g_free (options);
  return broker;
}

/* with whom it trusts, under the name that it has, and who it has to be */
static const struct {
  const gchar *host;
  const gchar *broker_options;
  const gchar *properties;
  gboolean works;
} encryptions[] = {
  { "localhost", "", "ca-file=%s/ca.pem", TRUE },
  { "localhost", "", "ca-file=%s/other.pem", FALSE },
  { "localhost", "", "", FALSE },
  { "127.0.0.1", "", "ca-file=%s/ca.pem", FALSE },
  { "localhost", "require_certificate true", "ca-file=%s/ca.pem", FALSE },
  { "localhost", "require_certificate true",
      "ca-file=%s/ca.pem certificate-file=%s/client.pem key-file=%s/client.key",
      TRUE },
};

GST_START_TEST (test_encryption)
{
  Mosquitto *broker = make_tls_broker (encryptions[__i__].broker_options);
  g_auto (GStrv) parts = g_strsplit (encryptions[__i__].properties, "%s", -1);
  g_autofree gchar *properties = g_strjoinv (folder, parts);
  Publisher *publisher;

  publisher = publisher_new ("url=mqtts://%s:%u/t eos-timeout=%s %s",
      encryptions[__i__].host, broker->port,
      encryptions[__i__].works ? "100000000000" : "0", properties);
  if (!encryptions[__i__].works) {
    gchar *text = publisher_wait_for_message (publisher, GST_MESSAGE_WARNING);

    fail_unless (strstr (text, "No connection to") != NULL, "%s", text);
    g_free (text);
  }
  publisher_push_numbers (publisher, 0, 100);
  publisher_end (publisher);
  assert_equals_uint64 (publisher_get_stat (publisher, "sent"),
      encryptions[__i__].works ? 100 : 0);
  publisher_free (publisher);
  mosquitto_remove (broker);
}
GST_END_TEST;

/* for this thread and those that it starts; where that cannot be had, the machine's
 * own file may have both */
static void
give_localhost_two_addresses (void)
{
  gchar *hosts = g_build_filename (folder, "hosts", NULL);

  fail_unless (g_file_set_contents (
      hosts, "::1 localhost\n127.0.0.1 localhost\n", -1, NULL));
  if (unshare (CLONE_NEWNS) != 0
      || mount ("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0
      || mount (hosts, "/etc/hosts", NULL, MS_BIND, NULL) != 0)
    g_print ("localhost has the addresses that it has, as /etc/hosts cannot be "
             "covered here: %s\n",
        g_strerror (errno));
  g_free (hosts);
}

/* a broker that listens at one of the addresses that its name has is found, and soon:
 * what is refused there says so */
GST_START_TEST (test_a_name_with_two_addresses)
{
  gboolean is_encrypted = __i__;
  Mosquitto *broker = is_encrypted ? make_tls_broker ("")
                                   : mosquitto_make ("allow_anonymous true");
  Publisher *publisher;

  give_localhost_two_addresses ();
  if (is_encrypted)
    publisher = publisher_new (
        "url=mqtts://localhost:%u/t ca-file=%s/ca.pem eos-timeout=100000000000 "
        "response-timeout=1000000000000",
        broker->port, folder);
  else
    publisher =
        publisher_new ("url=mqtt://localhost:%u/t eos-timeout=100000000000 "
                       "response-timeout=1000000000000",
            broker->port);
  publisher_push_numbers (publisher, 0, 100);
  publisher_end (publisher);
  assert_equals_uint64 (publisher_get_stat (publisher, "sent"), 100);
  publisher_free (publisher);
  mosquitto_remove (broker);
}
GST_END_TEST;

static Mosquitto *
make_broker_with_users (void)
{
  gchar *options = g_strdup_printf ("allow_anonymous false\n"
                                    "password_file %s/users\n"
                                    "acl_file %s/rights\n",
      folder, folder);
  gchar *rights = g_build_filename (folder, "rights", NULL);
  gchar *password = g_build_filename (folder, "password", NULL);
  Mosquitto *broker;

  fail_unless (g_file_set_contents (
      rights, "user " USER "\ntopic write allowed\n", -1, NULL));
  fail_unless (g_file_set_contents (password, PASSWORD "\n", -1, NULL));
  run ("mosquitto_passwd -b -c users " USER " " PASSWORD);
  broker = mosquitto_make (options);
  g_free (options);
  g_free (rights);
  g_free (password);
  return broker;
}

/* the password comes from a file or from the environment, the user from the url
 * or the property */
GST_START_TEST (test_logging_in)
{
  Mosquitto *broker = make_broker_with_users ();
  Publisher *publisher;

  if (__i__ == 0) {
    publisher = publisher_new ("url=mqtt://" USER "@127.0.0.1:%u/allowed "
                               "password-file=%s/password",
        broker->port, folder);
  } else {
    g_setenv ("YOLOV5PUBLISH_PASSWORD", PASSWORD, TRUE);
    publisher = publisher_new (
        "url=mqtt://127.0.0.1:%u/allowed username=" USER, broker->port);
  }
  publisher_push_numbers (publisher, 0, 10);
  publisher_end (publisher);
  assert_equals_uint64 (publisher_get_stat (publisher, "sent"), 10);
  publisher_free (publisher);
  mosquitto_remove (broker);
}
GST_END_TEST;

/* who may not come in waits, and is told why */
GST_START_TEST (test_a_wrong_password)
{
  Mosquitto *broker = make_broker_with_users ();
  Publisher *publisher;
  gchar *text;

  g_setenv ("YOLOV5PUBLISH_PASSWORD", "guessed", TRUE);
  publisher = publisher_new (
      "url=mqtt://" USER "@127.0.0.1:%u/allowed eos-timeout=0", broker->port);
  text = publisher_wait_for_message (publisher, GST_MESSAGE_WARNING);
  fail_unless (strstr (text, "uthori") != NULL, "%s", text);
  g_free (text);
  publisher_push_numbers (publisher, 0, 10);
  publisher_end (publisher);
  assert_equals_uint64 (publisher_get_stat (publisher, "waiting"), 10);
  publisher_free (publisher);
  mosquitto_remove (broker);
}
GST_END_TEST;

/* a topic that is not allowed is told of, and holds up nothing */
GST_START_TEST (test_a_topic_that_is_not_allowed)
{
  Mosquitto *broker = make_broker_with_users ();
  Publisher *publisher;
  gchar *text;

  g_setenv ("YOLOV5PUBLISH_PASSWORD", PASSWORD, TRUE);
  publisher = publisher_new (
      "url=mqtt://" USER "@127.0.0.1:%u/forbidden", broker->port);
  publisher_push_numbers (publisher, 0, 10);
  publisher_end (publisher);
  text = publisher_wait_for_message (publisher, GST_MESSAGE_WARNING);
  fail_unless (strstr (text, "refused a message") != NULL, "%s", text);
  g_free (text);
  assert_equals_uint64 (publisher_get_stat (publisher, "refused"), 10);
  publisher_free (publisher);
  mosquitto_remove (broker);
}
GST_END_TEST;

/* what a program writes with all of GStreamer's log, with each way to give a
 * password */
static gchar *
get_log (const gchar *url, const gchar *password_file)
{
  GSubprocessLauncher *launcher = g_subprocess_launcher_new (
      G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_MERGE);
  GSubprocess *process;
  gchar *log;

  g_subprocess_launcher_setenv (launcher, "GST_DEBUG", "9", TRUE);
  if (password_file == NULL)
    g_subprocess_launcher_setenv (
        launcher, "YOLOV5PUBLISH_PASSWORD", PASSWORD, TRUE);
  process = g_subprocess_launcher_spawn (launcher, NULL, "gst-launch-1.0",
      "videotestsrc", "num-buffers=3", "!", "yolov5json", "!", "yolov5publish",
      url, password_file, NULL);
  fail_unless (process != NULL);
  fail_unless (
      g_subprocess_communicate_utf8 (process, NULL, NULL, &log, NULL, NULL));
  fail_unless (g_subprocess_get_successful (process));
  g_object_unref (process);
  g_object_unref (launcher);
  return log;
}

GST_START_TEST (test_no_password_is_logged)
{
  Mosquitto *broker = make_broker_with_users ();
  gchar *url = g_strdup_printf (
      "url=mqtt://" USER "@127.0.0.1:%u/allowed", broker->port);
  gchar *file = g_strdup_printf ("password-file=%s/password", folder);
  gchar *log = get_log (url, __i__ == 0 ? file : NULL);

  /* it did connect, and is in the log */
  fail_unless (strstr (log, "connected to 127.0.0.1") != NULL);
  fail_unless (strstr (log, PASSWORD) == NULL);
  g_free (log);
  g_free (file);
  g_free (url);
  mosquitto_remove (broker);
}
GST_END_TEST;

static Suite *
yolov5publish_security_suite (void)
{
  Suite *s = suite_create ("yolov5publish-security");
  TCase *tc = tcase_create ("general");

  suite_add_tcase (s, tc);
  if (!mosquitto_is_installed ())
    return s;
  testfolder_add (tc);
  tcase_add_checked_fixture (tc, set_up, tear_down);
  tcase_add_loop_test (tc, test_encryption, 0, G_N_ELEMENTS (encryptions));
  tcase_add_loop_test (tc, test_a_name_with_two_addresses, 0, 2);
  tcase_add_loop_test (tc, test_logging_in, 0, 2);
  tcase_add_test (tc, test_a_wrong_password);
  tcase_add_test (tc, test_a_topic_that_is_not_allowed);
  tcase_add_loop_test (tc, test_no_password_is_logged, 0, 2);
  return s;
}

GST_CHECK_MAIN (yolov5publish_security);
