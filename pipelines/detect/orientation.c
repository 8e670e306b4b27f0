/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* A camera writes into a JPEG's EXIF data how it was held. jpegparse makes a tag
 * of that, and is not among the elements that uridecodebin takes by itself: its
 * rank is too low, and before GStreamer 1.22 it does not call itself a parser of
 * a codec. */

#include "orientation.h"

#define PARSER "jpegparse"

static gboolean
is_unparsed_jpeg (const GstCaps *caps)
{
  const GstStructure *structure = gst_caps_get_structure (caps, 0);
  gboolean parsed = FALSE;

  gst_structure_get_boolean (structure, "parsed", &parsed);
  return gst_structure_has_name (structure, "image/jpeg") && !parsed;
}

static gboolean
is_parser (GstElementFactory *factory)
{
  return gst_element_factory_list_is_type (
      factory, GST_ELEMENT_FACTORY_TYPE_PARSER);
}

/* as uridecodebin does */
static gint
compare (gconstpointer a, gconstpointer b)
{
  GstElementFactory *first = GST_ELEMENT_FACTORY (a);
  GstElementFactory *second = GST_ELEMENT_FACTORY (b);

  if (is_parser (first) != is_parser (second))
    return is_parser (first) ? -1 : 1;
  return gst_plugin_feature_rank_compare_func (a, b);
}

static GList *
list_decoders (const GstCaps *caps)
{
  GList *all = gst_element_factory_list_get_elements (
      GST_ELEMENT_FACTORY_TYPE_DECODABLE, GST_RANK_MARGINAL);
  GList *list = gst_element_factory_list_filter (
      all, caps, GST_PAD_SINK, gst_caps_is_fixed (caps));

  gst_plugin_feature_list_free (all);
  return g_list_sort (list, compare);
}

G_GNUC_BEGIN_IGNORE_DEPRECATIONS

static GValueArray *
choose_factories (
    GstElement *decoder, GstPad *pad, GstCaps *caps, gpointer user_data)
{
  GstElementFactory *parser =
      is_unparsed_jpeg (caps) ? gst_element_factory_find (PARSER) : NULL;
  GList *list = list_decoders (caps), *l;
  GValueArray *factories;

  /* where it is in the list already, it is not come to a second time */
  if (parser != NULL)
    list = g_list_prepend (list, parser);
  factories = g_value_array_new (g_list_length (list));
  for (l = list; l != NULL; l = l->next) {
    GValue value = G_VALUE_INIT;

    g_value_init (&value, G_TYPE_OBJECT);
    g_value_set_object (&value, l->data);
    g_value_array_append (factories, &value);
    g_value_unset (&value);
  }
  gst_plugin_feature_list_free (list);
  return factories;
}

G_GNUC_END_IGNORE_DEPRECATIONS

/**
 * detect_orientation_read:
 * @decoder: a uridecodebin
 *
 * Has it send the tag `image-orientation`, which videoflip turns by.
 */
void
detect_orientation_read (GstElement *decoder)
{
  g_signal_connect (
      decoder, "autoplug-factories", G_CALLBACK (choose_factories), NULL);
}
