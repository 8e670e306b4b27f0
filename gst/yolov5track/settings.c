/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Defaults and documentation of the tracking element's properties, and what
 * they mean to a tracker. */

#include "settings.h"

#include "properties.h"

#define ID(field) GST_YOLOV5_PROPERTY_ID (TrackSettings, field)

#define FLAGS                                                                  \
  (G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_PLAYING)

#define DEFAULT_MAX_LOST_TIME (2 * GST_SECOND)
#define MAX_LOST_TIME (3600 * GST_SECOND)
#define DEFAULT_MIN_HITS 2
#define MAX_MIN_HITS 100

GType
track_unique_ids_get_type (void)
{
  static const GEnumValue values[] = {
    { TRACK_UNIQUE_IDS_STREAM, "From 1 in each element", "stream" },
    { TRACK_UNIQUE_IDS_PROCESS, "No id twice in all elements of the process",
        "process" },
    { 0, NULL, NULL },
  };
  static gsize type = 0;

  if (g_once_init_enter (&type))
    g_once_init_leave (
        &type, g_enum_register_static ("GstYolov5TrackUniqueIds", values));

  return type;
}

/* which detections are followed */
static void
install_detection_properties (GObjectClass *object_class)
{
  /**
   * GstYolov5Track:high-threshold:
   *
   * Least confidence of a detection with which a track may begin. 0 is 0.5, or
   * #GstYolov5Track:low-threshold where that is higher.
   */
  g_object_class_install_property (object_class, ID (high_threshold),
      g_param_spec_float ("high-threshold", "High threshold",
          "Least confidence of a detection that starts a track "
          "(0 = automatic)",
          0, 1, 0, FLAGS));

  /**
   * GstYolov5Track:low-threshold:
   *
   * Least confidence of a detection with which a track may go on: someone half
   * hidden is still someone. 0 is whatever the detector attached, which has a
   * threshold of its own.
   */
  g_object_class_install_property (object_class, ID (low_threshold),
      g_param_spec_float ("low-threshold", "Low threshold",
          "Least confidence of a detection that continues a track "
          "(0 = all that the detector attached)",
          0, 1, 0, FLAGS));

  /**
   * GstYolov5Track:per-class:
   *
   * Whether only detections of its own class continue a track. Else a van that
   * is taken for a car on one frame stays one object. The class of a track is
   * the one its detections had most, weighted by their confidence.
   */
  g_object_class_install_property (object_class, ID (per_class),
      g_param_spec_boolean ("per-class", "Per class",
          "Whether only detections of the same class continue a track", FALSE,
          FLAGS));

  /**
   * GstYolov5Track:classes:
   *
   * The classes to follow, by label (in upper or lower case) or number,
   * separated by commas. %NULL or an empty text is all. Detections of others
   * pass as they are.
   */
  g_object_class_install_property (object_class, ID (classes),
      g_param_spec_string ("classes", "Classes",
          "Labels or numbers of the classes to follow, for example "
          "\"person,2\" (NULL = all)",
          NULL, FLAGS));
}

/**
 * track_settings_install:
 * @object_class: of the element
 */
void
track_settings_install (GObjectClass *object_class)
{
  /**
   * GstYolov5Track:max-lost-time:
   *
   * For how long, in nanoseconds of the stream's time, an object may be out of
   * sight and have the same id when it is back. It also limits for how long
   * boxes are predicted when nobody looks.
   */
  g_object_class_install_property (object_class, ID (max_lost_time),
      g_param_spec_uint64 ("max-lost-time", "Maximum lost time",
          "Nanoseconds for which an object may be out of sight and keep its id",
          0, MAX_LOST_TIME, DEFAULT_MAX_LOST_TIME, FLAGS));

  /**
   * GstYolov5Track:min-hits:
   *
   * On how many frames an object has to be found before it has an id, so that
   * what a detector sees once by mistake has none. Where less than every 0.4
   * seconds a frame is looked at, once is enough.
   */
  g_object_class_install_property (object_class, ID (min_hits),
      g_param_spec_uint ("min-hits", "Minimum hits",
          "On how many frames an object has to be found to have an id", 1,
          MAX_MIN_HITS, DEFAULT_MIN_HITS, FLAGS));

  install_detection_properties (object_class);

  /**
   * GstYolov5Track:predict:
   *
   * Whether boxes are attached to frames that nobody looked at, where objects
   * are expected to be. They are marked as predicted.
   */
  g_object_class_install_property (object_class, ID (predict),
      g_param_spec_boolean ("predict", "Predict",
          "Whether to attach predicted boxes to frames nobody looked at", TRUE,
          FLAGS));

  /**
   * GstYolov5Track:unique-ids:
   *
   * Among which objects an id is unique. With `stream` each element counts from
   * 1 when it starts.
   */
  g_object_class_install_property (object_class, ID (unique_ids),
      g_param_spec_enum ("unique-ids", "Unique ids",
          "Among which objects an id is unique", TRACK_TYPE_UNIQUE_IDS,
          TRACK_UNIQUE_IDS_STREAM, FLAGS));

  /**
   * GstYolov5Track:post-messages:
   *
   * Whether to post an element message with the objects of each frame that was
   * looked at or has predicted ones.
   */
  g_object_class_install_property (object_class, ID (post_messages),
      g_param_spec_boolean ("post-messages", "Post messages",
          "Post an element message with the objects of each frame", FALSE,
          FLAGS));
}

/**
 * track_settings_get_tracker:
 * @tracker: (out): what a tracker has to know of them
 */
void
track_settings_get_tracker (const TrackSettings *self, TrackerSettings *tracker)
{
  tracker_settings_init (tracker);
  tracker->low_threshold = self->low_threshold;
  if (self->high_threshold > 0)
    tracker->high_threshold = self->high_threshold;
  tracker->high_threshold =
      MAX (tracker->high_threshold, tracker->low_threshold);
  tracker->per_class = self->per_class;
  tracker->min_hits = self->min_hits;
  tracker->max_lost_time = self->max_lost_time;
}
