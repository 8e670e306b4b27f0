/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Which classes are wanted, and from which confidence on: lists that users
 * write, resolved against the classes of a model. */

#include "yolov5/yolov5.h"

#include <string.h>

#define LIST_SEPARATORS ",;"

struct _Yolov5ClassRules {
  gatomicrefcount ref_count;
  guint n_classes;
  gboolean *wanted;
  /* negative: the general threshold */
  gfloat *thresholds;
};

/* Labels are UTF-8, and so are messages: where users write other bytes, that is
 * no label in any case. */
static gchar **
split_list (const gchar *list)
{
  g_autofree gchar *valid = g_utf8_make_valid (list != NULL ? list : "", -1);

  return g_strsplit_set (valid, LIST_SEPARATORS, -1);
}

static gboolean
find_label (const Yolov5Model *model, const gchar *text, guint *class_id)
{
  guint i, n_classes = yolov5_model_get_n_classes (model);
  g_autofree gchar *folded = g_utf8_casefold (text, -1);

  for (i = 0; i < n_classes; i++) {
    if (g_str_equal (yolov5_model_get_label (model, i), text)) {
      *class_id = i;
      return TRUE;
    }
  }
  for (i = 0; i < n_classes; i++) {
    g_autofree gchar *label =
        g_utf8_casefold (yolov5_model_get_label (model, i), -1);

    if (g_str_equal (label, folded)) {
      *class_id = i;
      return TRUE;
    }
  }
  return FALSE;
}

/* a label counts before a number, as labels may be numbers, and one that is the
 * same to the letter before one that differs in case */
static gboolean
find_class (const Yolov5Model *model, const gchar *text, guint *class_id)
{
  guint n_classes = yolov5_model_get_n_classes (model);
  guint64 number;

  if (find_label (model, text, class_id))
    return TRUE;
  if (!g_ascii_string_to_unsigned (
          text, 10, 0, (guint64) n_classes - 1, &number, NULL))
    return FALSE;
  *class_id = number;
  return TRUE;
}

static gboolean
parse_class (const Yolov5Model *model, const gchar *text, guint *class_id,
    GError **error)
{
  guint n_classes = yolov5_model_get_n_classes (model);

  if (find_class (model, text, class_id))
    return TRUE;
  g_set_error (error, YOLOV5_ERROR, YOLOV5_ERROR_SETTINGS,
      "\"%s\" is not a class of the model: name one of its labels (the first "
      "is \"%s\") or a number from 0 to %u",
      text, yolov5_model_get_label (model, 0), n_classes - 1);
  return FALSE;
}

static gboolean
parse_wanted (Yolov5ClassRules *self, const Yolov5Model *model,
    const gchar *classes, GError **error)
{
  g_auto (GStrv) parts = split_list (classes);
  gboolean any = FALSE;

  for (guint i = 0; parts[i] != NULL; i++) {
    guint class_id;

    if (*g_strstrip (parts[i]) == '\0')
      continue;
    if (!parse_class (model, parts[i], &class_id, error))
      return FALSE;
    self->wanted[class_id] = TRUE;
    any = TRUE;
  }

  /* an empty list asks for nothing in particular */
  for (guint i = 0; i < self->n_classes && !any; i++)
    self->wanted[i] = TRUE;
  return TRUE;
}

static gboolean
parse_threshold (Yolov5ClassRules *self, const Yolov5Model *model, gchar *text,
    GError **error)
{
  /* the last one, as labels may have one, too */
  gchar *equals = strrchr (text, '=');
  gchar *end = NULL;
  gdouble threshold;
  guint class_id;

  if (equals == NULL) {
    g_set_error (error, YOLOV5_ERROR, YOLOV5_ERROR_SETTINGS,
        "\"%s\" has no threshold: write it as %s=0.5", text, text);
    return FALSE;
  }

  *equals = '\0';
  g_strchomp (text);
  threshold = g_ascii_strtod (g_strstrip (equals + 1), &end);
  if (end == equals + 1 || *end != '\0'
      || !(threshold >= 0 && threshold <= 1)) {
    g_set_error (error, YOLOV5_ERROR, YOLOV5_ERROR_SETTINGS,
        "The threshold \"%s\" of class \"%s\" is not a number from 0 to 1",
        equals + 1, text);
    return FALSE;
  }
  if (!parse_class (model, text, &class_id, error))
    return FALSE;

  self->thresholds[class_id] = threshold;
  return TRUE;
}

static gboolean
parse_thresholds (Yolov5ClassRules *self, const Yolov5Model *model,
    const gchar *thresholds, GError **error)
{
  g_auto (GStrv) parts = split_list (thresholds);

  for (guint i = 0; parts[i] != NULL; i++) {
    if (*g_strstrip (parts[i]) != '\0'
        && !parse_threshold (self, model, parts[i], error))
      return FALSE;
  }
  return TRUE;
}

/**
 * yolov5_class_rules_new:
 * @model: whose classes they are
 * @classes: (nullable): labels, in upper or lower case, or numbers of the
 *   classes to keep, separated by commas; empty or %NULL for all
 * @thresholds: (nullable): thresholds of single classes, such as
 *   "person=0.5,car=0.3"; the others have the general one
 * @error: %YOLOV5_ERROR_SETTINGS, naming what is wrong
 *
 * The result never changes: threads may share it.
 *
 * Returns: (transfer full) (nullable): the rules
 */
Yolov5ClassRules *
yolov5_class_rules_new (const Yolov5Model *model, const gchar *classes,
    const gchar *thresholds, GError **error)
{
  Yolov5ClassRules *self = g_new0 (Yolov5ClassRules, 1);

  g_atomic_ref_count_init (&self->ref_count);
  self->n_classes = yolov5_model_get_n_classes (model);
  self->wanted = g_new0 (gboolean, self->n_classes);
  self->thresholds = g_new (gfloat, self->n_classes);
  for (guint i = 0; i < self->n_classes; i++)
    self->thresholds[i] = -1;

  if (!parse_wanted (self, model, classes, error)
      || !parse_thresholds (self, model, thresholds, error))
    g_clear_pointer (&self, yolov5_class_rules_unref);
  return self;
}

Yolov5ClassRules *
yolov5_class_rules_ref (Yolov5ClassRules *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

void
yolov5_class_rules_unref (Yolov5ClassRules *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  g_free (self->wanted);
  g_free (self->thresholds);
  g_free (self);
}

/**
 * yolov5_class_rules_get_threshold:
 * @class_id: a class of the model
 * @threshold: the general threshold
 *
 * Returns: what the confidence of a detection of that class has to exceed; of a
 *   class that is not wanted, more than there can be
 */
gfloat
yolov5_class_rules_get_threshold (
    const Yolov5ClassRules *self, guint class_id, gfloat threshold)
{
  g_return_val_if_fail (class_id < self->n_classes, G_MAXFLOAT);

  if (!self->wanted[class_id])
    return G_MAXFLOAT;
  return self->thresholds[class_id] < 0 ? threshold
                                        : self->thresholds[class_id];
}
