/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Who is let in, and by what. */

#include "access.h"

#include <gst/check/gstcheck.h>

/* a token is made where none is given, and no two are the same */
GST_START_TEST (test_tokens)
{
  g_autoptr (ViewAccess) a = view_access_new (NULL, NULL, 1, FALSE, NULL);
  g_autoptr (ViewAccess) b = view_access_new (NULL, NULL, 1, FALSE, NULL);

  fail_unless_equals_int (strlen (view_access_get_token (a)), 48);
  fail_if (g_str_equal (view_access_get_token (a), view_access_get_token (b)));
  fail_unless (view_access_is_token (a, view_access_get_token (a)));
  fail_if (view_access_is_token (a, view_access_get_token (b)));
}
GST_END_TEST;

/* one that is given is taken as it is, and as a whole */
GST_START_TEST (test_given_token)
{
  g_autoptr (ViewAccess) access =
      view_access_new ("0123456789abcdef", NULL, 1, FALSE, NULL);
  static const gchar *const wrong[] = { "", "0", "0123456789abcde",
    "0123456789abcdeF", "0123456789abcdef0", "x123456789abcdef", NULL };

  fail_unless (view_access_is_token (access, "0123456789abcdef"));
  for (guint i = 0; i < G_N_ELEMENTS (wrong); i++)
    fail_if (view_access_is_token (access, wrong[i]));
}
GST_END_TEST;

/* one that is short, or that an address or a cookie cannot hold, is refused */
GST_START_TEST (test_unfit_tokens)
{
  static const gchar *const unfit[] = { "", "short", "0123456789abcde",
    "0123456789 bcdef", "0123456789;bcdef", "0123456789&bcdef",
    "0123456789\nbcdef",
    "0123456789\xc3\xa4"
    "bcdef" };

  for (guint i = 0; i < G_N_ELEMENTS (unfit); i++) {
    g_autoptr (GError) error = NULL;

    fail_unless (view_access_new (unfit[i], NULL, 1, FALSE, &error) == NULL);
    fail_unless (g_str_has_prefix (error->message, "A token has 16 to 256"));
  }
}
GST_END_TEST;

/* the cookie is out of reach of scripts and other sites, and of plain HTTP
 * where there is TLS */
GST_START_TEST (test_cookie)
{
  g_autoptr (ViewAccess) plain =
      view_access_new ("0123456789abcdef", NULL, 8080, FALSE, NULL);
  g_autoptr (ViewAccess) secure =
      view_access_new ("0123456789abcdef", NULL, 443, TRUE, NULL);
  g_autofree gchar *a = view_access_make_cookie (plain);
  g_autofree gchar *b = view_access_make_cookie (secure);

  fail_unless_equals_string (a,
      "yolov5dpu-view-8080=0123456789abcdef; Path=/; HttpOnly; "
      "SameSite=Strict");
  fail_unless_equals_string (b,
      "yolov5dpu-view-443=0123456789abcdef; Path=/; HttpOnly; "
      "SameSite=Strict; Secure");
}
GST_END_TEST;

/* addresses and the machine's own names are ours, other names are not */
GST_START_TEST (test_hosts)
{
  gchar *names[] = { (gchar *) "door.example", NULL };
  g_autoptr (ViewAccess) access = view_access_new (NULL, names, 1, FALSE, NULL);
  static const gchar *const ours[] = { "localhost", "LOCALHOST:80", "127.0.0.1",
    "10.1.2.3:8080", "[::1]", "[fe80::1]:8080", "door.example",
    "Door.Example:1" };
  static const gchar *const others[] = { NULL, "", ":80", "[", "[]", "[::1",
    "[::1]x", "evil.example", "127.0.0.1.evil.example", "localhost.evil",
    "xlocalhost", "door.example.", "door.exampl" };

  for (guint i = 0; i < G_N_ELEMENTS (ours); i++)
    fail_unless (view_access_is_host_ours (access, ours[i]), "%s", ours[i]);
  for (guint i = 0; i < G_N_ELEMENTS (others); i++)
    fail_if (view_access_is_host_ours (access, others[i]), "%s", others[i]);
  fail_unless (view_access_is_host_ours (access, g_get_host_name ()));
}
GST_END_TEST;

/* a page is ours when it is from where the request goes to */
GST_START_TEST (test_origins)
{
  static const struct {
    const gchar *origin, *host;
    gboolean is_ours;
  } cases[] = {
    { "http://a:1", "a:1", TRUE },
    { "https://a:1", "a:1", TRUE },
    { "http://A:1", "a:1", TRUE },
    { "http://a", "a", TRUE },
    { "http://[::1]:80", "[::1]:80", TRUE },
    { "http://a:2", "a:1", FALSE },
    { "http://a", "a:1", FALSE },
    { "http://a:1.b", "a:1", FALSE },
    { "http://b", "a:1", FALSE },
    { "null", "a:1", FALSE },
    { "", "a:1", FALSE },
    { "a:1", "a:1", FALSE },
    { "file://", "a:1", FALSE },
    { "http://", "", TRUE },
    { NULL, "a:1", FALSE },
    { "http://a:1", NULL, FALSE },
    { NULL, NULL, FALSE },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    fail_unless_equals_int (
        view_access_is_origin_ours (cases[i].origin, cases[i].host),
        cases[i].is_ours);
}
GST_END_TEST;

static Suite *
access_suite (void)
{
  Suite *suite = suite_create ("access");
  TCase *tcase = tcase_create ("general");

  suite_add_tcase (suite, tcase);
  tcase_add_test (tcase, test_tokens);
  tcase_add_test (tcase, test_given_token);
  tcase_add_test (tcase, test_unfit_tokens);
  tcase_add_test (tcase, test_cookie);
  tcase_add_test (tcase, test_hosts);
  tcase_add_test (tcase, test_origins);
  return suite;
}

GST_CHECK_MAIN (access);
