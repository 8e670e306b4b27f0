/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* The network's thread, with a broker that does what tests want. */

#include <gst/check/gstcheck.h>

#include <string.h>

#include "outbox/broker.h"

#define WINDOW 8

/* what the broker is to do, and what it has got */
typedef struct {
  GMutex lock;
  GCond changed;
  /* how many connections it refuses */
  guint n_refused_connections;
  /* after how many messages it hangs up, 0 for never */
  guint hang_up_after;
  gboolean silent;
  gboolean refuses_messages;

  guint n_connections;
  guint n_given;
  GArray *received;
  gboolean closed_politely;
  GPtrArray *warnings;
} Plan;

typedef struct {
  OutboxBroker parent;
  Plan *plan;
  GArray *out;
  guint n_sent;
} Double;

/* open() is told nothing else of the test */
static Plan plan;

static OutboxBroker *
double_open (const OutboxSettings *settings, const OutboxBrokerEvents *events,
    gpointer user_data, GError **error)
{
  Double *self = g_new0 (Double, 1);

  self->parent.events = events;
  self->parent.user_data = user_data;
  self->plan = &plan;
  self->out = g_array_new (FALSE, FALSE, sizeof (guint64));
  return &self->parent;
}

static void
double_connect (OutboxBroker *broker)
{
  Double *self = (Double *) broker;
  gboolean refuses;

  g_array_set_size (self->out, 0);
  self->n_sent = 0;
  broker->events->taken_back (broker->user_data);
  g_mutex_lock (&self->plan->lock);
  self->plan->n_connections++;
  refuses = self->plan->n_connections <= self->plan->n_refused_connections;
  g_cond_broadcast (&self->plan->changed);
  g_mutex_unlock (&self->plan->lock);
  if (refuses)
    broker->events->lost ("it is asleep", broker->user_data);
  else
    broker->events->connected (broker->user_data);
}

static OutboxSent
double_send (OutboxBroker *broker, const OutboxMessage *message, GError **error)
{
  Double *self = (Double *) broker;
  guint number = *(const guint *) g_bytes_get_data (message->payload, NULL);

  if (self->plan->refuses_messages && number % 2 == 1) {
    g_set_error (error, OUTBOX_ERROR, OUTBOX_ERROR_MESSAGE, "it is odd");
    return OUTBOX_REFUSED;
  }
  if (self->out->len == WINDOW / 2)
    return OUTBOX_AGAIN;
  g_array_append_val (self->out, message->sequence);
  g_mutex_lock (&self->plan->lock);
  g_array_append_val (self->plan->received, number);
  self->plan->n_given++;
  g_mutex_unlock (&self->plan->lock);
  return OUTBOX_SENT;
}

static void
double_wait (OutboxBroker *broker, gint wake_fd, gint timeout_ms)
{
  Double *self = (Double *) broker;
  guint i;

  outbox_wait_for_wake (wake_fd, -1, 0,
      self->out->len > 0 && !self->plan->silent ? 0 : timeout_ms, NULL);
  for (i = 0; i < self->out->len && !self->plan->silent; i++) {
    if (++self->n_sent == self->plan->hang_up_after) {
      broker->events->lost ("it hung up", broker->user_data);
      return;
    }
    broker->events->acknowledged (
        g_array_index (self->out, guint64, i), broker->user_data);
  }
  if (!self->plan->silent)
    g_array_set_size (self->out, 0);
  g_mutex_lock (&self->plan->lock);
  g_cond_broadcast (&self->plan->changed);
  g_mutex_unlock (&self->plan->lock);
}

static void
double_close (OutboxBroker *broker, gboolean politely)
{
  Double *self = (Double *) broker;

  self->plan->closed_politely = politely;
  g_array_unref (self->out);
  g_free (self);
}

static const OutboxBrokerClass double_class = {
  .window = WINDOW,
  .open = double_open,
  .connect = double_connect,
  .send = double_send,
  .wait = double_wait,
  .close = double_close,
};

static void
on_warning (const gchar *text, gpointer user_data)
{
  g_mutex_lock (&plan.lock);
  g_ptr_array_add (plan.warnings, g_strdup (text));
  g_mutex_unlock (&plan.lock);
}

static void
on_log (const gchar *text, gpointer user_data)
{
}

static void
set_up (void)
{
  memset (&plan, 0, sizeof plan);
  g_mutex_init (&plan.lock);
  g_cond_init (&plan.changed);
  plan.received = g_array_new (FALSE, FALSE, sizeof (guint));
  plan.warnings = g_ptr_array_new_with_free_func (g_free);
}

static void
tear_down (void)
{
  g_array_unref (plan.received);
  g_ptr_array_unref (plan.warnings);
}

static Outbox *
new_outbox (guint64 max_messages)
{
  static const OutboxListener listener = { on_warning, on_log };
  OutboxAddress *address = outbox_address_parse ("mqtt://double/t", NULL);
  OutboxSettings settings = {
    .address = address,
    .limits = { max_messages, G_MAXINT64, 0 },
    .response_timeout = 100 * 1000,
  };
  Outbox *outbox =
      outbox_new_with_broker (&settings, &double_class, &listener, NULL, NULL);

  fail_unless (outbox != NULL);
  outbox_address_free (address);
  return outbox;
}

static void
push (Outbox *outbox, guint first, guint n)
{
  guint i;

  for (i = first; i < first + n; i++) {
    GBytes *payload = g_bytes_new (&i, sizeof i);

    outbox_push (outbox, "t", NULL, payload);
    g_bytes_unref (payload);
  }
}

/* each number for the first time in its order */
static void
check_order (guint n)
{
  guint next = 0, i;

  for (i = 0; i < plan.received->len; i++) {
    guint number = g_array_index (plan.received, guint, i);

    fail_unless (number <= next, "%u came before %u", number, next);
    next = MAX (next, number + 1);
  }
  assert_equals_int (next, n);
}

/* all is sent, in order */
GST_START_TEST (test_messages_are_sent)
{
  Outbox *outbox = new_outbox (G_MAXUINT32);
  OutboxState state;

  push (outbox, 0, 1000);
  fail_unless (outbox_wait (outbox, 60 * G_USEC_PER_SEC));
  outbox_get_state (outbox, &state);
  assert_equals_uint64 (state.counts.acknowledged, 1000);
  fail_unless (state.connected);
  outbox_free (outbox);
  check_order (1000);
  assert_equals_int (plan.received->len, 1000);
  assert_equals_int (plan.warnings->len, 0);
  fail_unless (plan.closed_politely);
}
GST_END_TEST;

/* a broker that is away is waited for, and warned of once */
GST_START_TEST (test_a_broker_that_is_away)
{
  Outbox *outbox;
  OutboxState state;

  plan.n_refused_connections = 2;
  outbox = new_outbox (G_MAXUINT32);
  push (outbox, 0, 10);
  fail_unless (outbox_wait (outbox, 60 * G_USEC_PER_SEC));
  outbox_get_state (outbox, &state);
  assert_equals_uint64 (state.connections, 1);
  outbox_free (outbox);
  check_order (10);
  assert_equals_int (plan.n_connections, 3);
  assert_equals_int (plan.warnings->len, 1);
  fail_unless (
      strstr (g_ptr_array_index (plan.warnings, 0), "it is asleep") != NULL);
}
GST_END_TEST;

/* what a broken connection leaves is sent again, in order */
GST_START_TEST (test_a_broker_that_hangs_up)
{
  Outbox *outbox;

  plan.hang_up_after = 15;
  outbox = new_outbox (G_MAXUINT32);
  push (outbox, 0, 50);
  fail_unless (outbox_wait (outbox, 60 * G_USEC_PER_SEC));
  outbox_free (outbox);
  check_order (50);
  fail_unless (plan.n_connections > 3);
  fail_unless (plan.received->len > 50);
}
GST_END_TEST;

/* a broker that says nothing any more is taken for gone */
GST_START_TEST (test_a_broker_that_is_silent)
{
  Outbox *outbox;

  plan.silent = TRUE;
  outbox = new_outbox (G_MAXUINT32);
  push (outbox, 0, 3);
  g_mutex_lock (&plan.lock);
  while (plan.n_connections < 2)
    g_cond_wait (&plan.changed, &plan.lock);
  g_mutex_unlock (&plan.lock);
  fail_if (outbox_wait (outbox, 0));
  outbox_free (outbox);
  fail_unless (
      strstr (g_ptr_array_index (plan.warnings, 0), "not answered") != NULL);
}
GST_END_TEST;

/* a message that the broker refuses holds up no other */
GST_START_TEST (test_a_message_that_is_refused)
{
  Outbox *outbox;
  OutboxState state;

  plan.refuses_messages = TRUE;
  outbox = new_outbox (G_MAXUINT32);
  push (outbox, 0, 100);
  fail_unless (outbox_wait (outbox, 60 * G_USEC_PER_SEC));
  outbox_get_state (outbox, &state);
  assert_equals_uint64 (state.counts.refused, 50);
  assert_equals_uint64 (state.counts.acknowledged, 50);
  outbox_free (outbox);
  assert_equals_int (plan.warnings->len, 1);
  fail_unless (
      strstr (g_ptr_array_index (plan.warnings, 0), "it is odd") != NULL);
}
GST_END_TEST;

/* who waits is let go; a queue that overflows is warned of once */
GST_START_TEST (test_flushing_and_overflow)
{
  Outbox *outbox;
  OutboxState state;
  guint i, n_losses = 0;

  plan.n_refused_connections = G_MAXUINT;
  outbox = new_outbox (10);
  push (outbox, 0, 100);
  outbox_set_flushing (outbox, TRUE);
  fail_if (outbox_wait (outbox, G_MAXINT32));
  outbox_get_state (outbox, &state);
  assert_equals_uint64 (state.counts.dropped, 90);
  fail_if (state.connected);
  outbox_free (outbox);
  for (i = 0; i < plan.warnings->len; i++)
    n_losses +=
        strstr (g_ptr_array_index (plan.warnings, i), "are lost") != NULL;
  assert_equals_int (n_losses, 1);
  fail_if (plan.closed_politely);
}
GST_END_TEST;

static Suite *
outbox_sending_suite (void)
{
  Suite *s = suite_create ("outbox-sending");
  TCase *tc = tcase_create ("general");

  suite_add_tcase (s, tc);
  tcase_add_checked_fixture (tc, set_up, tear_down);
  tcase_add_test (tc, test_messages_are_sent);
  tcase_add_test (tc, test_a_broker_that_is_away);
  tcase_add_test (tc, test_a_broker_that_hangs_up);
  tcase_add_test (tc, test_a_broker_that_is_silent);
  tcase_add_test (tc, test_a_message_that_is_refused);
  tcase_add_test (tc, test_flushing_and_overflow);
  return s;
}

GST_CHECK_MAIN (outbox_sending);
