/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "labelstatistics.h"

#include <stdio.h>
#include <string.h>

#include "yolov5overlay/captions.h"

typedef struct {
  LabelStatistics *statistics;
  LabelRule rule;
  gint width, height;
  OverlayCaptions *captions;
  OverlayPlacement *placement;
  /* OverlayLabelPlace of this frame and of the one before */
  GArray *places, *before;
} Reader;

static gint64
get_common_area (const GstVideoRectangle *a, const GstVideoRectangle *b)
{
  gint width = MIN (a->x + a->w, b->x + b->w) - MAX (a->x, b->x);
  gint height = MIN (a->y + a->h, b->y + b->h) - MAX (a->y, b->y);

  return width > 0 && height > 0 ? (gint64) width * height : 0;
}

static gint64
get_area (const GstVideoRectangle *a)
{
  return (gint64) a->w * a->h;
}

/* detections of one line, the best first */
static void
read_objects (Reader *self, const gchar *line)
{
  const gchar *next = line;

  g_array_set_size (self->places, 0);
  while ((next = strstr (next, "{\"label\":\""))) {
    OverlayLabelPlace place = { 0 };
    OverlayObject object = { .detection.confidence = -1.0 };
    gchar label[64] = "";
    gint label_id;

    if (sscanf (next,
            "{\"label\":\"%63[^\"]\",\"label_id\":%d,\"confidence\":%lf,"
            "\"x\":%d,\"y\":%d,\"width\":%d,\"height\":%d",
            label, &label_id, &object.detection.confidence, &place.object.x,
            &place.object.y, &place.object.w, &place.object.h)
        != 7)
      g_error ("\"%s\" is no detection of yolov5json", next);
    object.detection.label = g_quark_from_string (label);
    /* as they are drawn in a format with subsampled chroma */
    place.object.w = GST_ROUND_UP_2 (place.object.x + place.object.w);
    place.object.h = GST_ROUND_UP_2 (place.object.y + place.object.h);
    place.object.x -= place.object.x % 2;
    place.object.y -= place.object.y % 2;
    place.object.w -= place.object.x;
    place.object.h -= place.object.y;
    place.anchor = place.object;
    place.kind = object.detection.label;
    overlay_captions_measure (self->captions, &object, TRUE, FALSE, &place);
    g_array_append_val (self->places, place);
    next++;
  }
}

static void
place_above (Reader *self)
{
  guint i;

  for (i = 0; i < self->places->len; i++) {
    OverlayLabelPlace *label =
        &g_array_index (self->places, OverlayLabelPlace, i);
    gint width = label->sizes[0].width, height = label->sizes[0].height;
    gint x = MAX (MIN (label->object.x, self->width - width), 0);
    gint y =
        label->object.y >= height ? label->object.y - height : label->object.y;

    label->form = OVERLAY_FORM_WHOLE;
    label->place = (GstVideoRectangle){ x,
      MAX (MIN (y, self->height - height), 0), width, height };
  }
}

/* those before it in the list are drawn later */
static void
count_label (Reader *self, guint index, gboolean *overlapping)
{
  LabelStatistics *statistics = self->statistics;
  const OverlayLabelPlace *labels =
      (const OverlayLabelPlace *) self->places->data;
  const GstVideoRectangle *place = &labels[index].place;
  gint64 covered = 0;
  gboolean over_head = FALSE;
  guint i;

  statistics->n_labels++;
  statistics->n_forms[labels[index].form]++;
  if (labels[index].form == OVERLAY_FORM_TAG)
    return;
  for (i = 0; i < self->places->len; i++) {
    GstVideoRectangle head = labels[i].object;

    head.h /= 3;
    over_head |= i != index && get_common_area (&head, place) > 0;
    if (i < index && labels[i].form != OVERLAY_FORM_TAG)
      covered += get_common_area (&labels[i].place, place);
  }
  *overlapping |= covered > 0;
  statistics->n_covered += covered * 10 > get_area (place);
  statistics->n_over_heads += over_head;
}

/* the label of the same object on the frame before: the one of its kind whose box
 * has most in common with it, and more than half of both */
static const OverlayLabelPlace *
find_before (const Reader *self, const OverlayLabelPlace *label)
{
  const OverlayLabelPlace *best = NULL;
  gint64 most = 0;
  guint i;

  for (i = 0; i < self->before->len; i++) {
    const OverlayLabelPlace *other =
        &g_array_index (self->before, OverlayLabelPlace, i);
    gint64 common = get_common_area (&other->object, &label->object);
    gint64 both =
        get_area (&other->object) + get_area (&label->object) - common;

    if (other->kind == label->kind && common > most && common * 2 > both) {
      most = common;
      best = other;
    }
  }
  return best;
}

static void
count_move (Reader *self, const OverlayLabelPlace *label)
{
  const OverlayLabelPlace *before = find_before (self, label);
  gint x, y;

  if (!before)
    return;
  self->statistics->n_followed++;
  /* boxes grow and shrink: a label that stays on one of the edges is where it
   * was */
  x = MIN (ABS ((label->place.x - label->object.x)
                - (before->place.x - before->object.x)),
      ABS ((label->place.x - label->object.x - label->object.w)
           - (before->place.x - before->object.x - before->object.w)));
  y = MIN (ABS ((label->place.y - label->object.y)
                - (before->place.y - before->object.y)),
      ABS ((label->place.y - label->object.y - label->object.h)
           - (before->place.y - before->object.y - before->object.h)));
  self->statistics->n_moved += label->form != before->form
                               || x > MIN (label->place.w, before->place.w) / 2
                               || y > MIN (label->place.h, before->place.h) / 2;
}

static void
count_frame (Reader *self)
{
  GArray *places = self->places;
  gboolean overlapping = FALSE;
  guint i;

  if (self->rule == LABELS_ABOVE)
    place_above (self);
  else
    overlay_placement_run (
        self->placement, (OverlayLabelPlace *) places->data, places->len);
  for (i = 0; i < places->len; i++) {
    count_label (self, i, &overlapping);
    count_move (self, &g_array_index (places, OverlayLabelPlace, i));
  }
  self->statistics->n_frames++;
  self->statistics->n_overlapping_frames += overlapping;
  self->places = self->before;
  self->before = places;
}

static void
begin (Reader *self, const gchar *line)
{
  const gchar *size = strstr (line, "\"width\":");
  GstVideoInfo info;

  if (!size
      || sscanf (
             size, "\"width\":%d,\"height\":%d", &self->width, &self->height)
             != 2)
    g_error ("\"%s\" is no line of yolov5json", line);
  gst_video_info_set_format (
      &info, GST_VIDEO_FORMAT_NV12, self->width, self->height);
  self->captions = overlay_captions_new (&info, NULL);
  if (!self->captions)
    g_error ("there is no font");
  self->placement = overlay_placement_new (self->width, self->height, 2);
}

gboolean
label_statistics_measure (
    LabelStatistics *self, const gchar *path, LabelRule rule)
{
  Reader reader = { .statistics = self,
    .rule = rule,
    .places = g_array_new (FALSE, FALSE, sizeof (OverlayLabelPlace)),
    .before = g_array_new (FALSE, FALSE, sizeof (OverlayLabelPlace)) };
  g_autofree gchar *text = NULL;
  g_autoptr (GError) error = NULL;
  g_auto (GStrv) lines = NULL;
  guint i;

  *self = (LabelStatistics){ 0 };
  if (g_file_get_contents (path, &text, NULL, &error)) {
    lines = g_strsplit (text, "\n", -1);
    for (i = 0; lines[i] && lines[i][0] != '\0'; i++) {
      if (i == 0)
        begin (&reader, lines[i]);
      read_objects (&reader, lines[i]);
      count_frame (&reader);
    }
  } else {
    fprintf (stderr, "%s\n", error->message);
  }
  g_array_unref (reader.places);
  g_array_unref (reader.before);
  overlay_captions_free (reader.captions);
  overlay_placement_free (reader.placement);
  return error == NULL;
}
