/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* What the detector's properties are called, mean and may be. A new one is a
 * field of #GstYolov5Settings and a paragraph here. */

#include "settings.h"

#include "properties.h"

#define ID(field) GST_YOLOV5_PROPERTY_ID (GstYolov5Settings, field)

#define READY_FLAGS                                                            \
  (G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_READY)
#define PLAYING_FLAGS                                                          \
  (G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_PLAYING)

GType
gst_yolov5_dpu_no_block_get_type (void)
{
  static const GEnumValue values[] = {
    { GST_YOLOV5_DPU_NO_BLOCK_FALSE, "Wait for the device", "false" },
    { GST_YOLOV5_DPU_NO_BLOCK_TRUE, "Pass while the device is busy", "true" },
    { GST_YOLOV5_DPU_NO_BLOCK_AUTO, "Pass where the source is live", "auto" },
    { 0, NULL, NULL },
  };
  static gsize type = 0;

  if (g_once_init_enter (&type))
    g_once_init_leave (
        &type, g_enum_register_static ("GstYolov5DpuNoBlock", values));

  return type;
}

GType
gst_yolov5_dpu_device_get_type (void)
{
  static const GEnumValue values[] = {
    { DPU_DEVICE_AUTO, "The DPU if there is one, else the software DPU",
        "auto" },
    { DPU_DEVICE_DPU, "AMD's DPU", "dpu" },
    { DPU_DEVICE_CPU, "The software DPU", "cpu" },
    { 0, NULL, NULL },
  };
  static gsize type = 0;

  if (g_once_init_enter (&type))
    g_once_init_leave (
        &type, g_enum_register_static ("GstYolov5DpuDevice", values));

  return type;
}

/* what is read when the model is opened */
static void
install_model_properties (GObjectClass *object_class)
{
  /**
   * GstYolov5Dpu:model:
   *
   * The model: an .xmodel file compiled for the DPU, or, for the software DPU,
   * also one as the quantizer wrote it (`*_int.xmodel`).
   */
  g_object_class_install_property (object_class, ID (model_path),
      g_param_spec_string ("model", "Model",
          "Path of the .xmodel file with the YOLOv5 to run", NULL,
          READY_FLAGS));

  /**
   * GstYolov5Dpu:model-info:
   *
   * What the model itself does not say, as a key file with a group `[yolov5]`
   * and the keys `anchors`, `labels`, `threshold`, `iou-threshold`,
   * `channel-order` and `pad`, each of them optional. %NULL is the file beside
   * the model that is named as the model but ends in `.modelinfo`, if there is
   * one.
   */
  g_object_class_install_property (object_class, ID (info_path),
      g_param_spec_string ("model-info", "Model information",
          "Path of the .modelinfo file with anchors, labels and the like "
          "(NULL = beside the model, if there is one)",
          NULL, READY_FLAGS));

  /**
   * GstYolov5Dpu:label-file:
   *
   * The names of the classes, one per line, or the `data.yaml` that the model
   * was trained with. They count more than those in #GstYolov5Dpu:model-info.
   * Without either, 80 classes are taken for COCO's.
   */
  g_object_class_install_property (object_class, ID (label_path),
      g_param_spec_string ("label-file", "Label file",
          "Path of a file with the names of the classes, one per line, or of "
          "the data.yaml of the training (NULL = those of the model "
          "information, or COCO's if there are 80)",
          NULL, READY_FLAGS));

  /**
   * GstYolov5Dpu:xclbin:
   *
   * The bitstream that AMD's runtime loads. %NULL is what the runtime's own
   * configuration names: `/etc/vart.conf`, or the environment variable
   * `XLNX_VART_FIRMWARE`. All elements of a process have the same.
   */
  g_object_class_install_property (object_class, ID (firmware_path),
      g_param_spec_string ("xclbin", "Bitstream",
          "Path of the .xclbin file with the DPU, where the board's own "
          "configuration does not name one",
          NULL, READY_FLAGS));
}

/* likewise: what executes it, and how */
static void
install_device_properties (GObjectClass *object_class)
{
  /**
   * GstYolov5Dpu:device:
   *
   * What executes the model. If `auto` falls back to the software DPU, a
   * warning message says why.
   */
  g_object_class_install_property (object_class, ID (device),
      g_param_spec_enum ("device", "Device", "What executes the model",
          GST_TYPE_YOLOV5_DPU_DEVICE, DPU_DEVICE_AUTO, READY_FLAGS));

  /**
   * GstYolov5Dpu:max-in-flight:
   *
   * How many frames are worked on at once. More of them use the DPU and the
   * processors better, fewer of them are done sooner when frames come faster
   * than they can be worked on. 0 is two for each core of a DPU, one that it
   * executes and one that is letterboxed or decoded meanwhile, and at least 3.
   * With the software DPU it is one more than there are processors, or groups
   * of #GstYolov5Dpu:cpu-threads processors; elements of a process with the same
   * model share these.
   */
  g_object_class_install_property (object_class, ID (max_in_flight),
      g_param_spec_uint ("max-in-flight", "Maximum in flight",
          "How many frames are worked on at once (0 = automatic)", 0,
          GST_YOLOV5_MAX_SLOTS, 0, READY_FLAGS));

  /**
   * GstYolov5Dpu:cpu-threads:
   *
   * How many threads the software DPU uses for each of the frames it works on
   * at once. 0 is 1. More make a frame faster on processors that have nothing
   * else to do, and a great deal slower on busy ones.
   */
  g_object_class_install_property (object_class, ID (cpu_threads),
      g_param_spec_uint ("cpu-threads", "CPU threads",
          "Threads of the software DPU for each frame in flight "
          "(0 = automatic)",
          0, 1024, 0, READY_FLAGS));

  /**
   * GstYolov5Dpu:timeout:
   *
   * How long the DPU may take for a frame, with the wait for frames of others,
   * before the element gives it up with an error. AMD's runtime would end the
   * process after 10 seconds. The software DPU may take as long as it likes.
   */
  g_object_class_install_property (object_class, ID (timeout),
      g_param_spec_uint64 ("timeout", "Timeout",
          "Nanoseconds after which a DPU that does not answer is an error",
          GST_MSECOND, GST_SECOND * 3600, (5 * GST_SECOND), READY_FLAGS));
}

/* from the next frame on: what counts as a detection, ... */
static void
install_threshold_properties (GObjectClass *object_class)
{
  /**
   * GstYolov5Dpu:threshold:
   *
   * What the confidence of a detection, that is objectness times class score,
   * has to exceed. -1 is what the model's `.modelinfo` file says, else 0.25. It
   * reads as the value that holds.
   */
  g_object_class_install_property (object_class, ID (threshold),
      g_param_spec_float ("threshold", "Threshold",
          "Least confidence of a detection (-1 = as the model's author says, "
          "else 0.25)",
          GST_YOLOV5_UNSET, 1, GST_YOLOV5_UNSET,
          PLAYING_FLAGS | GST_PARAM_CONTROLLABLE));

  /**
   * GstYolov5Dpu:iou-threshold:
   *
   * Boxes of one class that overlap a better one by more than this
   * (intersection over union) are taken for the same object. -1 is what the
   * model's `.modelinfo` file says, else 0.45. It reads as the value that holds.
   */
  g_object_class_install_property (object_class, ID (iou_threshold),
      g_param_spec_float ("iou-threshold", "IoU threshold",
          "Overlap (intersection over union) above which two boxes are taken "
          "for the same object (-1 = as the model's author says, else 0.45)",
          GST_YOLOV5_UNSET, 1, GST_YOLOV5_UNSET,
          PLAYING_FLAGS | GST_PARAM_CONTROLLABLE));

  /**
   * GstYolov5Dpu:max-detections:
   *
   * The most detections per frame. The best ones stay.
   */
  g_object_class_install_property (object_class, ID (max_detections),
      g_param_spec_uint ("max-detections", "Maximum detections",
          "Most detections per frame, of which the best ones stay", 1,
          G_MAXUINT16, 300, PLAYING_FLAGS));
}

/* ... of which classes, ... */
static void
install_class_properties (GObjectClass *object_class)
{
  /**
   * GstYolov5Dpu:classes:
   *
   * The classes to keep, by label (in upper or lower case) or number, separated
   * by commas. %NULL or empty keeps all. With a class that the model does not
   * have the element does not start; while it runs, such a list is refused with
   * a warning message, and the one before stays.
   */
  g_object_class_install_property (object_class, ID (classes),
      g_param_spec_string ("classes", "Classes",
          "Labels or numbers of the classes to keep, for example "
          "\"person,car\" (NULL = all)",
          NULL, PLAYING_FLAGS));

  /**
   * GstYolov5Dpu:class-thresholds:
   *
   * Thresholds of single classes, by label or number. Other classes have
   * #GstYolov5Dpu:threshold. A class that the model does not have, or a
   * threshold that is none, is refused as in #GstYolov5Dpu:classes.
   */
  g_object_class_install_property (object_class, ID (class_thresholds),
      g_param_spec_string ("class-thresholds", "Class thresholds",
          "Thresholds of single classes instead of the general one, for "
          "example \"person=0.5,car=0.3\"",
          NULL, PLAYING_FLAGS));

  /**
   * GstYolov5Dpu:agnostic-nms:
   *
   * Whether a box also gives way to a better one of another class, so that one
   * object is not found twice under different names.
   */
  g_object_class_install_property (object_class, ID (class_agnostic),
      g_param_spec_boolean ("agnostic-nms", "Agnostic NMS",
          "Whether overlapping boxes of different classes are taken for the "
          "same object, too",
          FALSE, PLAYING_FLAGS));
}

/* ... and how large it may be */
static void
install_size_properties (GObjectClass *object_class)
{
  /**
   * GstYolov5Dpu:min-box-size:
   *
   * Boxes with a side shorter than this are dropped, measured in pixels of the
   * frame before anything is cut off at its border.
   */
  g_object_class_install_property (object_class, ID (min_box_size),
      g_param_spec_uint ("min-box-size", "Minimum box size",
          "Shortest side of a box in pixels of the frame", 0, G_MAXINT, 0,
          PLAYING_FLAGS));

  /**
   * GstYolov5Dpu:max-box-size:
   *
   * Boxes with a side longer than this are dropped, measured in pixels of the
   * frame before anything is cut off at its border.
   */
  g_object_class_install_property (object_class, ID (max_box_size),
      g_param_spec_uint ("max-box-size", "Maximum box size",
          "Longest side of a box in pixels of the frame (0 = no limit)", 0,
          G_MAXINT, 0, PLAYING_FLAGS));
}

/* which frames are looked at, from the next frame on */
static void
install_flow_properties (GObjectClass *object_class)
{
  /**
   * GstYolov5Dpu:inference-interval:
   *
   * Every so many frames one goes through the model, the others pass without.
   * The first frame after a flush or a new segment always does.
   */
  g_object_class_install_property (object_class, ID (inference_interval),
      g_param_spec_uint ("inference-interval", "Inference interval",
          "Of so many frames, one goes through the model (1 = every frame)", 1,
          G_MAXUINT, 1, PLAYING_FLAGS));

  /**
   * GstYolov5Dpu:no-block:
   *
   * Whether frames that find all of #GstYolov5Dpu:max-in-flight in use pass
   * without inference, so that the source never waits for the device. They keep
   * their place behind the frames that are still being worked on.
   *
   * `auto` does so for live sources, fills no more of #GstYolov5Dpu:max-in-flight
   * than helps, and lets go without its results a frame that 16 others wait
   * behind: the results leave with a later frame then, whose mark tells by its
   * `lag` how old they are. So a live picture never stands still, however slow
   * the device is. With `true` the 17th frame waits instead, and so does every
   * frame with `false`.
   *
   * Before 0.2 this was a boolean, %FALSE by default.
   */
  g_object_class_install_property (object_class, ID (no_block),
      g_param_spec_enum ("no-block", "No block",
          "Let frames pass without inference while the device is busy, instead "
          "of making the source wait",
          GST_TYPE_YOLOV5_DPU_NO_BLOCK, GST_YOLOV5_DPU_NO_BLOCK_AUTO,
          PLAYING_FLAGS));

  /**
   * GstYolov5Dpu:qos:
   *
   * Whether frames that come too late for downstream anyway pass without
   * inference. They count as `late` in #GstYolov5Dpu:stats.
   */
  g_object_class_install_property (object_class, ID (qos),
      g_param_spec_boolean ("qos", "Quality of service",
          "Let frames that are too late for downstream pass without inference",
          TRUE, PLAYING_FLAGS));
}

/* what becomes of results, from the next frame on that leaves */
static void
install_result_properties (GObjectClass *object_class)
{
  /**
   * GstYolov5Dpu:post-messages:
   *
   * Whether to post an element message with what was found in each frame, also
   * when it is nothing.
   */
  g_object_class_install_property (object_class, ID (post_messages),
      g_param_spec_boolean ("post-messages", "Post messages",
          "Post an element message with the detections of each frame", FALSE,
          PLAYING_FLAGS));

  /**
   * GstYolov5Dpu:attach-roi-meta:
   *
   * Whether to attach a #GstVideoRegionOfInterestMeta for each detection. Some
   * encoders turn these into regions of better quality, or warn about each of
   * them. GstAnalytics metadata are attached all the same, where GStreamer has
   * them.
   */
  g_object_class_install_property (object_class, ID (attach_roi_meta),
      g_param_spec_boolean ("attach-roi-meta", "Attach ROI meta",
          "Attach regions of interest, which some encoders turn into regions "
          "of better quality",
          TRUE, PLAYING_FLAGS));
}

/**
 * gst_yolov5_settings_install:
 * @object_class: class of the detector element
 *
 * Installs the properties that are fields of #GstYolov5Settings. Their ids are
 * at most `sizeof (GstYolov5Settings)`.
 */
void
gst_yolov5_settings_install (GObjectClass *object_class)
{
  install_model_properties (object_class);
  install_device_properties (object_class);
  install_threshold_properties (object_class);
  install_class_properties (object_class);
  install_size_properties (object_class);
  install_flow_properties (object_class);
  install_result_properties (object_class);
}
