/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Draws the pictures of yolov5overlay.md: a drawn scene with hand-made
 * detections, once for each option. */

#include <gst/app/gstappsink.h>
#include <gst/app/gstappsrc.h>
#include <gst/video/video.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "metadata/detections.h"
#include "metadata/inference.h"

#define WIDTH 480
#define HEIGHT 270
/* the scene, and how it goes on in the next frame */
#define CAR_PLACE "translate(290,150)"
#define NEXT_CAR_PLACE "translate(314,150)"

#define FRAME_RATE 25
/* the figures appear after half a second */
#define N_STATS_FRAMES 20

typedef struct {
  const gchar *name;
  const gchar *properties;
  /* whether it shows a frame after the one with detections */
  gboolean shows_next;
  /* whether a sink has drawn the composition */
  gboolean shows_composition;
} Picture;

static const Picture pictures[] = {
  { "default", "" },
  { "draw-labels", "draw-labels=false" },
  { "draw-confidence", "draw-confidence=false" },
  { "thickness", "thickness=8" },
  { "font-desc", "font-desc=\"Serif Italic 22px\"" },
  { "labels-color", "labels-color=0xffffff00 "
                    "class-colors=\"*=#303030\"" },
  { "class-colors", "class-colors=\"person=#ff0000,car=blue,16=0xffffff\"" },
  { "classes", "classes=\"person,dog\"" },
  { "blur", "blur=person" },
  { "expire-overlay", "", .shows_next = TRUE },
  { "expire-overlay-0", "expire-overlay=0", .shows_next = TRUE },
  { "draw-stats", "draw-stats=true", .shows_next = TRUE },
  { "attach-composition", "attach-composition=always",
      .shows_composition = TRUE },
  { "attach-composition-video", "attach-composition=always" },
};

G_GNUC_PRINTF (1, 2)
G_GNUC_NORETURN static void
fail (const gchar *format, ...)
{
  va_list arguments;

  va_start (arguments, format);
  vfprintf (stderr, format, arguments);
  va_end (arguments);
  fputc ('\n', stderr);
  exit (1);
}

/* runs a pipeline from in to out, and returns the last of what n buffers
 * become; takes the buffers */
static GstSample *
run (const gchar *description, GstCaps *caps, GstBuffer **buffers, guint n)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GstElement) pipeline = gst_parse_launch (description, &error);
  g_autoptr (GstElement) in = NULL, out = NULL;
  GstSample *sample = NULL;
  guint i;

  if (error)
    fail ("%s: %s", description, error->message);
  in = gst_bin_get_by_name (GST_BIN (pipeline), "in");
  out = gst_bin_get_by_name (GST_BIN (pipeline), "out");
  g_object_set (in, "caps", caps, "format", GST_FORMAT_TIME, NULL);
  g_object_set (out, "sync", FALSE, NULL);
  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  for (i = 0; i < n; i++) {
    gst_app_src_push_buffer (GST_APP_SRC (in), buffers[i]);
    if (i + 1 < n)
      g_usleep (G_USEC_PER_SEC / FRAME_RATE);
  }
  gst_app_src_end_of_stream (GST_APP_SRC (in));
  for (i = 0; i < n; i++) {
    g_clear_pointer (&sample, gst_sample_unref);
    sample = gst_app_sink_pull_sample (GST_APP_SINK (out));
    if (sample == NULL)
      fail ("%s: frame %u does not come out", description, i);
  }
  gst_element_set_state (pipeline, GST_STATE_NULL);
  return sample;
}

static GstBuffer *
draw_scene (const gchar *path, const gchar *car_place)
{
  g_autofree gchar *text = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (GstCaps) caps = gst_caps_new_empty_simple ("image/svg+xml");
  g_autoptr (GstSample) sample = NULL;
  g_auto (GStrv) parts = NULL;
  GstBuffer *svg;

  if (!g_file_get_contents (path, &text, NULL, &error))
    fail ("%s", error->message);
  parts = g_strsplit (text, CAR_PLACE, 2);
  g_free (text);
  text = g_strjoinv (car_place, parts);
  svg = gst_buffer_new_allocate (NULL, strlen (text), NULL);
  gst_buffer_fill (svg, 0, text, strlen (text));
  sample = run ("appsrc name=in ! rsvgdec ! videoconvert ! "
                "video/x-raw,format=RGB ! appsink name=out",
      caps, &svg, 1);
  return gst_buffer_copy_deep (gst_sample_get_buffer (sample));
}

/* with a duration that yolov5dpu would have measured; this one is made up */
static void
attach_detections (GstBuffer *buffer, const GstVideoInfo *info)
{
  GstYolov5Detection detections[] = {
    { g_quark_from_static_string ("person"), 0, 0.93, 50, 76, 52, 148 },
    { g_quark_from_static_string ("car"), 2, 0.88, 290, 150, 150, 74 },
    { g_quark_from_static_string ("person"), 0, 0.81, 128, 88, 46, 132 },
    { g_quark_from_static_string ("dog"), 16, 0.64, 184, 186, 50, 41 },
  };
  GstYolov5Inference inference = { .inference_time = 12300 * GST_USECOND };

  gst_yolov5_inference_register ();
  gst_yolov5_detections_attach (
      buffer, info, detections, G_N_ELEMENTS (detections), TRUE);
  gst_yolov5_inference_attach (
      buffer, &inference, detections, G_N_ELEMENTS (detections));
}

static GstBuffer *
blend_composition (GstBuffer *buffer, const GstVideoInfo *info)
{
  GstVideoOverlayCompositionMeta *meta =
      gst_buffer_get_video_overlay_composition_meta (buffer);
  GstBuffer *copy = gst_buffer_copy_deep (buffer);
  GstVideoFrame frame;

  if (meta == NULL
      || !gst_video_frame_map (
          &frame, (GstVideoInfo *) info, copy, GST_MAP_READWRITE))
    fail ("there is no composition to draw");
  gst_video_overlay_composition_blend (meta->overlay, &frame);
  gst_video_frame_unmap (&frame);
  return copy;
}

static void
write_picture (const Picture *picture, GstBuffer *scene, GstBuffer *next_scene,
    const gchar *directory)
{
  g_autofree gchar *description =
      g_strdup_printf ("appsrc name=in ! yolov5overlay %s ! appsink name=out",
          picture->properties);
  g_autofree gchar *file_name = g_strconcat (picture->name, ".png", NULL);
  g_autofree gchar *path = g_build_filename (directory, file_name, NULL);
  g_autoptr (GstCaps) caps = NULL;
  g_autoptr (GstSample) sample = NULL, png = NULL;
  g_autoptr (GError) error = NULL;
  GstBuffer *buffers[N_STATS_FRAMES], *drawn;
  guint n = picture->shows_next ? 2 : 1, i;
  GstVideoInfo info;
  GstMapInfo map;

  gst_video_info_set_format (&info, GST_VIDEO_FORMAT_RGB, WIDTH, HEIGHT);
  caps = gst_video_info_to_caps (&info);
  if (strstr (picture->properties, "draw-stats"))
    n = N_STATS_FRAMES;
  for (i = 0; i < n; i++) {
    buffers[i] = gst_buffer_copy_deep (i == 0 || n > 2 ? scene : next_scene);
    GST_BUFFER_PTS (buffers[i]) = i * GST_SECOND / FRAME_RATE;
    if (i == 0 || n > 2)
      attach_detections (buffers[i], &info);
  }
  sample = run (description, caps, buffers, n);

  drawn = gst_sample_get_buffer (sample);
  if (picture->shows_composition)
    drawn = blend_composition (drawn, &info);
  else
    gst_buffer_ref (drawn);
  png = run ("appsrc name=in ! pngenc compression-level=9 ! appsink name=out",
      caps, &drawn, 1);
  if (!gst_buffer_map (gst_sample_get_buffer (png), &map, GST_MAP_READ)
      || !g_file_set_contents (path, (gchar *) map.data, map.size, &error))
    fail ("%s: %s", path, error ? error->message : "no memory");
  gst_buffer_unmap (gst_sample_get_buffer (png), &map);
}

int
main (int argc, char **argv)
{
  g_autoptr (GstBuffer) scene = NULL, next_scene = NULL;
  guint i;

  gst_init (&argc, &argv);
  if (argc != 3) {
    g_printerr ("usage: %s SCENE.svg DIRECTORY\n", argv[0]);
    return 1;
  }
  scene = draw_scene (argv[1], CAR_PLACE);
  next_scene = draw_scene (argv[1], NEXT_CAR_PLACE);
  for (i = 0; i < G_N_ELEMENTS (pictures); i++)
    write_picture (&pictures[i], scene, next_scene, argv[2]);
  return 0;
}
