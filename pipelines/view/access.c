/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "access.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>

#define TOKEN_BYTES 24
#define MIN_TOKEN_CHARACTERS 16
#define MAX_TOKEN_CHARACTERS 256

struct ViewAccess {
  gchar *token;
  /* cookies do not tell ports apart: each server has its own */
  gchar *cookie_name;
  gboolean is_secure;
  /* names that this machine is called by */
  gchar **hosts;
};

/* of the system's own generator: GLib's can be predicted */
static gchar *
make_token (GError **error)
{
  guint8 bytes[TOKEN_BYTES];
  GString *token;
  gssize got;

  do
    got = getrandom (bytes, sizeof bytes, 0);
  while (got < 0 && errno == EINTR);
  if (got != sizeof bytes) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_FAILED,
        "There is no token, as the system gives no random numbers: %s",
        g_strerror (errno));
    return NULL;
  }
  token = g_string_sized_new (2 * sizeof bytes);
  for (guint i = 0; i < sizeof bytes; i++)
    g_string_append_printf (token, "%02x", bytes[i]);
  return g_string_free (token, FALSE);
}

/* it goes into an address and a cookie as it is */
static gboolean
check_token (const gchar *token, GError **error)
{
  gsize length = strlen (token);

  if (length >= MIN_TOKEN_CHARACTERS && length <= MAX_TOKEN_CHARACTERS
      && strspn (token, G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "-_.~")
             == length)
    return TRUE;
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
      "A token has %d to %d letters, digits and -_.~; this one has %" G_GSIZE_FORMAT
      " characters",
      MIN_TOKEN_CHARACTERS, MAX_TOKEN_CHARACTERS, length);
  return FALSE;
}

/**
 * view_access_new:
 * @token: (nullable): the token; %NULL makes a random one
 * @hosts: (nullable): further names of this machine
 * @port: of the server
 * @is_secure: whether it speaks TLS
 * @error: return location
 *
 * Returns: (transfer full) (nullable): who may look
 */
ViewAccess *
view_access_new (const gchar *token, gchar **hosts, guint port,
    gboolean is_secure, GError **error)
{
  GPtrArray *names;
  gchar *secret;
  ViewAccess *self;

  if (token != NULL && !check_token (token, error))
    return NULL;
  secret = token != NULL ? g_strdup (token) : make_token (error);
  if (secret == NULL)
    return NULL;

  names = g_ptr_array_new ();
  g_ptr_array_add (names, g_strdup ("localhost"));
  g_ptr_array_add (names, g_strdup (g_get_host_name ()));
  g_ptr_array_add (names, g_strconcat (g_get_host_name (), ".local", NULL));
  for (guint i = 0; hosts != NULL && hosts[i] != NULL; i++)
    g_ptr_array_add (names, g_strdup (hosts[i]));
  g_ptr_array_add (names, NULL);

  self = g_new0 (ViewAccess, 1);
  self->token = secret;
  self->hosts = (gchar **) g_ptr_array_free (names, FALSE);
  self->cookie_name = g_strdup_printf ("yolov5dpu-view-%u", port);
  self->is_secure = is_secure;
  return self;
}

void
view_access_free (ViewAccess *self)
{
  g_free (self->token);
  g_free (self->cookie_name);
  g_strfreev (self->hosts);
  g_free (self);
}

const gchar *
view_access_get_token (const ViewAccess *self)
{
  return self->token;
}

/**
 * view_access_make_cookie:
 * @self: who may look
 *
 * Returns: (transfer full): the header with which a browser keeps the token,
 *   out of reach of scripts and of other sites
 */
gchar *
view_access_make_cookie (const ViewAccess *self)
{
  return g_strdup_printf ("%s=%s; Path=/; HttpOnly; SameSite=Strict%s",
      self->cookie_name, self->token, self->is_secure ? "; Secure" : "");
}

/**
 * view_access_is_token:
 * @self: who may look
 * @text: (nullable): what somebody takes for the token
 *
 * Takes as long for each text of a length: how much of it is right does not
 * show in the time.
 *
 * Returns: whether it is
 */
gboolean
view_access_is_token (const ViewAccess *self, const gchar *text)
{
  gsize length = strlen (self->token);
  volatile guint8 difference = 0;

  if (text == NULL || strlen (text) != length)
    return FALSE;
  for (gsize i = 0; i < length; i++)
    difference |= (guint8) (text[i] ^ self->token[i]);
  return difference == 0;
}

/* the part in front of the port; the brackets of IPv6 are left away */
static gchar *
get_name (const gchar *host)
{
  const gchar *colon = strrchr (host, ':');

  if (host[0] == '[') {
    const gchar *end = strchr (host, ']');

    if (end == NULL || (end[1] != '\0' && end[1] != ':'))
      return NULL;
    return g_strndup (host + 1, (gsize) (end - host - 1));
  }
  return colon != NULL ? g_strndup (host, (gsize) (colon - host))
                       : g_strdup (host);
}

/**
 * view_access_is_host_ours:
 * @self: who may look
 * @host: (nullable): the header Host
 *
 * A page may have its name lead to this machine (DNS rebinding); then the name
 * is in the header. Addresses are not names, so they are all right.
 *
 * Returns: whether the request was meant for us
 */
gboolean
view_access_is_host_ours (const ViewAccess *self, const gchar *host)
{
  g_autofree gchar *name = host != NULL ? get_name (host) : NULL;

  if (name == NULL || name[0] == '\0')
    return FALSE;
  if (g_hostname_is_ip_address (name))
    return TRUE;
  for (guint i = 0; self->hosts[i] != NULL; i++)
    if (g_ascii_strcasecmp (name, self->hosts[i]) == 0)
      return TRUE;
  return FALSE;
}

/**
 * view_access_is_origin_ours:
 * @origin: (nullable): the header Origin
 * @host: (nullable): the header Host
 *
 * Returns: whether it is our own page that asks
 */
gboolean
view_access_is_origin_ours (const gchar *origin, const gchar *host)
{
  const gchar *authority;

  if (origin == NULL || host == NULL)
    return FALSE;
  if (g_str_has_prefix (origin, "http://"))
    authority = origin + strlen ("http://");
  else if (g_str_has_prefix (origin, "https://"))
    authority = origin + strlen ("https://");
  else
    return FALSE;
  return g_ascii_strcasecmp (authority, host) == 0;
}

static gboolean
has_cookie (const ViewAccess *self, const gchar *header)
{
  g_auto (GStrv) cookies = g_strsplit (header, ";", 64);
  gsize length = strlen (self->cookie_name);

  for (guint i = 0; cookies[i] != NULL; i++) {
    const gchar *cookie = g_strstrip (cookies[i]);

    if (g_str_has_prefix (cookie, self->cookie_name) && cookie[length] == '='
        && view_access_is_token (self, cookie + length + 1))
      return TRUE;
  }
  return FALSE;
}

/**
 * view_access_check:
 * @self: who may look
 * @message: a request
 * @query: (nullable): what is behind its question mark
 *
 * Returns: whether and how it shows that it knows the token
 */
ViewAccessKind
view_access_check (
    const ViewAccess *self, SoupServerMessage *message, GHashTable *query)
{
  SoupMessageHeaders *headers =
      soup_server_message_get_request_headers (message);
  const gchar *bearer = soup_message_headers_get_one (headers, "Authorization");
  const gchar *cookies = soup_message_headers_get_list (headers, "Cookie");

  if (query != NULL
      && view_access_is_token (self, g_hash_table_lookup (query, "token")))
    return VIEW_ACCESS_BY_TOKEN;
  if (bearer != NULL && g_ascii_strncasecmp (bearer, "Bearer ", 7) == 0
      && view_access_is_token (self, bearer + 7))
    return VIEW_ACCESS_BY_TOKEN;
  if (cookies != NULL && has_cookie (self, cookies))
    return VIEW_ACCESS_BY_COOKIE;
  return VIEW_ACCESS_NONE;
}
