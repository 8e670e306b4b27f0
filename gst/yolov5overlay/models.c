/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* There may be several detectors in a row: a class is known if any of their
 * models has it. */

#include "models.h"

#include "metadata/model-event.h"

/* in a message */
#define MAX_LISTED_LABELS 20
/* in label_ids: the class has no number, or several */
#define NO_LABEL_ID (-1)

typedef struct {
  gchar *path;
  GStrv labels;
} Model;

struct _OverlayModels {
  GPtrArray *models;
  /* number plus 1 by label, as texts without regard to case */
  GHashTable *label_ids;
  guint n_classes;
};

static void
model_free (Model *model)
{
  g_free (model->path);
  g_strfreev (model->labels);
  g_free (model);
}

/**
 * overlay_models_new:
 *
 * Returns: (transfer full): nothing known
 */
OverlayModels *
overlay_models_new (void)
{
  OverlayModels *self = g_new0 (OverlayModels, 1);

  self->models = g_ptr_array_new_with_free_func ((GDestroyNotify) model_free);
  self->label_ids = g_hash_table_new (NULL, NULL);
  return self;
}

/**
 * overlay_models_free:
 * @self: (transfer full): models
 */
void
overlay_models_free (OverlayModels *self)
{
  g_ptr_array_unref (self->models);
  g_hash_table_unref (self->label_ids);
  g_free (self);
}

/* a label with different numbers in different models has none */
static void
index_labels (OverlayModels *self)
{
  guint i, k;

  g_hash_table_remove_all (self->label_ids);
  self->n_classes = 0;
  for (i = 0; i < self->models->len; i++) {
    const Model *model = g_ptr_array_index (self->models, i);

    for (k = 0; model->labels[k]; k++) {
      gpointer label =
          GUINT_TO_POINTER (overlay_classes_fold (model->labels[k]));
      gpointer number = GINT_TO_POINTER ((gint) k + 1), other;

      if (g_hash_table_lookup_extended (self->label_ids, label, NULL, &other)
          && other != number)
        number = GINT_TO_POINTER (NO_LABEL_ID + 1);
      g_hash_table_insert (self->label_ids, label, number);
    }
    self->n_classes = MAX (self->n_classes, k);
  }
}

/**
 * overlay_models_learn:
 * @event: any event
 *
 * Takes what a detector says of its model in the place of what it said before.
 *
 * Returns: whether anything is known now that was not
 */
gboolean
overlay_models_learn (OverlayModels *self, GstEvent *event)
{
  const gchar *element, *path;
  Model *model = NULL;
  GStrv labels;
  guint i;

  if (!gst_yolov5_model_event_parse (event, &element, &path, &labels))
    return FALSE;

  for (i = 0; i < self->models->len; i++) {
    model = g_ptr_array_index (self->models, i);
    if (g_str_equal (model->path, path))
      break;
  }
  if (i == self->models->len) {
    model = g_new0 (Model, 1);
    model->path = g_strdup (path);
    g_ptr_array_add (self->models, model);
  } else if (g_strv_equal ((const gchar *const *) model->labels,
                 (const gchar *const *) labels)) {
    g_strfreev (labels);
    return FALSE;
  }
  g_strfreev (model->labels);
  model->labels = labels;
  index_labels (self);
  return TRUE;
}

/**
 * overlay_models_forget:
 *
 * Forgets all of them.
 */
void
overlay_models_forget (OverlayModels *self)
{
  g_ptr_array_set_size (self->models, 0);
  index_labels (self);
}

/**
 * overlay_models_is_known:
 *
 * Returns: whether any detector has said what its model is
 */
gboolean
overlay_models_is_known (const OverlayModels *self)
{
  return self->models->len > 0;
}

/**
 * overlay_models_find_label_id:
 * @label: of a detection without a number
 *
 * Returns: the number that the models have for @label, or -1 if they have none
 *   or disagree
 */
gint
overlay_models_find_label_id (OverlayModels *self, GQuark label)
{
  if (label == 0 || self->models->len == 0)
    return NO_LABEL_ID;
  return GPOINTER_TO_INT (g_hash_table_lookup (self->label_ids,
             GUINT_TO_POINTER (
                 overlay_classes_fold (g_quark_to_string (label)))))
         - 1;
}

/**
 * overlay_models_list_unknown:
 * @classes: (nullable): a list of classes
 *
 * Returns: (transfer full) (nullable): those of @classes that no model has, for
 *   a message, or %NULL if there are none or no model is known
 */
gchar *
overlay_models_list_unknown (
    const OverlayModels *self, const OverlayClasses *classes)
{
  GString *unknown = g_string_new (NULL);
  guint i;

  for (i = 0; i < overlay_classes_get_n_entries (classes); i++) {
    const gchar *name = overlay_classes_get_name (classes, i);
    guint number;

    if (!overlay_models_is_known (self) || overlay_classes_is_any (classes, i)
        || g_hash_table_contains (
            self->label_ids, GUINT_TO_POINTER (overlay_classes_fold (name)))
        || (overlay_classes_get_number (classes, i, &number)
            && number < self->n_classes))
      continue;
    g_string_append_printf (
        unknown, "%s\"%s\"", unknown->len > 0 ? ", " : "", name);
  }
  return g_string_free (unknown, unknown->len == 0);
}

/**
 * overlay_models_list_labels:
 *
 * Returns: (transfer full): the labels of all models, for a message, which may
 *   be cut
 */
gchar *
overlay_models_list_labels (const OverlayModels *self)
{
  GString *list = g_string_new (NULL);
  guint i, k, n = 0;

  for (i = 0; i < self->models->len; i++) {
    const Model *model = g_ptr_array_index (self->models, i);

    for (k = 0; model->labels[k] && n < MAX_LISTED_LABELS; k++, n++)
      g_string_append_printf (
          list, "%s%s", n > 0 ? ", " : "", model->labels[k]);
    if (model->labels[k]) {
      g_string_append (list, " and more");
      break;
    }
  }
  return g_string_free (list, FALSE);
}
