/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* What the detector's properties are called, mean and may be. */

#include "gstyolov5settings-private.h"

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

#define READY_FLAGS                                                            \
  (G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_READY)
#define PLAYING_FLAGS                                                          \
  (G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_PLAYING)

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
  g_object_class_install_property (object_class, PROP_MODEL,
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
  g_object_class_install_property (object_class, PROP_MODEL_INFO,
      g_param_spec_string ("model-info", "Model information",
          "Path of the .modelinfo file with anchors, labels and the like "
          "(NULL = beside the model, if there is one)",
          NULL, READY_FLAGS));

  /**
   * GstYolov5Dpu:label-file:
   *
   * The names of the classes, one per line. They count more than those in
   * #GstYolov5Dpu:model-info.
   */
  g_object_class_install_property (object_class, PROP_LABEL_FILE,
      g_param_spec_string ("label-file", "Label file",
          "Path of a file with the names of the classes, one per line", NULL,
          READY_FLAGS));

  /**
   * GstYolov5Dpu:device:
   *
   * What executes the model. If `auto` falls back to the software DPU, a
   * warning message says why.
   */
  g_object_class_install_property (object_class, PROP_DEVICE,
      g_param_spec_enum ("device", "Device", "What executes the model",
          GST_TYPE_YOLOV5_DPU_DEVICE, DEFAULT_DEVICE, READY_FLAGS));

  /**
   * GstYolov5Dpu:max-in-flight:
   *
   * How many frames are worked on at once. More of them use the DPU and the
   * processors better, fewer of them are done sooner when frames come faster
   * than they can be worked on. 0 is 3 with a DPU. With the software DPU it is
   * one more than there are processors, or groups of #GstYolov5Dpu:cpu-threads
   * processors.
   */
  g_object_class_install_property (object_class, PROP_MAX_IN_FLIGHT,
      g_param_spec_uint ("max-in-flight", "Maximum in flight",
          "How many frames are worked on at once (0 = automatic)", 0,
          GST_YOLOV5_MAX_SLOTS, DEFAULT_MAX_IN_FLIGHT, READY_FLAGS));

  /**
   * GstYolov5Dpu:cpu-threads:
   *
   * How many threads the software DPU uses for each of the frames it works on
   * at once. 0 is 1. More make a frame faster on processors that have nothing
   * else to do, and a great deal slower on busy ones.
   */
  g_object_class_install_property (object_class, PROP_CPU_THREADS,
      g_param_spec_uint ("cpu-threads", "CPU threads",
          "Threads of the software DPU for each frame in flight "
          "(0 = automatic)",
          0, 1024, DEFAULT_CPU_THREADS, READY_FLAGS));
}

/* what counts as a detection, from the next frame on */
static void
install_detection_properties (GObjectClass *object_class)
{
  /**
   * GstYolov5Dpu:threshold:
   *
   * The least confidence, that is objectness times class score, of a detection.
   * Unless it is set, the model's `.modelinfo` file may change it.
   */
  g_object_class_install_property (object_class, PROP_THRESHOLD,
      g_param_spec_float ("threshold", "Threshold",
          "Least confidence of a detection", 0, 1, DEFAULT_THRESHOLD,
          PLAYING_FLAGS));

  /**
   * GstYolov5Dpu:iou-threshold:
   *
   * Boxes of one class that overlap a better one by more than this
   * (intersection over union) are taken for the same object. Unless it is set,
   * the model's `.modelinfo` file may change it.
   */
  g_object_class_install_property (object_class, PROP_IOU_THRESHOLD,
      g_param_spec_float ("iou-threshold", "IoU threshold",
          "Overlap (intersection over union) above which two boxes are taken "
          "for the same object",
          0, 1, DEFAULT_IOU_THRESHOLD, PLAYING_FLAGS));

  /**
   * GstYolov5Dpu:max-detections:
   *
   * The most detections per frame. The best ones stay.
   */
  g_object_class_install_property (object_class, PROP_MAX_DETECTIONS,
      g_param_spec_uint ("max-detections", "Maximum detections",
          "Most detections per frame, of which the best ones stay", 1,
          G_MAXUINT16, DEFAULT_MAX_DETECTIONS, PLAYING_FLAGS));

  /**
   * GstYolov5Dpu:classes:
   *
   * The classes to keep, by label or number, separated by commas. %NULL or
   * empty keeps all. A class that the model does not have is refused with a
   * warning message.
   */
  g_object_class_install_property (object_class, PROP_CLASSES,
      g_param_spec_string ("classes", "Classes",
          "Labels or numbers of the classes to keep, for example "
          "\"person,car\" (NULL = all)",
          NULL, PLAYING_FLAGS));

  /**
   * GstYolov5Dpu:class-thresholds:
   *
   * Thresholds of single classes, by label or number. Other classes have
   * #GstYolov5Dpu:threshold. A class that the model does not have, or a
   * threshold that is none, is refused with a warning message.
   */
  g_object_class_install_property (object_class, PROP_CLASS_THRESHOLDS,
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
  g_object_class_install_property (object_class, PROP_AGNOSTIC_NMS,
      g_param_spec_boolean ("agnostic-nms", "Agnostic NMS",
          "Whether overlapping boxes of different classes are taken for the "
          "same object, too",
          DEFAULT_AGNOSTIC_NMS, PLAYING_FLAGS));

  /**
   * GstYolov5Dpu:min-box-size:
   *
   * Boxes with a side shorter than this are dropped, measured in pixels of the
   * frame before anything is cut off at its border.
   */
  g_object_class_install_property (object_class, PROP_MIN_BOX_SIZE,
      g_param_spec_uint ("min-box-size", "Minimum box size",
          "Shortest side of a box in pixels of the frame", 0, G_MAXINT,
          DEFAULT_MIN_BOX_SIZE, PLAYING_FLAGS));

  /**
   * GstYolov5Dpu:max-box-size:
   *
   * Boxes with a side longer than this are dropped, measured in pixels of the
   * frame before anything is cut off at its border.
   */
  g_object_class_install_property (object_class, PROP_MAX_BOX_SIZE,
      g_param_spec_uint ("max-box-size", "Maximum box size",
          "Longest side of a box in pixels of the frame (0 = no limit)", 0,
          G_MAXINT, DEFAULT_MAX_BOX_SIZE, PLAYING_FLAGS));
}

/* which frames are looked at and what becomes of the results, from the next
 * frame on */
static void
install_flow_properties (GObjectClass *object_class)
{
  /**
   * GstYolov5Dpu:inference-interval:
   *
   * Every so many frames one goes through the model, the others pass without.
   * The first frame after a flush or a new segment always does.
   */
  g_object_class_install_property (object_class, PROP_INFERENCE_INTERVAL,
      g_param_spec_uint ("inference-interval", "Inference interval",
          "Of so many frames, one goes through the model (1 = every frame)", 1,
          G_MAXUINT, DEFAULT_INFERENCE_INTERVAL, PLAYING_FLAGS));

  /**
   * GstYolov5Dpu:no-block:
   *
   * Whether frames that find all of #GstYolov5Dpu:max-in-flight in use pass
   * without inference, so that a live source never waits. They keep their
   * place behind the frames that are still being worked on.
   */
  g_object_class_install_property (object_class, PROP_NO_BLOCK,
      g_param_spec_boolean ("no-block", "No block",
          "Let frames pass without inference while the DPU is busy, instead of "
          "making the source wait",
          DEFAULT_NO_BLOCK, PLAYING_FLAGS));

  /**
   * GstYolov5Dpu:qos:
   *
   * Whether frames that come too late for downstream anyway pass without
   * inference. They count as `late` in #GstYolov5Dpu:stats.
   */
  g_object_class_install_property (object_class, PROP_QOS,
      g_param_spec_boolean ("qos", "Quality of service",
          "Let frames that are too late for downstream pass without inference",
          DEFAULT_QOS, PLAYING_FLAGS));

  /**
   * GstYolov5Dpu:post-messages:
   *
   * Whether to post an element message with what was found in each frame, also
   * when it is nothing.
   */
  g_object_class_install_property (object_class, PROP_POST_MESSAGES,
      g_param_spec_boolean ("post-messages", "Post messages",
          "Post an element message with the detections of each frame",
          DEFAULT_POST_MESSAGES, PLAYING_FLAGS));

  /**
   * GstYolov5Dpu:attach-roi-meta:
   *
   * Whether to attach a #GstVideoRegionOfInterestMeta for each detection. Some
   * encoders turn these into regions of better quality, or warn about each of
   * them. GstAnalytics metadata are attached all the same, where GStreamer has
   * them.
   */
  g_object_class_install_property (object_class, PROP_ATTACH_ROI_META,
      g_param_spec_boolean ("attach-roi-meta", "Attach ROI meta",
          "Attach regions of interest, which some encoders turn into regions "
          "of better quality",
          DEFAULT_ATTACH_ROI_META, PLAYING_FLAGS));
}

/**
 * gst_yolov5_settings_install:
 * @object_class: class of the detector element
 *
 * Installs the properties with the ids from 1 to %GST_YOLOV5_LAST_SETTING.
 */
void
gst_yolov5_settings_install (GObjectClass *object_class)
{
  install_model_properties (object_class);
  install_detection_properties (object_class);
  install_flow_properties (object_class);
}
