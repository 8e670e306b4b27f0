/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Draws the pictures of yolov5overlay.md: drawn scenes with hand-made detections,
 * once for each option. They come out the same every time. */

#include <gst/app/gstappsink.h>
#include <gst/app/gstappsrc.h>
#include <gst/video/video.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "metadata/detections.h"
#include "metadata/inference.h"
#include "metadata/tracks.h"
#include "metadata/zones.h"

#define WIDTH 480
#define HEIGHT 270
/* the scene, and how it goes on in the next frame */
#define CAR_PLACE "translate(290,150)"
#define NEXT_CAR_PLACE "translate(314,150)"

#define FRAME_RATE 25
/* the figures appear after half a second */
#define N_STATS_FRAMES 30
#define N_MAX_FRAMES 30
/* trails are of this many frames */
#define N_TRAIL_FRAMES 8

typedef enum {
  SCENE_STREET,
  /* how it goes on */
  SCENE_STREET_NEXT,
  SCENE_CROWD,
  /* dark, bright and noisy */
  SCENE_GROUNDS,
  N_SCENES
} Scene;

typedef struct {
  const gchar *name;
  const gchar *properties;
  Scene scene;
  /* whether a tracker has numbered the objects, which have come some way */
  gboolean is_tracked;
  /* ... and counts who crosses a line */
  gboolean has_line;
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
  { "style-corners", "style=corners" },
  { "style-dot", "style=dot" },
  { "grounds", "", .scene = SCENE_GROUNDS },
  { "crowd", "", .scene = SCENE_CROWD },
  { "draw-trails", "draw-trails=2000000000 color-by=id", .is_tracked = TRUE },
  { "draw-zones", "", .is_tracked = TRUE, .has_line = TRUE },
};

typedef struct {
  const gchar *label;
  gint label_id;
  gdouble confidence, x, y, width, height;
} Box;

static const Box street[] = {
  { "person", 0, 0.93, 50, 76, 52, 148 },
  { "car", 2, 0.88, 290, 150, 150, 74 },
  { "person", 0, 0.81, 128, 88, 46, 132 },
  { "dog", 16, 0.64, 184, 186, 50, 41 },
};

static const Box crowd[] = {
  { "person", 0, 0.94, 63, 129, 41, 126 },
  { "person", 0, 0.91, 229, 127, 41, 126 },
  { "person", 0, 0.88, 331, 126, 41, 126 },
  { "person", 0, 0.85, 409, 133, 41, 126 },
  { "person", 0, 0.82, 34, 136, 29, 88 },
  { "person", 0, 0.79, 90, 139, 29, 88 },
  { "person", 0, 0.76, 172, 138, 29, 88 },
  { "person", 0, 0.73, 200, 131, 29, 88 },
  { "person", 0, 0.70, 286, 130, 29, 88 },
  { "person", 0, 0.67, 358, 136, 29, 88 },
  { "person", 0, 0.64, 20, 137, 20, 61 },
  { "person", 0, 0.61, 52, 138, 20, 61 },
  { "person", 0, 0.58, 108, 137, 20, 61 },
  { "person", 0, 0.55, 140, 137, 20, 61 },
  { "person", 0, 0.52, 226, 138, 20, 61 },
  { "person", 0, 0.49, 252, 139, 20, 61 },
  { "person", 0, 0.46, 320, 133, 20, 61 },
  { "person", 0, 0.43, 392, 132, 20, 61 },
  { "person", 0, 0.40, 430, 138, 20, 61 },
};

static const Box grounds[] = {
  { "dark", 0, 0.93, 30, 60, 100, 160 },
  { "bright", 1, 0.88, 190, 60, 100, 160 },
  { "noisy", 2, 0.81, 350, 60, 100, 160 },
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

/* a clock that stands still until it is set, so that the figures are the same on
 * every machine */
typedef struct {
  GstClock parent;
  GstClockTime now;
} PictureClock;

typedef GstClockClass PictureClockClass;

static GType picture_clock_get_type (void);
G_DEFINE_TYPE (PictureClock, picture_clock, GST_TYPE_CLOCK)

static GstClockTime
picture_clock_get_internal_time (GstClock *clock)
{
  return ((PictureClock *) clock)->now;
}

static void
picture_clock_class_init (PictureClockClass *klass)
{
  klass->get_internal_time = picture_clock_get_internal_time;
}

static void
picture_clock_init (PictureClock *self)
{
  self->now = GST_SECOND;
}

/* runs a pipeline from in to out, one buffer after the other, and returns the
 * last of what n buffers become; takes the buffers */
static GstSample *
run (const gchar *description, GstCaps *caps, GstBuffer **buffers, guint n)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GstElement) pipeline = gst_parse_launch (description, &error);
  g_autoptr (GstElement) in = NULL, out = NULL;
  PictureClock *clock = g_object_new (picture_clock_get_type (), NULL);
  GstSample *sample = NULL;
  guint i;

  if (error)
    fail ("%s: %s", description, error->message);
  in = gst_bin_get_by_name (GST_BIN (pipeline), "in");
  out = gst_bin_get_by_name (GST_BIN (pipeline), "out");
  g_object_set (in, "caps", caps, "format", GST_FORMAT_TIME, NULL);
  g_object_set (out, "sync", FALSE, NULL);
  gst_pipeline_use_clock (GST_PIPELINE (pipeline), GST_CLOCK (clock));
  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  for (i = 0; i < n; i++) {
    clock->now = GST_SECOND + i * GST_SECOND / FRAME_RATE;
    gst_app_src_push_buffer (GST_APP_SRC (in), buffers[i]);
    if (i + 1 == n)
      gst_app_src_end_of_stream (GST_APP_SRC (in));
    g_clear_pointer (&sample, gst_sample_unref);
    sample = gst_app_sink_pull_sample (GST_APP_SINK (out));
    if (sample == NULL)
      fail ("%s: frame %u does not come out", description, i);
  }
  gst_element_set_state (pipeline, GST_STATE_NULL);
  gst_object_unref (clock);
  return sample;
}

/* car_place is where the car comes to stand, NULL where there is none */
static GstBuffer *
draw_scene (const gchar *directory, const gchar *name, const gchar *car_place)
{
  g_autofree gchar *path = g_build_filename (directory, name, NULL);
  g_autofree gchar *text = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (GstCaps) caps = gst_caps_new_empty_simple ("image/svg+xml");
  g_autoptr (GstSample) sample = NULL;
  GstBuffer *svg;

  if (!g_file_get_contents (path, &text, NULL, &error))
    fail ("%s", error->message);
  if (car_place) {
    g_auto (GStrv) parts = g_strsplit (text, CAR_PLACE, 2);

    g_free (text);
    text = g_strjoinv (car_place, parts);
  }
  svg = gst_buffer_new_allocate (NULL, strlen (text), NULL);
  gst_buffer_fill (svg, 0, text, strlen (text));
  sample = run ("appsrc name=in ! rsvgdec ! videoconvert ! "
                "video/x-raw,format=RGB ! appsink name=out",
      caps, &svg, 1);
  return gst_buffer_copy_deep (gst_sample_get_buffer (sample));
}

static GstBuffer *
draw_grounds (void)
{
  g_autoptr (GRand) random = g_rand_new_with_seed (1);
  guint8 *pixels = g_malloc (WIDTH * HEIGHT * 3);
  gint x, y, c;

  for (y = 0; y < HEIGHT; y++)
    for (x = 0; x < WIDTH; x++)
      for (c = 0; c < 3; c++)
        pixels[(y * WIDTH + x) * 3 + c] =
            x < WIDTH / 3       ? 12
            : x < WIDTH * 2 / 3 ? 244
                                : (guint8) g_rand_int_range (random, 0, 256);
  return gst_buffer_new_wrapped (pixels, WIDTH * HEIGHT * 3);
}

/* who walks to the right has crossed it forward */
static void
attach_line (GstBuffer *buffer)
{
  static const GstYolov5ShapePoint points[] = { { 0.245, 0.99 },
    { 0.245, 0.62 } };
  GstYolov5Shape shape = { .kind = GST_YOLOV5_SHAPE_LINE,
    .name = "pavement",
    .n_points = G_N_ELEMENTS (points),
    .counts = { .forward = 5, .backward = 2 } };
  GstYolov5ZonesMark mark;

  gst_yolov5_zones_mark_init (&mark);
  g_array_append_val (mark.shapes, shape);
  g_array_append_vals (mark.points, points, G_N_ELEMENTS (points));
  gst_yolov5_zones_mark_attach (&mark, buffer, "zones", "/zones");
  gst_yolov5_zones_mark_clear (&mark);
}

/* as they were some frames ago, when they were on their way; with a duration that
 * yolov5dpu would have measured, which is made up */
static void
attach_detections (const Picture *picture, GstBuffer *buffer,
    const GstVideoInfo *info, guint n_frames_ago)
{
  guint n = picture->scene == SCENE_CROWD     ? G_N_ELEMENTS (crowd)
            : picture->scene == SCENE_GROUNDS ? G_N_ELEMENTS (grounds)
                                              : G_N_ELEMENTS (street);
  GstYolov5Detection detections[G_N_ELEMENTS (crowd)];
  GstYolov5TrackedObject tracks[G_N_ELEMENTS (crowd)];
  GstYolov5Inference inference = { .inference_time = 12300 * GST_USECOND };
  guint i;

  for (i = 0; i < n; i++) {
    gdouble way = (i % 2 ? 9.0 : -7.0) * n_frames_ago;
    const Box *box = picture->scene == SCENE_CROWD     ? &crowd[i]
                     : picture->scene == SCENE_GROUNDS ? &grounds[i]
                                                       : &street[i];

    detections[i] =
        (GstYolov5Detection){ g_quark_from_static_string (box->label),
          box->label_id, box->confidence, box->x + way,
          box->y + n_frames_ago % 3, box->width, box->height };
    tracks[i] = (GstYolov5TrackedObject){ i + 1, FALSE, GST_SECOND,
      detections[i].label };
  }
  gst_yolov5_detections_attach (buffer, info, detections, n, TRUE);
  gst_yolov5_inference_attach (buffer, &inference, detections, n);
  if (picture->is_tracked)
    gst_yolov5_tracks_attach (buffer, detections, tracks, n);
  if (picture->has_line)
    attach_line (buffer);
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

/* the frames that lead to a picture; returns the last of them, drawn */
static GstBuffer *
draw_picture (const Picture *picture, GstBuffer *scenes[N_SCENES],
    const GstVideoInfo *info, GstCaps *caps)
{
  g_autofree gchar *description =
      g_strdup_printf ("appsrc name=in ! yolov5overlay %s ! appsink name=out",
          picture->properties);
  gboolean has_figures = strstr (picture->properties, "draw-stats") != NULL;
  guint n = has_figures           ? N_STATS_FRAMES
            : picture->is_tracked ? N_TRAIL_FRAMES
            : picture->shows_next ? 2
                                  : 1;
  g_autoptr (GstSample) sample = NULL;
  GstBuffer *buffers[N_MAX_FRAMES], *drawn;
  guint i;

  for (i = 0; i < n; i++) {
    gboolean is_next = picture->shows_next && !has_figures && i > 0;

    buffers[i] = gst_buffer_copy_deep (
        scenes[is_next ? SCENE_STREET_NEXT : picture->scene]);
    GST_BUFFER_PTS (buffers[i]) = i * GST_SECOND / FRAME_RATE;
    if (!is_next)
      attach_detections (
          picture, buffers[i], info, picture->is_tracked ? n - 1 - i : 0);
  }
  sample = run (description, caps, buffers, n);
  drawn = gst_sample_get_buffer (sample);
  if (picture->shows_composition)
    return blend_composition (drawn, info);
  return gst_buffer_ref (drawn);
}

static void
write_picture (
    const Picture *picture, GstBuffer *scenes[N_SCENES], const gchar *directory)
{
  g_autofree gchar *file_name = g_strconcat (picture->name, ".png", NULL);
  g_autofree gchar *path = g_build_filename (directory, file_name, NULL);
  g_autoptr (GstCaps) caps = NULL;
  g_autoptr (GstSample) png = NULL;
  g_autoptr (GError) error = NULL;
  GstBuffer *drawn;
  GstVideoInfo info;
  GstMapInfo map;

  gst_video_info_set_format (&info, GST_VIDEO_FORMAT_RGB, WIDTH, HEIGHT);
  caps = gst_video_info_to_caps (&info);
  drawn = draw_picture (picture, scenes, &info, caps);
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
  GstBuffer *scenes[N_SCENES];
  guint i;

  gst_init (&argc, &argv);
  if (argc != 3) {
    g_printerr ("usage: %s SCENES-DIRECTORY DIRECTORY\n", argv[0]);
    return 1;
  }
  gst_yolov5_inference_register ();
  gst_yolov5_tracks_register ();
  gst_yolov5_zones_mark_register ();
  scenes[SCENE_STREET] = draw_scene (argv[1], "scene.svg", CAR_PLACE);
  scenes[SCENE_STREET_NEXT] = draw_scene (argv[1], "scene.svg", NEXT_CAR_PLACE);
  scenes[SCENE_CROWD] = draw_scene (argv[1], "crowd.svg", NULL);
  scenes[SCENE_GROUNDS] = draw_grounds ();
  for (i = 0; i < G_N_ELEMENTS (pictures); i++)
    write_picture (&pictures[i], scenes, argv[2]);
  for (i = 0; i < N_SCENES; i++)
    gst_buffer_unref (scenes[i]);
  return 0;
}
