/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "journal.h"

#define MAX_EVENTS 200
#define MAX_SECONDS 300
#define MAX_LATENCIES 256
/* of one camera; a label is whatever an element attached */
#define MAX_CLASSES 1000

typedef struct {
  guint64 number;
  /* milliseconds since 1970 */
  gint64 time;
  guint camera;
  gchar *kind;
  gchar *label;
  gint64 id;
  /* the line or zone, and which way over it, or NULL */
  gchar *place, *direction;
} Event;

typedef struct {
  gdouble frames, inferences, latency, busy;
  guint objects;
} Second;

typedef struct {
  ViewCameraCounters before;
  gint64 last_id;
  /* label's quark to how many there have been */
  GHashTable *totals;
  /* of the latest frame that was looked at or predicted */
  GHashTable *present;
  /* milliseconds, a ring */
  gdouble latencies[MAX_LATENCIES];
  guint n_latencies;
  /* of Seconds */
  GQueue seconds;
} CameraJournal;

struct ViewJournal {
  guint n_cameras;
  CameraJournal *cameras;
  GQueue events;
  guint64 n_events;
  gint64 second_began;
};

ViewJournal *
view_journal_new (guint n_cameras)
{
  ViewJournal *self = g_new0 (ViewJournal, 1);

  self->n_cameras = n_cameras;
  self->cameras = g_new0 (CameraJournal, n_cameras);
  for (guint i = 0; i < n_cameras; i++) {
    self->cameras[i].totals = g_hash_table_new (NULL, NULL);
    self->cameras[i].present = g_hash_table_new (NULL, NULL);
    g_queue_init (&self->cameras[i].seconds);
  }
  g_queue_init (&self->events);
  self->second_began = g_get_monotonic_time ();
  return self;
}

static void
event_free (Event *self)
{
  g_free (self->kind);
  g_free (self->label);
  g_free (self->place);
  g_free (self->direction);
  g_free (self);
}

void
view_journal_free (ViewJournal *self)
{
  for (guint i = 0; i < self->n_cameras; i++) {
    g_hash_table_unref (self->cameras[i].totals);
    g_hash_table_unref (self->cameras[i].present);
    g_queue_clear_full (&self->cameras[i].seconds, g_free);
  }
  g_queue_clear_full (&self->events, (GDestroyNotify) event_free);
  g_free (self->cameras);
  g_free (self);
}

static gchar *
copy_text (const gchar *text)
{
  return text != NULL ? g_utf8_make_valid (text, -1) : NULL;
}

static Event *
add_event (ViewJournal *self, guint camera, const gchar *kind,
    const gchar *label, gint64 id)
{
  Event *event = g_new0 (Event, 1);

  event->number = ++self->n_events;
  event->time = g_get_real_time () / 1000;
  event->camera = camera;
  event->kind = g_strdup (kind);
  event->label = copy_text (label);
  event->id = id;
  g_queue_push_tail (&self->events, event);
  if (self->events.length > MAX_EVENTS)
    event_free (g_queue_pop_head (&self->events));
  return event;
}

static void
count (GHashTable *counts, GQuark label)
{
  gpointer key = GUINT_TO_POINTER (label);
  guint n = GPOINTER_TO_UINT (g_hash_table_lookup (counts, key));

  if (n > 0 || g_hash_table_size (counts) < MAX_CLASSES)
    g_hash_table_insert (counts, key, GUINT_TO_POINTER (n + 1));
}

/**
 * view_journal_add_frame:
 * @self: a journal
 * @frame: the next frame of its camera
 *
 * The tracker's ids grow, so an object with a higher one than all before it is
 * new.
 */
void
view_journal_add_frame (ViewJournal *self, const ViewFrame *frame)
{
  CameraJournal *camera = &self->cameras[frame->camera];
  gint64 last_id = camera->last_id;

  if (!frame->inferred && frame->detections->len == 0)
    return;
  g_hash_table_remove_all (camera->present);
  for (guint i = 0; i < frame->detections->len; i++) {
    const ViewDetection *found =
        &g_array_index (frame->detections, ViewDetection, i);

    count (camera->present, found->label);
    if (found->id <= last_id)
      continue;
    count (camera->totals, found->label);
    add_event (self, frame->camera, "new", g_quark_to_string (found->label),
        found->id);
    camera->last_id = MAX (camera->last_id, found->id);
  }
}

void
view_journal_add_latency (ViewJournal *self, guint camera, gint64 microseconds)
{
  CameraJournal *journal = &self->cameras[camera];

  journal->latencies[journal->n_latencies++ % MAX_LATENCIES] =
      (gdouble) microseconds / 1000;
}

static gint
compare_numbers (gconstpointer a, gconstpointer b)
{
  gdouble x = *(const gdouble *) a, y = *(const gdouble *) b;

  return (x > y) - (x < y);
}

/* milliseconds; -1 without any */
static gdouble
get_latency (const CameraJournal *self)
{
  guint n = MIN (self->n_latencies, MAX_LATENCIES);
  gdouble sorted[MAX_LATENCIES];

  if (n == 0)
    return -1;
  memcpy (sorted, self->latencies, n * sizeof (gdouble));
  qsort (sorted, n, sizeof (gdouble), compare_numbers);
  return sorted[n / 2];
}

static guint
count_present (const CameraJournal *self)
{
  GHashTableIter iter;
  gpointer value;
  guint n = 0;

  g_hash_table_iter_init (&iter, self->present);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    n += GPOINTER_TO_UINT (value);
  return n;
}

/**
 * view_journal_end_second:
 * @self: a journal
 * @cameras: the cameras
 *
 * Notes what they did since the call before.
 */
void
view_journal_end_second (ViewJournal *self, ViewCamera *const *cameras)
{
  gint64 now = g_get_monotonic_time ();
  gdouble seconds =
      (gdouble) MAX (now - self->second_began, 1) / G_USEC_PER_SEC;

  self->second_began = now;
  for (guint i = 0; i < self->n_cameras; i++) {
    CameraJournal *journal = &self->cameras[i];
    Second *second = g_new0 (Second, 1);
    ViewCameraCounters counters;

    view_camera_get_counters (cameras[i], &counters);
    second->frames =
        (gdouble) (counters.frames - journal->before.frames) / seconds;
    second->inferences =
        (gdouble) (counters.inferences - journal->before.inferences) / seconds;
    second->busy =
        (gdouble) (counters.inference_time - journal->before.inference_time)
        / GST_SECOND / seconds;
    second->busy = MIN (second->busy, 1.0);
    second->latency = get_latency (journal);
    second->objects = count_present (journal);
    journal->before = counters;
    g_queue_push_tail (&journal->seconds, second);
    if (journal->seconds.length > MAX_SECONDS)
      g_free (g_queue_pop_head (&journal->seconds));
  }
}

/**
 * view_journal_add_message:
 * @self: a journal
 * @camera: number of the camera
 * @message: (nullable): what an element told; only yolov5zones is listened to
 */
void
view_journal_add_message (
    ViewJournal *self, guint camera, const GstStructure *message)
{
  static const gchar *const kinds[] = { "line-crossed", "zone-entered",
    "zone-left", "zone-dwell" };

  for (guint i = 0; message != NULL && i < G_N_ELEMENTS (kinds); i++) {
    const gchar *line = gst_structure_get_string (message, "line");
    const gchar *zone = gst_structure_get_string (message, "zone");
    guint64 id = 0;
    Event *event;

    if (!gst_structure_has_name (message, kinds[i]))
      continue;
    gst_structure_get_uint64 (message, "id", &id);
    event = add_event (self, camera, kinds[i],
        gst_structure_get_string (message, "label"), (gint64) id);
    event->place = copy_text (line != NULL ? line : zone);
    event->direction =
        copy_text (gst_structure_get_string (message, "direction"));
  }
}

guint64
view_journal_get_last_event (const ViewJournal *self)
{
  return self->n_events;
}

static void
add_event_json (const Event *self, JsonBuilder *builder)
{
  json_builder_begin_object (builder);
  json_builder_set_member_name (builder, "number");
  json_builder_add_int_value (builder, (gint64) self->number);
  json_builder_set_member_name (builder, "time");
  json_builder_add_int_value (builder, self->time);
  json_builder_set_member_name (builder, "camera");
  json_builder_add_int_value (builder, self->camera);
  json_builder_set_member_name (builder, "kind");
  json_builder_add_string_value (builder, self->kind);
  if (self->label != NULL) {
    json_builder_set_member_name (builder, "label");
    json_builder_add_string_value (builder, self->label);
  }
  if (self->id > 0) {
    json_builder_set_member_name (builder, "id");
    json_builder_add_int_value (builder, self->id);
  }
  if (self->place != NULL) {
    json_builder_set_member_name (builder, "place");
    json_builder_add_string_value (builder, self->place);
  }
  if (self->direction != NULL) {
    json_builder_set_member_name (builder, "direction");
    json_builder_add_string_value (builder, self->direction);
  }
  json_builder_end_object (builder);
}

/**
 * view_journal_add_events_json:
 * @self: a journal
 * @after: a number of an event
 * @builder: gets an array of the events after that
 */
void
view_journal_add_events_json (
    const ViewJournal *self, guint64 after, JsonBuilder *builder)
{
  json_builder_begin_array (builder);
  for (GList *link = self->events.head; link; link = link->next) {
    const Event *event = link->data;

    if (event->number > after)
      add_event_json (event, builder);
  }
  json_builder_end_array (builder);
}

static void
add_counts_json (GHashTable *counts, const gchar *name, JsonBuilder *builder)
{
  GHashTableIter iter;
  gpointer key, value;

  json_builder_set_member_name (builder, name);
  json_builder_begin_object (builder);
  g_hash_table_iter_init (&iter, counts);
  while (g_hash_table_iter_next (&iter, &key, &value)) {
    g_autofree gchar *label =
        g_utf8_make_valid (g_quark_to_string (GPOINTER_TO_UINT (key)), -1);

    json_builder_set_member_name (builder, label);
    json_builder_add_int_value (builder, GPOINTER_TO_UINT (value));
  }
  json_builder_end_object (builder);
}

static void
add_number (JsonBuilder *builder, const gchar *name, gdouble number)
{
  json_builder_set_member_name (builder, name);
  if (number < 0)
    json_builder_add_null_value (builder);
  else
    json_builder_add_double_value (
        builder, (gint64) (number * 100 + 0.5) / 100.0);
}

static void
add_second_json (const Second *self, JsonBuilder *builder)
{
  add_number (builder, "frames_per_second", self->frames);
  add_number (builder, "inferences_per_second", self->inferences);
  add_number (builder, "latency_ms", self->latency);
  add_number (builder, "dpu_use", self->busy);
  json_builder_set_member_name (builder, "objects");
  json_builder_add_int_value (builder, self->objects);
}

static void
add_camera_json (CameraJournal *self, ViewCamera *camera, JsonBuilder *builder)
{
  static const Second none = { .latency = -1 };
  const Second *second = g_queue_peek_tail (&self->seconds);
  const gchar *error = view_camera_get_error (camera);
  ViewCameraCounters counters;

  view_camera_get_counters (camera, &counters);
  json_builder_begin_object (builder);
  json_builder_set_member_name (builder, "name");
  json_builder_add_string_value (builder, view_camera_get_name (camera));
  json_builder_set_member_name (builder, "error");
  if (error != NULL)
    json_builder_add_string_value (builder, error);
  else
    json_builder_add_null_value (builder);
  json_builder_set_member_name (builder, "frames");
  json_builder_add_int_value (builder, (gint64) counters.frames);
  json_builder_set_member_name (builder, "inferences");
  json_builder_add_int_value (builder, (gint64) counters.inferences);
  json_builder_set_member_name (builder, "encoded");
  json_builder_add_int_value (builder, (gint64) counters.encoded);
  add_number (builder, "inference_ms",
      counters.inferences > 0 ? (gdouble) counters.inference_time / GST_MSECOND
                                    / (gdouble) counters.inferences
                              : -1);
  add_second_json (second != NULL ? second : &none, builder);
  add_counts_json (self->present, "present", builder);
  add_counts_json (self->totals, "totals", builder);
  json_builder_end_object (builder);
}

/**
 * view_journal_add_stats_json:
 * @self: a journal
 * @cameras: the cameras
 * @builder: gets an array with an object for each camera
 */
void
view_journal_add_stats_json (
    ViewJournal *self, ViewCamera *const *cameras, JsonBuilder *builder)
{
  json_builder_begin_array (builder);
  for (guint i = 0; i < self->n_cameras; i++)
    add_camera_json (&self->cameras[i], cameras[i], builder);
  json_builder_end_array (builder);
}

/**
 * view_journal_add_history_json:
 * @self: a journal
 * @builder: gets an array with an array of seconds for each camera
 */
void
view_journal_add_history_json (const ViewJournal *self, JsonBuilder *builder)
{
  json_builder_begin_array (builder);
  for (guint i = 0; i < self->n_cameras; i++) {
    json_builder_begin_array (builder);
    for (GList *link = self->cameras[i].seconds.head; link; link = link->next) {
      json_builder_begin_object (builder);
      add_second_json (link->data, builder);
      json_builder_end_object (builder);
    }
    json_builder_end_array (builder);
  }
  json_builder_end_array (builder);
}
