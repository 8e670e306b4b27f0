/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* yolov5dpu-view: cameras with boxes around what is detected, in a browser. */

#include "server.h"

#include <glib-unix.h>

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <locale.h>
#include <net/if.h>
#include <signal.h>

#define DEFAULT_PORT 8080
#define DEFAULT_MAX_WIDTH 1280
#define MIN_MAX_WIDTH 160
#define DEFAULT_QUALITY 80
#define DEFAULT_MAX_CLIENTS 16
#define MAX_CAMERAS 16
#define MAX_FPS 1000

enum {
  EXIT_FINE = 0,
  EXIT_FAILED = 1,
  EXIT_USAGE = 2,
};

#define SUMMARY                                                                \
  "Shows SOURCEs in a browser, with boxes around what yolov5dpu finds.\n"      \
  "A SOURCE is a camera (/dev/videoN), a file, a URI, \"test\" for a test "    \
  "picture, or a\npart of a pipeline as gst-launch-1.0 takes it."
#define DESCRIPTION                                                            \
  "It listens on this machine only, unless --address says more. See "          \
  "yolov5dpu-view(1)."

typedef struct {
  ViewCameraOptions camera;
  ViewServerOptions server;
  gchar *model, *device, *zones, *address, *certificate, *key, *token_file;
  gint port, max_clients;
  gboolean version;
} Options;

typedef struct {
  GMainLoop *loop;
  ViewCamera **cameras;
  guint n_cameras;
  gboolean failed;
} View;

static void
options_clear (Options *self)
{
  g_free (self->model);
  g_free (self->device);
  g_free (self->zones);
  g_free (self->address);
  g_free (self->certificate);
  g_free (self->key);
  g_free (self->token_file);
  g_strfreev (self->server.hosts);
  g_clear_object (&self->server.certificate);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Options, options_clear)

/* what is wrong with the arguments, or %NULL */
static const gchar *
check_options (const Options *self, gint n_sources)
{
  if (self->version)
    return NULL;
  if (n_sources < 1)
    return "A source is needed";
  if (n_sources > MAX_CAMERAS)
    return "At most " G_STRINGIFY (MAX_CAMERAS) " sources";
  if (self->model == NULL)
    return "--model is needed";
  if (self->port < 0 || self->port > G_MAXUINT16)
    return "--port takes 0 to 65535";
  if (self->camera.max_width < MIN_MAX_WIDTH)
    return "--max-width takes " G_STRINGIFY (MIN_MAX_WIDTH) " or more";
  if (self->server.max_fps < 0 || self->server.max_fps > MAX_FPS)
    return "--max-fps takes 1 to " G_STRINGIFY (
        MAX_FPS) ", or 0 for as many as there are";
  if (self->camera.quality < 1 || self->camera.quality > 100)
    return "--quality takes 1 to 100";
  if (self->max_clients < 1)
    return "--max-clients takes 1 or more";
  if (self->key != NULL && self->certificate == NULL)
    return "--key needs --certificate";
  return NULL;
}

static gboolean
parse_options (Options *self, gint *argc, gchar ***argv)
{
  const GOptionEntry entries[] = {
    { "model", 'm', 0, G_OPTION_ARG_FILENAME, &self->model, "The .xmodel file",
        "FILE" },
    { "device", 0, 0, G_OPTION_ARG_STRING, &self->device,
        "auto, dpu or cpu, as of yolov5dpu", "DEVICE" },
    { "zones", 'z', 0, G_OPTION_ARG_FILENAME, &self->zones,
        "Lines and zones, as yolov5zones takes them", "FILE" },
    { "address", 'a', 0, G_OPTION_ARG_STRING, &self->address,
        "Address to listen on (127.0.0.1; 0.0.0.0 or :: lets other machines "
        "in)",
        "ADDRESS" },
    { "port", 'p', 0, G_OPTION_ARG_INT, &self->port,
        "Port to listen on (" G_STRINGIFY (
            DEFAULT_PORT) "; 0 finds a free one)",
        "PORT" },
    { "host-name", 0, 0, G_OPTION_ARG_STRING_ARRAY, &self->server.hosts,
        "A further name by which browsers call this machine", "NAME" },
    { "certificate", 0, 0, G_OPTION_ARG_FILENAME, &self->certificate,
        "Speak TLS, with this certificate (PEM)", "FILE" },
    { "key", 0, 0, G_OPTION_ARG_FILENAME, &self->key,
        "The certificate's private key, unless it is in the same file",
        "FILE" },
    { "token-file", 0, 0, G_OPTION_ARG_FILENAME, &self->token_file,
        "Read the token from this file instead of making one", "FILE" },
    { "read-only", 'r', 0, G_OPTION_ARG_NONE, &self->server.read_only,
        "Nobody may change settings", NULL },
    { "max-width", 0, 0, G_OPTION_ARG_INT, &self->camera.max_width,
        "Widest pictures to send (" G_STRINGIFY (DEFAULT_MAX_WIDTH) ")",
        "PIXELS" },
    { "max-fps", 0, 0, G_OPTION_ARG_INT, &self->server.max_fps,
        "Most pictures a second to send to a client (all)", "N" },
    { "quality", 0, 0, G_OPTION_ARG_INT, &self->camera.quality,
        "Of the JPEGs, 1 to 100 (" G_STRINGIFY (DEFAULT_QUALITY) ")", "N" },
    { "max-clients", 0, 0, G_OPTION_ARG_INT, &self->max_clients,
        "How many may watch at once (" G_STRINGIFY (DEFAULT_MAX_CLIENTS) ")",
        "N" },
    { "version", 0, 0, G_OPTION_ARG_NONE, &self->version, "Print the version",
        NULL },
    { NULL },
  };
  g_autoptr (GOptionContext) context = g_option_context_new ("SOURCE...");
  g_autoptr (GError) error = NULL;
  const gchar *mistake;

  g_option_context_set_summary (context, SUMMARY);
  g_option_context_set_description (context, DESCRIPTION);
  g_option_context_add_main_entries (context, entries, NULL);
  g_option_context_add_group (context, gst_init_get_option_group ());
  if (!g_option_context_parse (context, argc, argv, &error))
    mistake = error->message;
  else
    mistake = check_options (self, *argc - 1);
  if (mistake != NULL)
    g_printerr ("%s; see %s --help\n", mistake, g_get_prgname ());
  return mistake == NULL;
}

static gboolean
load_certificate (Options *self, GError **error)
{
  if (self->certificate == NULL)
    return TRUE;
  self->server.certificate =
      self->key != NULL
          ? g_tls_certificate_new_from_files (
              self->certificate, self->key, error)
          : g_tls_certificate_new_from_file (self->certificate, error);
  if (self->server.certificate == NULL)
    g_prefix_error (error, "%s: ", self->certificate);
  return self->server.certificate != NULL;
}

static gboolean
load_token (const Options *self, gchar **token, GError **error)
{
  if (self->token_file == NULL)
    return TRUE;
  if (!g_file_get_contents (self->token_file, token, NULL, error))
    return FALSE;
  g_strstrip (*token);
  return TRUE;
}

/* where other machines find this one, if it listens for all of them */
static gchar *
find_reachable_address (const gchar *address)
{
  gchar text[INET_ADDRSTRLEN];
  struct ifaddrs *interfaces = NULL;
  gchar *found = NULL;

  if (!g_str_equal (address, "0.0.0.0") && !g_str_equal (address, "::"))
    return g_strdup (address);
  if (getifaddrs (&interfaces) != 0)
    interfaces = NULL;
  for (struct ifaddrs *i = interfaces; found == NULL && i != NULL;
       i = i->ifa_next) {
    if (i->ifa_addr != NULL && i->ifa_addr->sa_family == AF_INET
        && (i->ifa_flags & (IFF_UP | IFF_LOOPBACK)) == IFF_UP
        && inet_ntop (AF_INET,
               &((struct sockaddr_in *) (gpointer) i->ifa_addr)->sin_addr, text,
               sizeof text)
               != NULL)
      found = g_strdup (text);
  }
  if (interfaces != NULL)
    freeifaddrs (interfaces);
  return found != NULL ? found : g_strdup (g_get_host_name ());
}

static gboolean
on_interrupt (gpointer user_data)
{
  View *self = user_data;

  g_main_loop_quit (self->loop);
  return G_SOURCE_CONTINUE;
}

/* a camera that never ran is one that was called by a wrong name */
static void
on_failed (const gchar *camera, const gchar *error, gpointer user_data)
{
  View *self = user_data;

  if (!self->failed)
    g_printerr ("Error: %s: %s\n", camera, error);
  self->failed = TRUE;
  g_main_loop_quit (self->loop);
}

static void
run (View *self, ViewServer *server, const gchar *address)
{
  g_autofree gchar *host = find_reachable_address (address);
  g_autofree gchar *text = view_server_get_address (server, host);
  guint sources[] = {
    g_unix_signal_add (SIGINT, on_interrupt, self),
    g_unix_signal_add (SIGTERM, on_interrupt, self),
    g_unix_signal_add (SIGHUP, on_interrupt, self),
  };

  g_print ("%s\n", text);
  self->loop = g_main_loop_new (NULL, FALSE);
  view_server_start (server, on_failed, self);
  if (!self->failed)
    g_main_loop_run (self->loop);
  for (guint i = 0; i < G_N_ELEMENTS (sources); i++)
    g_source_remove (sources[i]);
}

static gboolean
view (View *self, Options *options, gchar **sources, GError **error)
{
  g_autofree gchar *token = NULL;
  ViewServer *server;

  if (!load_certificate (options, error)
      || !load_token (options, &token, error))
    return FALSE;
  for (guint i = 0; sources[i] != NULL; i++) {
    self->cameras[i] = view_camera_new (i, sources[i], &options->camera, error);
    if (self->cameras[i] == NULL)
      return FALSE;
    self->n_cameras++;
  }
  options->server.token = token;
  server =
      view_server_new (self->cameras, self->n_cameras, &options->server, error);
  if (server == NULL)
    return FALSE;

  run (self, server, options->server.address);
  for (guint i = 0; i < self->n_cameras; i++)
    g_clear_pointer (&self->cameras[i], view_camera_free);
  view_server_free (server);
  g_main_loop_unref (self->loop);
  return !self->failed;
}

int
main (int argc, char **argv)
{
  g_auto (Options) options = {
    .camera = { .max_width = DEFAULT_MAX_WIDTH, .quality = DEFAULT_QUALITY },
    .port = DEFAULT_PORT,
    .max_clients = DEFAULT_MAX_CLIENTS,
  };
  g_autoptr (GError) error = NULL;
  View self = { 0 };
  gboolean fine;

  /* for the names of files; numbers stay as they are everywhere */
  setlocale (LC_CTYPE, "");
  if (!parse_options (&options, &argc, &argv))
    return EXIT_USAGE;
  if (options.version) {
    g_print ("yolov5dpu-view " VERSION "\n");
    return EXIT_FINE;
  }
  options.camera.model = options.model;
  options.camera.device = options.device;
  options.camera.zones = options.zones;
  options.server.address =
      options.address != NULL ? options.address : "127.0.0.1";
  options.server.port = (guint) options.port;
  options.server.max_clients = (guint) options.max_clients;

  self.cameras = g_new0 (ViewCamera *, (gsize) argc);
  fine = view (&self, &options, argv + 1, &error);
  if (error != NULL)
    g_printerr ("Error: %s\n", error->message);
  for (guint i = 0; i < self.n_cameras; i++)
    g_clear_pointer (&self.cameras[i], view_camera_free);
  g_free (self.cameras);
  return fine ? EXIT_FINE : EXIT_FAILED;
}
