/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Objects that have ids are counted once each, others anew in every frame. */

#include "summary.h"

#include <string.h>

/**
 * Track:
 * @labels: (element-type utf8 guint): what it was taken for, and how often
 * @first: when it was found first, nanoseconds
 * @last: when it was found last
 */
typedef struct {
  GHashTable *labels;
  GstClockTime first;
  GstClockTime last;
} Track;

/**
 * DetectSummary:
 * @objects: (element-type utf8 guint): of all frames
 * @source_objects: of the frames of the current source
 * @tracks: (element-type guint64 Track): of the current source
 * @seen: (element-type utf8 GArray): of each class how long its tracks were
 *   seen, nanoseconds; of all sources
 * @zones: (element-type utf8): of each video with lines and zones its name, and
 *   lines about them
 * @inference_time: of the current source, nanoseconds in all
 * @first_time, @last_time: of the current source, microseconds
 * @busy_time: of sources before, microseconds between their first and last
 *   frames
 * @n_steps: how many frames followed another one in that time
 */
struct _DetectSummary {
  guint n_pictures;
  guint n_videos;
  guint64 n_frames;
  GHashTable *objects;
  GHashTable *seen;
  GPtrArray *zones;

  GHashTable *source_objects;
  GHashTable *tracks;
  guint64 n_source_frames;
  gint width;
  gint height;
  GstClockTime inference_time;

  gint64 first_time;
  gint64 last_time;
  gint64 busy_time;
  guint64 n_steps;
};

static void
track_free (Track *self)
{
  g_hash_table_unref (self->labels);
  g_free (self);
}

DetectSummary *
detect_summary_new (void)
{
  DetectSummary *self = g_new0 (DetectSummary, 1);

  self->objects = g_hash_table_new (g_str_hash, g_str_equal);
  self->source_objects = g_hash_table_new (g_str_hash, g_str_equal);
  self->seen = g_hash_table_new_full (
      g_str_hash, g_str_equal, NULL, (GDestroyNotify) g_array_unref);
  self->tracks = g_hash_table_new_full (
      g_int64_hash, g_int64_equal, g_free, (GDestroyNotify) track_free);
  self->zones = g_ptr_array_new_with_free_func (g_free);
  return self;
}

void
detect_summary_free (DetectSummary *self)
{
  g_hash_table_unref (self->objects);
  g_hash_table_unref (self->source_objects);
  g_hash_table_unref (self->seen);
  g_hash_table_unref (self->tracks);
  g_ptr_array_unref (self->zones);
  g_free (self);
}

/* labels are interned */
static void
count (GHashTable *counts, const gchar *label, guint n)
{
  guint old = GPOINTER_TO_UINT (g_hash_table_lookup (counts, label));

  g_hash_table_insert (counts, (gpointer) label, GUINT_TO_POINTER (old + n));
}

/**
 * detect_summary_begin:
 *
 * The frames that follow are of @source.
 */
void
detect_summary_begin (DetectSummary *self, const DetectSource *source)
{
  g_hash_table_remove_all (self->source_objects);
  g_hash_table_remove_all (self->tracks);
  self->n_source_frames = 0;
  self->inference_time = 0;
  /* the time between two pictures is theirs, that between videos nobody's */
  if (source->kind != DETECT_PICTURE)
    self->first_time = 0;
}

static void
add_to_track (DetectSummary *self, const DetectBox *box, GstClockTime time)
{
  gint64 id = (gint64) box->id;
  gint64 *key;
  Track *track = g_hash_table_lookup (self->tracks, &id);

  if (track == NULL) {
    track = g_new0 (Track, 1);
    track->labels = g_hash_table_new (g_str_hash, g_str_equal);
    track->first = time;
    key = g_new (gint64, 1);
    *key = id;
    g_hash_table_insert (self->tracks, key, track);
  }
  track->last = time;
  count (track->labels, box->label, 1);
}

/**
 * detect_summary_add:
 */
void
detect_summary_add (DetectSummary *self, const DetectFrame *frame)
{
  self->n_frames++;
  self->n_source_frames++;
  self->width = frame->width;
  self->height = frame->height;
  self->inference_time += frame->inference_time;
  self->last_time = g_get_monotonic_time ();
  if (self->first_time == 0) {
    self->first_time = self->last_time;
  } else {
    self->busy_time += self->last_time - self->first_time;
    self->first_time = self->last_time;
    self->n_steps++;
  }

  for (guint i = 0; i < frame->boxes->len; i++) {
    const DetectBox *box = &g_array_index (frame->boxes, DetectBox, i);

    if (box->is_predicted)
      continue;
    count (self->source_objects, box->label, 1);
    count (self->objects, box->label, 1);
    if (box->id != 0)
      add_to_track (self, box, frame->pts);
  }
}

static const gchar *
find_label (const Track *track)
{
  const gchar *best = NULL;
  gpointer label, n;
  GHashTableIter iter;
  guint most = 0;

  g_hash_table_iter_init (&iter, track->labels);
  while (g_hash_table_iter_next (&iter, &label, &n)) {
    /* of equals always the same */
    if (GPOINTER_TO_UINT (n) > most
        || (GPOINTER_TO_UINT (n) == most && strcmp (label, best) < 0)) {
      most = GPOINTER_TO_UINT (n);
      best = label;
    }
  }
  return best;
}

/* (transfer full): different objects of each class */
static GHashTable *
fold_tracks (DetectSummary *self)
{
  GHashTable *counts = g_hash_table_new (g_str_hash, g_str_equal);
  GHashTableIter iter;
  gpointer value;

  g_hash_table_iter_init (&iter, self->tracks);
  while (g_hash_table_iter_next (&iter, NULL, &value)) {
    const Track *track = value;
    const gchar *label = find_label (track);
    GArray *times = g_hash_table_lookup (self->seen, label);
    GstClockTime time = GST_CLOCK_TIME_IS_VALID (track->first)
                                && GST_CLOCK_TIME_IS_VALID (track->last)
                                && track->last > track->first
                            ? track->last - track->first
                            : 0;

    if (times == NULL) {
      times = g_array_new (FALSE, FALSE, sizeof (GstClockTime));
      g_hash_table_insert (self->seen, (gpointer) label, times);
    }
    g_array_append_val (times, time);
    count (counts, label, 1);
  }
  return counts;
}

static gint
compare_labels (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const gchar *const *) a, *(const gchar *const *) b);
}

static gchar **
sort_labels (GHashTable *table, guint *n)
{
  gchar **labels = (gchar **) g_hash_table_get_keys_as_array (table, n);

  qsort (labels, *n, sizeof (gchar *), compare_labels);
  return labels;
}

/* "6.0 person, 0.4 car", a frame */
static gchar *
describe_means (const DetectSummary *self)
{
  guint n;
  g_autofree gchar **labels = sort_labels (self->source_objects, &n);
  GString *text = g_string_new (n == 0 ? "nothing" : NULL);

  for (guint i = 0; i < n; i++)
    g_string_append_printf (text, "%s%.2g %s", i > 0 ? ", " : "",
        GPOINTER_TO_UINT (g_hash_table_lookup (self->source_objects, labels[i]))
            / (gdouble) self->n_source_frames,
        labels[i]);
  if (n > 0)
    g_string_append (text, " a frame");
  return g_string_free (text, FALSE);
}

static guint64
get_count (const GstStructure *counts, const gchar *name)
{
  guint64 n = 0;

  gst_structure_get_uint64 (counts, name, &n);
  return n;
}

static void
append_shape (GString *text, const GstStructure *shape, gboolean is_line,
    const gchar *what)
{
  if (is_line)
    g_string_append_printf (text,
        "%s %" G_GUINT64_FORMAT " forward, %" G_GUINT64_FORMAT " backward",
        what, get_count (shape, "forward"), get_count (shape, "backward"));
  else
    g_string_append_printf (text,
        "%s %" G_GUINT64_FORMAT " entered, %" G_GUINT64_FORMAT
        " left, longest stay %.1f s",
        what, get_count (shape, "entered"), get_count (shape, "left"),
        get_count (shape, "longest") / (gdouble) GST_SECOND);
}

/* with a line for each class, where there are several */
static void
append_shapes (GString *text, const GstStructure *zones, const gchar *field,
    const gchar *kind)
{
  const GValue *shapes = gst_structure_get_value (zones, field);
  gboolean is_line = g_str_equal (kind, "line");

  for (guint i = 0; shapes != NULL && i < gst_value_array_get_size (shapes);
       i++) {
    const GstStructure *shape =
        gst_value_get_structure (gst_value_array_get_value (shapes, i));
    const GValue *classes = gst_structure_get_value (shape, "classes");
    guint n_classes = classes != NULL ? gst_value_array_get_size (classes) : 0;
    const gchar *name = gst_structure_get_string (shape, "name");

    g_string_append_printf (text, "  %s %s:", kind, name);
    if (n_classes == 0)
      append_shape (text, shape, is_line, "");
    for (guint j = 0; j < n_classes; j++) {
      const GstStructure *class =
          gst_value_get_structure (gst_value_array_get_value (classes, j));
      g_autofree gchar *what = g_strdup_printf (
          "%s %s", j > 0 ? ";" : "", gst_structure_get_string (class, "label"));

      append_shape (text, class, is_line, what);
    }
    g_string_append_c (text, '\n');
  }
}

static gchar *
describe_video (DetectSummary *self)
{
  g_autoptr (GHashTable) different = fold_tracks (self);
  g_autofree gchar *objects = self->n_source_frames == 0 ? g_strdup ("nothing")
                              : g_hash_table_size (different) > 0
                                  ? detect_describe_counts (different)
                                  : describe_means (self);

  return g_strdup_printf ("%" G_GUINT64_FORMAT " frames  %s  %.1f ms a frame",
      self->n_source_frames, objects,
      self->inference_time
          / (gdouble) (MAX (self->n_source_frames, 1) * GST_MSECOND));
}

/**
 * detect_summary_end:
 * @source: all of whose frames were added
 * @zones: (nullable): yolov5zones' stats
 *
 * Returns: (transfer full): the line about it
 */
gchar *
detect_summary_end (
    DetectSummary *self, const DetectSource *source, const GstStructure *zones)
{
  g_autofree gchar *found = NULL;

  if (source->kind == DETECT_PICTURE) {
    g_autofree gchar *objects = detect_describe_counts (self->source_objects);

    self->n_pictures++;
    found = g_strdup_printf (
        "%s  %.1f ms", objects, self->inference_time / (gdouble) GST_MSECOND);
  } else {
    self->n_videos++;
    found = describe_video (self);
  }
  if (zones != NULL) {
    GString *text = g_string_new (NULL);

    append_shapes (text, zones, "lines", "line");
    append_shapes (text, zones, "zones", "zone");
    g_ptr_array_add (self->zones, g_strdup (source->name));
    g_ptr_array_add (self->zones, g_string_free (text, FALSE));
  }
  return g_strdup_printf (
      "%s  %dx%d  %s", source->name, self->width, self->height, found);
}

/**
 * detect_summary_get_rate:
 *
 * Returns: frames a second, without the time it takes to open model and sources
 */
gdouble
detect_summary_get_rate (const DetectSummary *self)
{
  return self->busy_time > 0 ? self->n_steps * 1e6 / self->busy_time : 0;
}

static gint
compare_times (gconstpointer a, gconstpointer b)
{
  GstClockTime left = *(const GstClockTime *) a;
  GstClockTime right = *(const GstClockTime *) b;

  return (left > right) - (left < right);
}

static void
append_tracks (GString *text, const DetectSummary *self)
{
  guint n;
  g_autofree gchar **labels = sort_labels (self->seen, &n);

  g_string_append (text,
      "Different objects, and for how long each was seen (median, longest):\n");
  for (guint i = 0; i < n; i++) {
    GArray *times = g_hash_table_lookup (self->seen, labels[i]);

    g_array_sort (times, compare_times);
    g_string_append_printf (text, "  %-16s %6u   %6.1f s  %6.1f s\n", labels[i],
        times->len,
        g_array_index (times, GstClockTime, times->len / 2)
            / (gdouble) GST_SECOND,
        g_array_index (times, GstClockTime, times->len - 1)
            / (gdouble) GST_SECOND);
  }
}

static void
append_objects (GString *text, const DetectSummary *self)
{
  guint n;
  g_autofree gchar **labels = sort_labels (self->objects, &n);

  g_string_append (text, self->n_videos > 0
                             ? "Objects, counted anew in every frame:\n"
                             : "Objects:\n");
  for (guint i = 0; i < n; i++)
    g_string_append_printf (text, "  %-16s %6u\n", labels[i],
        GPOINTER_TO_UINT (g_hash_table_lookup (self->objects, labels[i])));
  if (n == 0)
    g_string_append (text, "  none\n");
}

static void
append_zones (GString *text, const DetectSummary *self)
{
  if (self->zones->len > 0)
    g_string_append (
        text, "Lines and zones, counted once per object and crossing:\n");
  for (guint i = 0; i < self->zones->len; i += 2) {
    if (self->zones->len > 2)
      g_string_append_printf (text, "  %s\n", (gchar *) self->zones->pdata[i]);
    g_string_append (text, self->zones->pdata[i + 1]);
  }
}

static void
append_stage (GString *text, const GstStructure *stats, const gchar *field,
    const gchar *name)
{
  GstClockTime time = 0;

  gst_structure_get_clock_time (stats, field, &time);
  g_string_append_printf (
      text, "  %-16s %6.2f ms\n", name, time / (gdouble) GST_MSECOND);
}

/**
 * detect_summary_to_text:
 * @stats: (nullable): yolov5dpu's
 *
 * Returns: (transfer full): lines about all sources
 */
gchar *
detect_summary_to_text (const DetectSummary *self, const GstStructure *stats)
{
  GString *text = g_string_new ("\n");

  if (self->n_pictures > 0)
    g_string_append_printf (text, "%u picture%s%s", self->n_pictures,
        self->n_pictures == 1 ? "" : "s", self->n_videos > 0 ? " and " : "");
  if (self->n_videos > 0)
    g_string_append_printf (text,
        "%u video%s with %" G_GUINT64_FORMAT " frames", self->n_videos,
        self->n_videos == 1 ? "" : "s", self->n_frames - self->n_pictures);
  if (self->n_steps > 0)
    g_string_append_printf (
        text, ", %.1f a second in all", detect_summary_get_rate (self));
  g_string_append_c (text, '\n');
  if (g_hash_table_size (self->seen) > 0)
    append_tracks (text, self);
  else
    append_objects (text, self);
  append_zones (text, self);
  if (stats != NULL) {
    g_string_append (text,
        "Where the time of a frame went in yolov5dpu (medians; stages of "
        "several frames run side by side):\n");
    append_stage (text, stats, "letterbox-median", "letterbox");
    append_stage (text, stats, "inference-median", "inference");
    append_stage (text, stats, "postprocess-median", "postprocess");
    append_stage (text, stats, "total-median", "total");
  }
  return g_string_free (text, FALSE);
}
