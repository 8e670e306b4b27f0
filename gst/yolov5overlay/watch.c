/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* A list with a mistake in it looks like one whose objects are not there. After
 * many frames with other objects the former is likely enough to say so. */

#include "watch.h"

#define ENOUGH_FRAMES 100
#define MAX_LABELS 10

void
overlay_watch_init (OverlayWatch *self)
{
  *self =
      (OverlayWatch){ .labels = g_array_new (FALSE, FALSE, sizeof (GQuark)) };
}

void
overlay_watch_clear (OverlayWatch *self)
{
  g_array_unref (self->labels);
}

/**
 * overlay_watch_reset:
 *
 * Begins anew, as with another list.
 */
void
overlay_watch_reset (OverlayWatch *self)
{
  self->n_frames = 0;
  self->hid_something = FALSE;
  g_array_set_size (self->labels, 0);
}

static void
note_label (OverlayWatch *self, GQuark label)
{
  guint i;

  for (i = 0; i < self->labels->len; i++)
    if (g_array_index (self->labels, GQuark, i) == label)
      return;
  if (label != 0 && i < MAX_LABELS)
    g_array_append_val (self->labels, label);
}

/**
 * overlay_watch_count:
 * @objects: (element-type OverlayObject): what was found in a frame
 * @hid_something: whether any of it was hidden
 *
 * Counts a frame.
 *
 * Returns: %TRUE once, after 100 frames with objects none of which was hidden
 */
gboolean
overlay_watch_count (
    OverlayWatch *self, const GArray *objects, gboolean hid_something)
{
  guint i;

  self->hid_something |= hid_something;
  if (self->hid_something || objects->len == 0
      || self->n_frames == ENOUGH_FRAMES)
    return FALSE;
  for (i = 0; i < objects->len; i++)
    note_label (
        self, g_array_index (objects, OverlayObject, i).detection.label);
  return ++self->n_frames == ENOUGH_FRAMES;
}

/**
 * overlay_watch_list_labels:
 *
 * Returns: (transfer full): labels that came, for a message
 */
gchar *
overlay_watch_list_labels (const OverlayWatch *self)
{
  GString *list = g_string_new (NULL);
  guint i;

  for (i = 0; i < self->labels->len; i++) {
    const gchar *label =
        g_quark_to_string (g_array_index (self->labels, GQuark, i));
    g_autofree gchar *valid = g_utf8_make_valid (label, -1);

    g_string_append_printf (list, "%s\"%s\"", i > 0 ? ", " : "", valid);
  }
  return g_string_free (list, FALSE);
}
