/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Defaults and documentation of the properties of the element that counts. */

#include "settings.h"

#include "properties.h"

#define ID(field) GST_YOLOV5_PROPERTY_ID (ZonesSettings, field)

#define FLAGS                                                                  \
  (G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_PLAYING)

/* a second more than yolov5track's */
#define DEFAULT_MAX_LOST_TIME (3 * GST_SECOND)
#define MAX_LOST_TIME (2 * 3600 * GST_SECOND)

/**
 * zones_settings_install:
 * @object_class: of the element
 */
void
zones_settings_install (GObjectClass *object_class)
{
  /**
   * GstYolov5Zones:config:
   *
   * The file with lines and zones. It is read when the element starts (READY to
   * PAUSED) and with #GstYolov5Zones::reload.
   */
  g_object_class_install_property (object_class, ID (config),
      g_param_spec_string ("config", "Configuration",
          "File with lines and zones, read at the start and by reload", NULL,
          FLAGS));

  /**
   * GstYolov5Zones:max-lost-time:
   *
   * After how many nanoseconds of the stream's time an object is gone that is
   * not found on frames that were looked at. Set it to more than the tracker's
   * own, which may give the object its id again until then.
   */
  g_object_class_install_property (object_class, ID (max_lost_time),
      g_param_spec_uint64 ("max-lost-time", "Maximum lost time",
          "Nanoseconds after which an object is gone that is not found; more "
          "than the tracker's",
          0, MAX_LOST_TIME, DEFAULT_MAX_LOST_TIME, FLAGS));

  /**
   * GstYolov5Zones:post-messages:
   *
   * Whether to post an element message for each event.
   */
  g_object_class_install_property (object_class, ID (post_messages),
      g_param_spec_boolean ("post-messages", "Post messages",
          "Whether to post an element message for each crossing and visit",
          TRUE, FLAGS));
}
