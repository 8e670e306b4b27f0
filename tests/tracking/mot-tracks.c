/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Tracks the detections of a sequence, both as MOTChallenge's text files, whose
 * lines are frame,id,x,y,width,height,confidence. For scoring, for counting
 * instructions, and for what lines and zones count. */

#include <glib.h>

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tracking/tracking.h"
#include "tracking/zones.h"

/* an hour at 60 fps */
#define MAX_FRAMES 216000

typedef enum { FIELD_DOUBLE, FIELD_UINT, FIELD_TIME } FieldType;

#define FIELD(name, type)                                                      \
  {                                                                            \
#name, offsetof(TrackerSettings, name), FIELD_##type                       \
  }
#define TUNING(name, type)                                                     \
  {                                                                            \
#name, offsetof(TrackerSettings, tuning.name), FIELD_##type                \
  }

static const struct {
  const gchar *name;
  gsize offset;
  FieldType type;
} fields[] = {
  FIELD (high_threshold, DOUBLE),
  FIELD (low_threshold, DOUBLE),
  FIELD (per_class, UINT),
  FIELD (min_hits, UINT),
  FIELD (max_lost_time, TIME),
  TUNING (box_noise, DOUBLE),
  TUNING (initial_speed, DOUBLE),
  TUNING (acceleration, DOUBLE),
  TUNING (growth, DOUBLE),
  TUNING (growth_time, DOUBLE),
  TUNING (box_margin, DOUBLE),
  TUNING (min_overlap, DOUBLE),
  TUNING (min_weak_overlap, DOUBLE),
  TUNING (reach, DOUBLE),
  TUNING (reach_speed, DOUBLE),
  TUNING (max_reach, DOUBLE),
  TUNING (max_size_ratio, DOUBLE),
  TUNING (lost_weight, DOUBLE),
  TUNING (new_weight, DOUBLE),
  TUNING (weak_weight, DOUBLE),
  TUNING (label_weight, DOUBLE),
  TUNING (duplicate_overlap, DOUBLE),
  TUNING (tentative_time, TIME),
  TUNING (rare_period, TIME),
};

static gdouble fps = 25;
static gint interval = 1;
static gdouble threshold = 0;
static gboolean detected_only = FALSE;
static gboolean list_settings = FALSE;
static gchar **assignments = NULL;
static gchar *zones_path = NULL;
static gint frame_width = 1920;
static gint frame_height = 1080;

static const GOptionEntry options[] = {
  { "fps", 0, 0, G_OPTION_ARG_DOUBLE, &fps, "frames per second (25)", "N" },
  { "interval", 0, 0, G_OPTION_ARG_INT, &interval,
      "look at every Nth frame only, from the first on (1)", "N" },
  { "threshold", 0, 0, G_OPTION_ARG_DOUBLE, &threshold,
      "leave out less confident detections (0)", "CONFIDENCE" },
  { "detected-only", 0, 0, G_OPTION_ARG_NONE, &detected_only,
      "write no predicted boxes", NULL },
  { "set", 0, 0, G_OPTION_ARG_STRING_ARRAY, &assignments,
      "change a setting; times are in seconds", "NAME=VALUE" },
  { "zones", 0, 0, G_OPTION_ARG_FILENAME, &zones_path,
      "print what lines and zones counted", "FILE" },
  { "width", 0, 0, G_OPTION_ARG_INT, &frame_width,
      "of the frames, for zones (1920)", "PIXELS" },
  { "height", 0, 0, G_OPTION_ARG_INT, &frame_height,
      "of the frames, for zones (1080)", "PIXELS" },
  { "list", 0, 0, G_OPTION_ARG_NONE, &list_settings,
      "print the settings and their values", NULL },
  { NULL },
};

static void
set_field (TrackerSettings *settings, guint index, gdouble value)
{
  gpointer place = (guint8 *) settings + fields[index].offset;

  if (fields[index].type == FIELD_DOUBLE)
    *(gdouble *) place = value;
  else if (fields[index].type == FIELD_UINT)
    *(guint *) place = value;
  else
    *(guint64 *) place = value * TRACKING_SECOND;
}

static gdouble
get_field (const TrackerSettings *settings, guint index)
{
  gconstpointer place = (const guint8 *) settings + fields[index].offset;

  if (fields[index].type == FIELD_DOUBLE)
    return *(const gdouble *) place;
  if (fields[index].type == FIELD_UINT)
    return *(const guint *) place;
  return (gdouble) * (const guint64 *) place / TRACKING_SECOND;
}

static gboolean
apply (TrackerSettings *settings, const gchar *assignment)
{
  const gchar *equals = strchr (assignment, '=');

  for (guint i = 0; i < G_N_ELEMENTS (fields) && equals != NULL; i++) {
    gsize length = equals - assignment;

    if (strlen (fields[i].name) == length
        && strncmp (fields[i].name, assignment, length) == 0) {
      set_field (settings, i, g_ascii_strtod (equals + 1, NULL));
      return TRUE;
    }
  }
  fprintf (stderr, "There is no such setting: %s\n", assignment);
  return FALSE;
}

/* Returns: (element-type GArray): the TrackerDetections of each frame */
static GPtrArray *
read_detections (const gchar *path, GError **error)
{
  g_autofree gchar *text = NULL;
  g_auto (GStrv) lines = NULL;
  GPtrArray *frames =
      g_ptr_array_new_with_free_func ((GDestroyNotify) g_array_unref);
  GQuark label = g_quark_from_static_string ("object");

  if (!g_file_get_contents (path, &text, NULL, error))
    return frames;
  lines = g_strsplit (text, "\n", -1);
  for (guint i = 0; lines[i] != NULL; i++) {
    TrackerDetection detection = { .label = label };
    TrackingBox *box = &detection.box;
    guint frame;

    if (sscanf (lines[i], "%u,%*d,%lf,%lf,%lf,%lf,%lf", &frame, &box->x,
            &box->y, &box->width, &box->height, &detection.confidence)
            != 6
        || frame < 1 || frame > MAX_FRAMES)
      continue;
    while (frames->len < frame)
      g_ptr_array_add (
          frames, g_array_new (FALSE, FALSE, sizeof (TrackerDetection)));
    if (detection.confidence >= threshold)
      g_array_append_val ((GArray *) frames->pdata[frame - 1], detection);
  }
  return frames;
}

static void
write_tracks (FILE *file, guint frame, const TrackerResult *result)
{
  for (guint i = 0; i < result->n_tracks; i++) {
    const TrackerTrack *track = &result->tracks[i];

    if (track->state == TRACKER_TRACK_LOST
        || (detected_only && track->state != TRACKER_TRACK_DETECTED))
      continue;
    fprintf (file,
        "%u,%" G_GUINT64_FORMAT ",%.2f,%.2f,%.2f,%.2f,%.3f,-1,-1,-1\n", frame,
        track->id, track->box.x, track->box.y, track->box.width,
        track->box.height, track->confidence);
  }
}

static void
feed_zones (Zones *zones, const TrackerResult *result, guint64 timestamp)
{
  static ZonesObject objects[2 * TRACKER_MAX_DETECTIONS];
  ZonesFrame frame = {
    .timestamp = timestamp,
    .width = frame_width,
    .height = frame_height,
    .has_looked = result->track_of_detection != NULL,
    .objects = objects,
  };
  ZonesResult happened;

  for (guint i = 0; i < result->n_tracks; i++) {
    const TrackerTrack *track = &result->tracks[i];

    if (track->state != TRACKER_TRACK_LOST)
      objects[frame.n_objects++] = (ZonesObject){
        .id = track->id,
        .box = track->box,
        .label = track->label,
        .is_predicted = track->state == TRACKER_TRACK_PREDICTED,
      };
  }
  zones_update (zones, &frame, &happened);
}

static void
print_counts (Zones *zones)
{
  ZonesConfig *config = zones_get_config (zones);

  for (guint i = 0; i < zones_config_get_n_shapes (config); i++) {
    const ZonesShape *shape = zones_config_get_shape (config, i);
    const ZonesCounts *counts = zones_get_counts (zones, i);

    if (shape->kind == ZONES_LINE)
      printf ("line %s: %" G_GUINT64_FORMAT " forward, %" G_GUINT64_FORMAT
              " backward\n",
          shape->name, counts->forward, counts->backward);
    else
      printf ("zone %s: %" G_GUINT64_FORMAT " entered, %" G_GUINT64_FORMAT
              " left, %.1f s on average\n",
          shape->name, counts->entered, counts->left,
          (gdouble) counts->stayed / TRACKING_SECOND / MAX (counts->left, 1));
  }
}

/* @zones: (nullable) */
static void
track_sequence (const TrackerSettings *settings, const GPtrArray *frames,
    Zones *zones, FILE *file)
{
  g_autoptr (Tracker) tracker = tracker_new ();
  guint64 period = TRACKING_SECOND / fps;

  tracker_set_settings (tracker, settings);
  for (guint i = 0; i < frames->len; i++) {
    const GArray *found = frames->pdata[i];
    TrackerResult result;

    if (i % interval == 0)
      tracker_update (tracker, i * period, period,
          (const TrackerDetection *) found->data, found->len, &result);
    else
      tracker_predict (tracker, i * period, period, &result);
    write_tracks (file, i + 1, &result);
    if (zones != NULL)
      feed_zones (zones, &result, i * period);
  }
}

int
main (int argc, char **argv)
{
  g_autoptr (GOptionContext) context =
      g_option_context_new ("DETECTIONS.txt TRACKS.txt");
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) frames = NULL;
  g_autoptr (ZonesConfig) config = NULL;
  g_autoptr (Zones) zones = NULL;
  TrackerSettings settings;
  FILE *file;

  tracker_settings_init (&settings);
  g_option_context_add_main_entries (context, options, NULL);
  if (!g_option_context_parse (context, &argc, &argv, &error)) {
    fprintf (stderr, "%s\n", error->message);
    return 2;
  }
  for (guint i = 0; assignments != NULL && assignments[i] != NULL; i++) {
    if (!apply (&settings, assignments[i]))
      return 2;
  }
  for (guint i = 0; i < G_N_ELEMENTS (fields) && list_settings; i++)
    printf ("%s=%g\n", fields[i].name, get_field (&settings, i));
  if (list_settings)
    return 0;
  if (argc != 3 || interval < 1 || fps <= 0 || frame_width < 1
      || frame_height < 1) {
    g_autofree gchar *help = g_option_context_get_help (context, TRUE, NULL);

    fputs (help, stderr);
    return 2;
  }

  frames = read_detections (argv[1], &error);
  if (error == NULL && zones_path != NULL)
    config = zones_config_new_from_file (zones_path, &error);
  if (config != NULL)
    zones = zones_new (config);
  file = error == NULL ? fopen (argv[2], "w") : NULL;
  if (file == NULL) {
    if (error != NULL)
      fprintf (stderr, "%s\n", error->message);
    else
      perror (argv[2]);
    return 1;
  }
  track_sequence (&settings, frames, zones, file);
  if (zones != NULL)
    print_counts (zones);
  return fclose (file) == 0 ? 0 : 1;
}
