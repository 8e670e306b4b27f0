/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Each thing is said once since the element started, or since it changed. */

#include "messages.h"

#define N_LISTS G_N_ELEMENTS (((OverlayMessages *) NULL)->told_unknown)

static GHashTable *
new_refusals (void)
{
  return g_hash_table_new_full (NULL, NULL, NULL, g_free);
}

void
overlay_messages_init (OverlayMessages *self, GstElement *element)
{
  *self = (OverlayMessages){ .element = element, .refusals = new_refusals () };
}

void
overlay_messages_clear (OverlayMessages *self)
{
  overlay_messages_forget (self);
  g_clear_pointer (&self->refusals, g_hash_table_unref);
}

/**
 * overlay_messages_forget:
 *
 * Forgets what was said, as when the element stops.
 */
void
overlay_messages_forget (OverlayMessages *self)
{
  guint i;

  self->told_font = FALSE;
  for (i = 0; i < N_LISTS; i++)
    g_clear_pointer (&self->told_unknown[i], g_free);
}

/**
 * overlay_messages_keep_refusal:
 * @property: name of a property, which lives as long as its class
 * @error: (nullable): what is wrong with its value, %NULL for nothing
 *
 * Keeps it for overlay_messages_post_kept_refusals(). Under the object lock.
 */
void
overlay_messages_keep_refusal (
    OverlayMessages *self, const gchar *property, const GError *error)
{
  g_hash_table_remove (self->refusals, property);
  if (error)
    g_hash_table_insert (
        self->refusals, (gpointer) property, g_strdup (error->message));
}

void
overlay_messages_post_refusal (
    OverlayMessages *self, const gchar *property, const gchar *reason)
{
  GST_ELEMENT_WARNING (self->element, RESOURCE, SETTINGS,
      ("The property \"%s\" stays as it was: %s", property, reason), (NULL));
}

void
overlay_messages_post_kept_refusals (OverlayMessages *self)
{
  g_autoptr (GHashTable) refusals = NULL;
  GHashTableIter iter;
  gpointer name, reason;

  GST_OBJECT_LOCK (self->element);
  refusals = g_steal_pointer (&self->refusals);
  self->refusals = new_refusals ();
  GST_OBJECT_UNLOCK (self->element);

  g_hash_table_iter_init (&iter, refusals);
  while (g_hash_table_iter_next (&iter, &name, &reason))
    overlay_messages_post_refusal (self, name, reason);
}

void
overlay_messages_post_unusable_blur (OverlayMessages *self, const GError *error)
{
  GST_ELEMENT_ERROR (self->element, RESOURCE, SETTINGS,
      ("What the property \"blur\" says cannot be hidden: %s", error->message),
      (NULL));
}

/**
 * overlay_messages_warn_of_unknown_classes:
 * @models: what detectors find
 * @shown: (nullable): the property classes
 * @colors: (nullable): the property class-colors
 *
 * Complains of lists that were read, but name what nobody finds; once for each
 * value.
 */
void
overlay_messages_warn_of_unknown_classes (OverlayMessages *self,
    const OverlayModels *models, const OverlayClasses *shown,
    const OverlayClasses *colors)
{
  static const gchar *properties[N_LISTS] = { "classes", "class-colors" };
  const OverlayClasses *lists[N_LISTS] = { shown, colors };
  guint i;

  for (i = 0; i < N_LISTS; i++) {
    g_autofree gchar *unknown = overlay_models_list_unknown (models, lists[i]);
    g_autofree gchar *labels = NULL;

    if (unknown && g_strcmp0 (unknown, self->told_unknown[i]) != 0) {
      labels = overlay_models_list_labels (models);
      GST_ELEMENT_WARNING (self->element, RESOURCE, SETTINGS,
          ("The property \"%s\" names %s, which no detector finds; there are "
           "the classes %s",
              properties[i], unknown, labels),
          (NULL));
    }
    g_free (self->told_unknown[i]);
    self->told_unknown[i] = g_steal_pointer (&unknown);
  }
}

/**
 * overlay_messages_warn_of_missing_letters:
 * @text: (nullable): what cannot be written, %NULL for all
 *
 * One word on missing fonts is enough.
 */
void
overlay_messages_warn_of_missing_letters (
    OverlayMessages *self, const gchar *text)
{
  if (self->told_font)
    return;
  self->told_font = TRUE;
  if (!text)
    GST_ELEMENT_WARNING (self->element, RESOURCE, NOT_FOUND,
        ("There is no font on this system to write labels in, so there are "
         "boxes alone: install one, such as Debian's fonts-dejavu-core, or set "
         "draw-labels=false"),
        (NULL));
  else
    GST_ELEMENT_WARNING (self->element, RESOURCE, NOT_FOUND,
        ("No font on this system has all the letters of the label \"%s\": install "
         "one for its script, such as Debian's fonts-noto-core or "
         "fonts-noto-cjk",
            text),
        (NULL));
}
