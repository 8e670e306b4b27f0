/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "address.h"

#include <string.h>

/* of Kafka; MQTT counts topics in 16 bits */
#define MAX_KAFKA_TOPIC 249
#define MAX_MQTT_TOPIC 65535

G_DEFINE_QUARK (outbox - error - quark, outbox_error)

static const struct {
  const gchar *prefix;
  OutboxProtocol protocol;
  gboolean tls;
  guint16 port;
} schemes[] = {
  { "mqtt://", OUTBOX_MQTT, FALSE, 1883 },
  { "mqtts://", OUTBOX_MQTT, TRUE, 8883 },
  { "kafka://", OUTBOX_KAFKA, FALSE, 9092 },
  { "kafkas://", OUTBOX_KAFKA, TRUE, 9092 },
};

static const gchar *const variables[] = { "{camera}", "{label}" };

/* where user and password end, %NULL without them; a password may have further @
 * in it, written as they are by someone in a hurry, and slashes, which is why
 * the whole url is searched for one */
static const gchar *
find_host (const gchar *authority, gsize length)
{
  gsize i;

  for (i = length; i > 0; i--)
    if (authority[i - 1] == '@')
      return authority + i;
  return NULL;
}

/**
 * outbox_url_without_password:
 * @url: whatever was given
 *
 * Returns: (transfer full) (nullable): @url without the password in it, %NULL
 *   where there is none
 */
gchar *
outbox_url_without_password (const gchar *url)
{
  const gchar *authority = strstr (url, "://");
  const gchar *host, *colon;

  authority = authority != NULL ? authority + 3 : url;
  host = find_host (authority, strlen (authority));
  if (host == NULL)
    return NULL;
  colon = memchr (authority, ':', (gsize) (host - authority));
  if (colon == NULL)
    return NULL;
  return g_strdup_printf ("%.*s@%s", (gint) (colon - url), url, host);
}

/* `host`, `host:port`, `[::1]:port` */
static gboolean
parse_server (const gchar *server, guint16 default_port, gchar **host,
    guint16 *port, GError **error)
{
  const gchar *end, *digits = NULL;
  guint64 value;

  if (server[0] == '[') {
    end = strchr (server, ']');
    if (end == NULL || (end[1] != '\0' && end[1] != ':')) {
      g_set_error (error, OUTBOX_ERROR, OUTBOX_ERROR_SETTINGS,
          "\"%s\" in the url is not an address in brackets, as [::1]:1883 is",
          server);
      return FALSE;
    }
    *host = g_strndup (server + 1, (gsize) (end - server - 1));
    digits = end[1] == ':' ? end + 2 : NULL;
  } else {
    end = strchr (server, ':');
    *host = end != NULL ? g_strndup (server, (gsize) (end - server))
                        : g_strdup (server);
    digits = end != NULL ? end + 1 : NULL;
  }

  *port = default_port;
  if ((*host)[0] == '\0') {
    g_set_error (error, OUTBOX_ERROR, OUTBOX_ERROR_SETTINGS,
        "The url names no host: write it as in mqtt://broker:1883/cameras/door");
  } else if (digits == NULL) {
    return TRUE;
  } else if (!g_ascii_string_to_unsigned (
                 digits, 10, 1, G_MAXUINT16, &value, NULL)) {
    g_set_error (error, OUTBOX_ERROR, OUTBOX_ERROR_SETTINGS,
        "\"%s\" in the url is not a port: that is a number from 1 to 65535",
        digits);
  } else {
    *port = (guint16) value;
    return TRUE;
  }
  return FALSE;
}

static gboolean
parse_servers (OutboxAddress *self, const gchar *text, guint16 default_port,
    GError **error)
{
  g_auto (GStrv) servers = g_strsplit (text, ",", -1);
  g_autoptr (GString) list = g_string_new (NULL);
  guint i;

  if (servers[0] == NULL) {
    g_set_error (error, OUTBOX_ERROR, OUTBOX_ERROR_SETTINGS,
        "The url names no host: write it as in mqtt://broker:1883/cameras/door");
    return FALSE;
  }
  if (self->protocol == OUTBOX_MQTT && servers[1] != NULL) {
    g_set_error (error, OUTBOX_ERROR, OUTBOX_ERROR_SETTINGS,
        "The url names several hosts, \"%s\": with MQTT there is one", text);
    return FALSE;
  }
  for (i = 0; servers[i] != NULL; i++) {
    g_autofree gchar *host = NULL;
    guint16 port;

    if (!parse_server (servers[i], default_port, &host, &port, error))
      return FALSE;
    g_string_append_printf (list,
        strchr (host, ':') != NULL ? "%s[%s]:%u" : "%s%s:%u", i > 0 ? "," : "",
        host, port);
    if (i == 0) {
      self->host = g_steal_pointer (&host);
      self->port = port;
    }
  }
  self->servers = g_string_free (g_steal_pointer (&list), FALSE);
  return TRUE;
}

static gboolean
parse_rest (OutboxAddress *self, const gchar *rest, guint16 default_port,
    GError **error)
{
  const gchar *slash = strchr (rest, '/');
  gsize length = slash != NULL ? (gsize) (slash - rest) : strlen (rest);
  const gchar *host = find_host (rest, length);
  g_autofree gchar *servers = NULL;

  if (host != NULL) {
    gsize n = (gsize) (host - rest);

    if (n > 1)
      self->username = g_strndup (rest, n - 1);
    rest = host;
    length -= n;
  }
  servers = g_strndup (rest, length);
  if (!parse_servers (self, servers, default_port, error))
    return FALSE;

  if (slash == NULL || slash[1] == '\0') {
    g_set_error (error, OUTBOX_ERROR, OUTBOX_ERROR_SETTINGS,
        "The url names no topic: write it behind the host, as in %s",
        self->protocol == OUTBOX_MQTT ? "mqtt://broker/cameras/door"
                                      : "kafka://broker/detections");
    return FALSE;
  }
  self->topic = g_strdup (slash + 1);
  return outbox_pattern_check (self->topic, error);
}

/**
 * outbox_address_parse:
 * @url: `mqtt://[user@]host[:port]/topic`, `mqtts:`, `kafka:` or `kafkas:`
 *
 * A password is refused, and not repeated in the error: command lines and logs
 * are read by many.
 */
OutboxAddress *
outbox_address_parse (const gchar *url, GError **error)
{
  g_autoptr (OutboxAddress) self = g_new0 (OutboxAddress, 1);
  g_autofree gchar *stripped = outbox_url_without_password (url);
  guint i;

  if (stripped != NULL) {
    g_set_error (error, OUTBOX_ERROR, OUTBOX_ERROR_SETTINGS,
        "There is a password in the url (or an @ in the topic, which looks like "
        "one), where lists of processes and logs show it: put it into a file "
        "and name that with password-file, or into the environment variable "
        "YOLOV5PUBLISH_PASSWORD");
    return NULL;
  }
  for (i = 0; i < G_N_ELEMENTS (schemes); i++)
    if (g_str_has_prefix (url, schemes[i].prefix)) {
      self->protocol = schemes[i].protocol;
      self->tls = schemes[i].tls;
      if (!parse_rest (
              self, url + strlen (schemes[i].prefix), schemes[i].port, error))
        return NULL;
      return g_steal_pointer (&self);
    }
  g_set_error (error, OUTBOX_ERROR, OUTBOX_ERROR_SETTINGS,
      "\"%s\" is not a url that can be published to: it begins with mqtt://, "
      "mqtts://, kafka:// or kafkas://",
      url);
  return NULL;
}

void
outbox_address_free (OutboxAddress *self)
{
  g_free (self->servers);
  g_free (self->host);
  g_free (self->username);
  g_free (self->topic);
  g_free (self);
}

/**
 * outbox_pattern_check:
 * @pattern: of a topic or a key
 *
 * Returns: whether all that is in braces is known
 */
gboolean
outbox_pattern_check (const gchar *pattern, GError **error)
{
  const gchar *p = pattern;

  while ((p = strpbrk (p, "{}")) != NULL) {
    guint i;

    for (i = 0; i < G_N_ELEMENTS (variables); i++)
      if (g_str_has_prefix (p, variables[i]))
        break;
    if (i == G_N_ELEMENTS (variables)) {
      g_set_error (error, OUTBOX_ERROR, OUTBOX_ERROR_SETTINGS,
          "\"%s\" in \"%s\" is unknown: in braces there may be {camera} and "
          "{label}",
          p, pattern);
      return FALSE;
    }
    p += strlen (variables[i]);
  }
  return TRUE;
}

/**
 * outbox_pattern_has:
 * @pattern: (nullable): of a topic or a key
 * @variable: `{camera}` or `{label}`
 */
gboolean
outbox_pattern_has (const gchar *pattern, const gchar *variable)
{
  return pattern != NULL && strstr (pattern, variable) != NULL;
}

/* what separates levels of topics, selects several or is not allowed must not
 * come in by the name of a class */
static void
append_value (GString *text, OutboxProtocol protocol, const gchar *value)
{
  const gchar *p;

  for (p = value; *p != '\0'; p++) {
    gboolean fits = protocol == OUTBOX_MQTT
                        ? (guchar) *p >= ' ' && strchr ("+#/", *p) == NULL
                        : g_ascii_isalnum (*p) || strchr ("._-", *p) != NULL;

    g_string_append_c (text, fits ? *p : '_');
  }
}

/**
 * outbox_pattern_expand:
 * @pattern: one that outbox_pattern_check() found right
 * @protocol: what is not allowed in its topics becomes an underscore
 * @camera: (nullable): for `{camera}`
 * @label: (nullable): for `{label}`
 */
gchar *
outbox_pattern_expand (const gchar *pattern, OutboxProtocol protocol,
    const gchar *camera, const gchar *label)
{
  const gchar *values[G_N_ELEMENTS (variables)] = { camera, label };
  GString *text = g_string_new (NULL);
  const gchar *p = pattern;

  while (*p != '\0') {
    guint i;

    for (i = 0; i < G_N_ELEMENTS (variables); i++)
      if (g_str_has_prefix (p, variables[i])) {
        append_value (text, protocol, values[i] != NULL ? values[i] : "");
        p += strlen (variables[i]);
        break;
      }
    if (i == G_N_ELEMENTS (variables))
      g_string_append_c (text, *p++);
  }
  return g_string_free (text, FALSE);
}

/**
 * outbox_topic_check:
 * @topic: an expanded one
 *
 * Returns: whether a broker can take it
 */
gboolean
outbox_topic_check (const gchar *topic, OutboxProtocol protocol, GError **error)
{
  const gchar *why = NULL;
  const gchar *p;

  if (topic[0] == '\0')
    why = "it is empty";
  else if (protocol == OUTBOX_MQTT && strlen (topic) > MAX_MQTT_TOPIC)
    why = "it is longer than 65535 bytes";
  else if (protocol == OUTBOX_MQTT && !g_utf8_validate (topic, -1, NULL))
    why = "it is not UTF-8";
  else if (protocol == OUTBOX_MQTT && strpbrk (topic, "+#") != NULL)
    why = "+ and # are for who subscribes";
  else if (protocol == OUTBOX_KAFKA && strlen (topic) > MAX_KAFKA_TOPIC)
    why = "it is longer than 249 characters";
  for (p = topic; why == NULL && *p != '\0'; p++)
    if (protocol == OUTBOX_KAFKA && !g_ascii_isalnum (*p)
        && strchr ("._-", *p) == NULL)
      why = "Kafka's topics have letters, digits, dots, underscores and dashes";

  if (why == NULL)
    return TRUE;
  g_set_error (error, OUTBOX_ERROR, OUTBOX_ERROR_SETTINGS,
      "\"%.300s\" cannot be a topic: %s", topic, why);
  return FALSE;
}
