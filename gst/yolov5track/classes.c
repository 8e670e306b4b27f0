/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "classes.h"

#define LIST_SEPARATORS ",;"

typedef struct {
  GQuark label;
  /* -1 if no detector said it */
  gint label_id;
  gboolean is_wanted;
} SeenClass;

struct _TrackClasses {
  /* folded labels and numbers; empty for all */
  GPtrArray *wanted;
  GArray *seen;
};

/**
 * track_classes_new:
 *
 * Returns: (transfer full): all are wanted
 */
TrackClasses *
track_classes_new (void)
{
  TrackClasses *self = g_new0 (TrackClasses, 1);

  self->wanted = g_ptr_array_new_with_free_func (g_free);
  self->seen = g_array_new (FALSE, FALSE, sizeof (SeenClass));
  return self;
}

void
track_classes_free (TrackClasses *self)
{
  g_ptr_array_unref (self->wanted);
  g_array_unref (self->seen);
  g_free (self);
}

/* labels come from anywhere */
static gchar *
fold (const gchar *text)
{
  g_autofree gchar *valid = g_utf8_make_valid (text, -1);

  return g_utf8_casefold (valid, -1);
}

static gboolean
has_wanted (const TrackClasses *self, const gchar *folded)
{
  for (guint i = 0; i < self->wanted->len; i++)
    if (g_str_equal (g_ptr_array_index (self->wanted, i), folded))
      return TRUE;
  return FALSE;
}

static gboolean
find_out (const TrackClasses *self, const SeenClass *seen)
{
  if (self->wanted->len == 0)
    return TRUE;
  if (seen->label != 0) {
    g_autofree gchar *folded = fold (g_quark_to_string (seen->label));

    if (has_wanted (self, folded))
      return TRUE;
  }
  if (seen->label_id >= 0) {
    g_autofree gchar *number = g_strdup_printf ("%d", seen->label_id);

    return has_wanted (self, number);
  }
  return FALSE;
}

/**
 * track_classes_set_wanted:
 * @list: (nullable): labels or numbers, separated by commas
 */
void
track_classes_set_wanted (TrackClasses *self, const gchar *list)
{
  g_autofree gchar *folded = fold (list ? list : "");
  g_auto (GStrv) parts = g_strsplit_set (folded, LIST_SEPARATORS, -1);

  g_ptr_array_set_size (self->wanted, 0);
  for (guint i = 0; parts[i]; i++)
    if (*g_strstrip (parts[i]) != '\0')
      g_ptr_array_add (self->wanted, g_strdup (parts[i]));

  for (guint i = 0; i < self->seen->len; i++) {
    SeenClass *seen = &g_array_index (self->seen, SeenClass, i);

    seen->is_wanted = find_out (self, seen);
  }
}

static SeenClass *
find_seen (const TrackClasses *self, GQuark label)
{
  for (guint i = 0; i < self->seen->len; i++) {
    SeenClass *seen = &g_array_index (self->seen, SeenClass, i);

    if (seen->label == label)
      return seen;
  }
  return NULL;
}

/**
 * track_classes_add:
 * @label: of a detection, or 0
 * @label_id: its number, or -1
 *
 * Returns: whether it is wanted
 */
gboolean
track_classes_add (TrackClasses *self, GQuark label, gint label_id)
{
  SeenClass *seen = find_seen (self, label);

  if (!seen) {
    SeenClass unseen = { label, label_id, FALSE };

    unseen.is_wanted = find_out (self, &unseen);
    g_array_append_val (self->seen, unseen);
    return unseen.is_wanted;
  }
  if (label_id >= 0 && seen->label_id != label_id) {
    seen->label_id = label_id;
    seen->is_wanted = find_out (self, seen);
  }
  return seen->is_wanted;
}

/**
 * track_classes_get_label_id:
 *
 * Returns: the number of the class, or -1
 */
gint
track_classes_get_label_id (const TrackClasses *self, GQuark label)
{
  const SeenClass *seen = find_seen (self, label);

  return seen ? seen->label_id : -1;
}
