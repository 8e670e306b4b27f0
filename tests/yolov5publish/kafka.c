/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* What a cluster of Kafka gets: librdkafka's own mock one, in this process, which
 * does as it is told. */

#include "publisher.h"

#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>
#include <stdlib.h>
#include <string.h>

#define N_BROKERS 3
#define N_PARTITIONS 4
#define TOPIC "detections"
/* of the protocol: a request with messages */
#define REQUEST_PRODUCE 0
#define REQUEST_METADATA 3
#define PATIENCE_US (100 * G_USEC_PER_SEC)

static rd_kafka_t *host;
static rd_kafka_mock_cluster_t *cluster;

static void
set_up (void)
{
  gchar text[256];

  host =
      rd_kafka_new (RD_KAFKA_PRODUCER, rd_kafka_conf_new (), text, sizeof text);
  fail_unless (host != NULL, "%s", text);
  cluster = rd_kafka_mock_cluster_new (host, N_BROKERS);
  rd_kafka_mock_topic_create (cluster, TOPIC, N_PARTITIONS, N_BROKERS);
}

static void
tear_down (void)
{
  rd_kafka_mock_cluster_destroy (cluster);
  rd_kafka_destroy (host);
}

static Publisher *
new_publisher (const gchar *properties)
{
  return publisher_new ("url=kafka://%s/" TOPIC " eos-timeout=100000000000 %s",
      rd_kafka_mock_cluster_bootstraps (cluster), properties);
}

static rd_kafka_t *
new_consumer (void)
{
  rd_kafka_conf_t *configuration = rd_kafka_conf_new ();
  rd_kafka_topic_partition_list_t *partitions =
      rd_kafka_topic_partition_list_new (N_PARTITIONS);
  rd_kafka_t *consumer;
  gchar text[256];
  gint i;

  rd_kafka_conf_set (configuration, "bootstrap.servers",
      rd_kafka_mock_cluster_bootstraps (cluster), NULL, 0);
  rd_kafka_conf_set (configuration, "group.id", "test", NULL, 0);
  consumer = rd_kafka_new (RD_KAFKA_CONSUMER, configuration, text, sizeof text);
  fail_unless (consumer != NULL, "%s", text);
  for (i = 0; i < N_PARTITIONS; i++)
    rd_kafka_topic_partition_list_add (partitions, TOPIC, i)->offset =
        RD_KAFKA_OFFSET_BEGINNING;
  rd_kafka_assign (consumer, partitions);
  rd_kafka_topic_partition_list_destroy (partitions);
  return consumer;
}

/* That numbers from 0 are there, for the first time in their order. Returns how
 * many were there twice. @key: of all of them */
static guint
check_numbers (guint n, const gchar *key)
{
  rd_kafka_t *consumer = new_consumer ();
  gint64 end_time = g_get_monotonic_time () + PATIENCE_US;
  guint next = 0, n_twice = 0;

  while (next < n && g_get_monotonic_time () < end_time) {
    rd_kafka_message_t *message = rd_kafka_consumer_poll (consumer, 100);

    if (message == NULL)
      continue;
    if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
      gchar *text = g_strndup (message->payload, message->len);
      guint number = (guint) atoi (text);

      fail_unless (number <= next, "%u came before %u", number, next);
      n_twice += number < next;
      next = MAX (next, number + 1);
      if (key != NULL)
        fail_unless (message->key_len == strlen (key)
                     && memcmp (message->key, key, strlen (key)) == 0);
      g_free (text);
    }
    rd_kafka_message_destroy (message);
  }
  assert_equals_int (next, n);
  rd_kafka_consumer_close (consumer);
  rd_kafka_destroy (consumer);
  return n_twice;
}

/* lines with a key arrive in order, however they are sent; the mock cluster of
 * librdkafka 1.8 refuses batches that are compressed to less than they may be */
static const gchar *const ways[] = {
  "key={camera} camera=door",
  "key={camera} camera=door compression=gzip "
  "kafka-options=batch.num.messages=10",
  "key={camera} camera=door compression=lz4",
  "key={camera} camera=door idempotence=false acks=leader",
  "key={camera} camera=door kafka-options=linger.ms=1,batch.num.messages=10",
};

GST_START_TEST (test_lines_become_messages)
{
  Publisher *publisher = new_publisher (ways[__i__]);

  publisher_push_numbers (publisher, 0, 1000);
  publisher_end (publisher);
  assert_equals_uint64 (publisher_get_stat (publisher, "sent"), 1000);
  publisher_free (publisher);
  assert_equals_int (check_numbers (1000, "door"), 0);
}
GST_END_TEST;

/* what brokers answer, and what becomes of it */
static const struct {
  gint16 request;
  rd_kafka_resp_err_t error;
} answers[] = {
  /* that it mends itself */
  { REQUEST_PRODUCE, RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION },
  { REQUEST_PRODUCE, RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT },
  { REQUEST_PRODUCE, RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS },
  { REQUEST_PRODUCE, RD_KAFKA_RESP_ERR__TRANSPORT },
  { REQUEST_METADATA, RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE },
  /* after which it begins anew */
  { REQUEST_PRODUCE, RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED },
  { REQUEST_PRODUCE, RD_KAFKA_RESP_ERR_UNKNOWN_PRODUCER_ID },
};

GST_START_TEST (test_answers_of_brokers)
{
  /* in small batches, of which the next is at hand when one fails */
  Publisher *publisher = new_publisher (
      "key=door kafka-options=linger.ms=0,batch.num.messages=3");

  publisher_push_numbers (publisher, 0, 10);
  rd_kafka_mock_push_request_errors (cluster, answers[__i__].request, 2,
      answers[__i__].error, answers[__i__].error);
  publisher_push_numbers (publisher, 10, 1000);
  publisher_end (publisher);
  assert_equals_uint64 (publisher_get_stat (publisher, "sent"), 1010);
  assert_equals_uint64 (publisher_get_stat (publisher, "refused"), 0);
  publisher_free (publisher);
  check_numbers (1010, "door");
}
GST_END_TEST;

/* a message that is too large for all brokers is left out, and told of */
GST_START_TEST (test_a_message_that_is_too_large)
{
  Publisher *publisher =
      new_publisher ("key=door kafka-options=message.max.bytes=1000");
  gchar *large = g_strnfill (2000, 'x');
  gchar *text;

  publisher_push_numbers (publisher, 0, 1);
  publisher_push (publisher, large);
  publisher_push_numbers (publisher, 1, 1);
  text = publisher_wait_for_message (publisher, GST_MESSAGE_WARNING);
  fail_unless (strstr (text, "refused a message") != NULL, "%s", text);
  publisher_end (publisher);
  assert_equals_uint64 (publisher_get_stat (publisher, "refused"), 1);
  assert_equals_uint64 (publisher_get_stat (publisher, "sent"), 2);
  publisher_free (publisher);
  check_numbers (2, "door");
  g_free (text);
  g_free (large);
}
GST_END_TEST;

/* the whole cluster goes and comes back */
GST_START_TEST (test_the_cluster_goes)
{
  Publisher *publisher = new_publisher ("key=door");
  gchar *text;
  gint i;

  publisher_push_numbers (publisher, 0, 100);
  for (i = 1; i <= N_BROKERS; i++)
    rd_kafka_mock_broker_set_down (cluster, i);
  publisher_push_numbers (publisher, 100, 1000);
  text = publisher_wait_for_message (publisher, GST_MESSAGE_WARNING);
  fail_unless (strstr (text, "No connection to") != NULL, "%s", text);
  g_free (text);
  for (i = 1; i <= N_BROKERS; i++)
    rd_kafka_mock_broker_set_up (cluster, i);
  publisher_end (publisher);
  assert_equals_uint64 (publisher_get_stat (publisher, "sent"), 1100);
  publisher_free (publisher);
  check_numbers (1100, "door");
}
GST_END_TEST;

/* a stop does not wait for a cluster that is not there */
GST_START_TEST (test_a_stop_without_a_cluster)
{
  Publisher *publisher;
  gint i;

  for (i = 1; i <= N_BROKERS; i++)
    rd_kafka_mock_broker_set_down (cluster, i);
  publisher = new_publisher ("");
  publisher_push_numbers (publisher, 0, 100);
  assert_equals_uint64 (publisher_get_stat (publisher, "waiting"), 100);
  publisher_free (publisher);
}
GST_END_TEST;

static Suite *
yolov5publish_kafka_suite (void)
{
  Suite *s = suite_create ("yolov5publish-kafka");
  TCase *tc = tcase_create ("general");

  suite_add_tcase (s, tc);
  tcase_add_checked_fixture (tc, set_up, tear_down);
  tcase_add_loop_test (tc, test_lines_become_messages, 0, G_N_ELEMENTS (ways));
  tcase_add_loop_test (tc, test_answers_of_brokers, 0, G_N_ELEMENTS (answers));
  tcase_add_test (tc, test_a_message_that_is_too_large);
  tcase_add_test (tc, test_the_cluster_goes);
  tcase_add_test (tc, test_a_stop_without_a_cluster);
  return s;
}

GST_CHECK_MAIN (yolov5publish_kafka);
