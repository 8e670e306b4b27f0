/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* JSON lines, comma separated values, YOLO's label files and COCO's data sets.
 * Files are written beside, and get their names when they are complete. */

#include "export.h"

#include <glib/gstdio.h>
#include <json-glib/json-glib.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define PART_SUFFIX ".part"

#define CSV_HEADER                                                             \
  "source,frame,time,label,label_id,confidence,x,y,width,height,id,predicted\n"

/* (nullable) @stream: a file that is being written */
typedef struct {
  gchar *path;
  gchar *part;
  FILE *stream;
} File;

/**
 * DetectExport:
 * @images, @annotations: of COCO's form, or %NULL
 * @has_numbers: whether all sources are pictures whose names are numbers: COCO's
 *   own are, and results are found by them
 * @error: (nullable): what went wrong first
 */
struct _DetectExport {
  File json;
  File csv;
  File coco;
  gchar *yolo;
  JsonArray *images;
  JsonArray *annotations;
  gboolean has_numbers;
  GError *error;
};

/* the number of each of COCO's 80 classes among the 91 that were planned */
static const guint8 coco_categories[] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 13,
  14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 27, 28, 31, 32, 33, 34, 35,
  36, 37, 38, 39, 40, 41, 42, 43, 44, 46, 47, 48, 49, 50, 51, 52, 53, 54, 55,
  56, 57, 58, 59, 60, 61, 62, 63, 64, 65, 67, 70, 72, 73, 74, 75, 76, 77, 78,
  79, 80, 81, 82, 84, 85, 86, 87, 88, 89, 90 };

static void
set_write_error (GError **error, const gchar *path)
{
  g_set_error (error, DETECT_ERROR, DETECT_ERROR_OUTPUT,
      "%s: It cannot be written: %s", path, g_strerror (errno));
}

static gboolean
file_open (File *self, const gchar *path, GError **error)
{
  if (path == NULL)
    return TRUE;
  self->path = g_strdup (path);
  if (g_str_equal (path, "-")) {
    self->stream = stdout;
    return TRUE;
  }
  self->part = g_strconcat (path, PART_SUFFIX, NULL);
  self->stream = g_fopen (self->part, "w");
  if (self->stream == NULL)
    set_write_error (error, path);
  return self->stream != NULL;
}

static gboolean
file_finish (File *self, GError **error)
{
  gboolean succeeded;

  if (self->stream == NULL)
    return TRUE;
  succeeded = fflush (self->stream) == 0 && !ferror (self->stream);
  if (self->part != NULL) {
    succeeded &= fclose (self->stream) == 0;
    succeeded = succeeded && g_rename (self->part, self->path) == 0;
  }
  self->stream = NULL;
  if (!succeeded)
    set_write_error (error, self->path);
  return succeeded;
}

static void
file_clear (File *self)
{
  if (self->stream != NULL && self->part != NULL)
    fclose (self->stream);
  /* nothing is there where it has got its name */
  if (self->part != NULL)
    g_unlink (self->part);
  g_free (self->path);
  g_free (self->part);
}

void
detect_export_free (DetectExport *self)
{
  file_clear (&self->json);
  file_clear (&self->csv);
  file_clear (&self->coco);
  g_free (self->yolo);
  g_clear_pointer (&self->images, json_array_unref);
  g_clear_pointer (&self->annotations, json_array_unref);
  g_clear_error (&self->error);
  g_free (self);
}

static gboolean
are_numbers (const GPtrArray *sources)
{
  for (guint i = 0; i < sources->len; i++) {
    const DetectSource *source = sources->pdata[i];

    if (source->kind != DETECT_PICTURE
        || !g_ascii_string_to_unsigned (
            source->stem, 10, 0, G_MAXINT64, NULL, NULL))
      return FALSE;
  }
  return TRUE;
}

/**
 * detect_export_new:
 * @names: of what is wanted
 * @sources: (element-type DetectSource): all that come
 * @error: %DETECT_ERROR_OUTPUT
 */
DetectExport *
detect_export_new (
    const DetectExportNames *names, const GPtrArray *sources, GError **error)
{
  g_autoptr (DetectExport) self = g_new0 (DetectExport, 1);

  if (!file_open (&self->json, names->json, error)
      || !file_open (&self->csv, names->csv, error)
      || !file_open (&self->coco, names->coco, error))
    return NULL;
  if (self->csv.stream != NULL)
    fputs (CSV_HEADER, self->csv.stream);
  if (names->coco != NULL) {
    self->images = json_array_new ();
    self->annotations = json_array_new ();
    self->has_numbers = are_numbers (sources);
  }
  self->yolo = g_strdup (names->yolo);
  if (self->yolo != NULL && g_mkdir_with_parents (self->yolo, 0777) != 0) {
    set_write_error (error, self->yolo);
    return NULL;
  }
  return g_steal_pointer (&self);
}

/* yolov5json's line, with the source in front */
static void
add_json (FILE *stream, const DetectSource *source, const DetectFrame *frame)
{
  g_autoptr (JsonNode) node =
      json_node_init_string (json_node_alloc (), source->name);
  g_autofree gchar *name = json_to_string (node, FALSE);

  fprintf (stream, "{\"source\":%s,%s\n", name, frame->line + 1);
}

/* quoted as RFC 4180 says, where it has to be */
static void
add_field (FILE *stream, const gchar *text)
{
  if (strpbrk (text, ",\"\r\n") == NULL) {
    fputs (text, stream);
    return;
  }
  fputc ('"', stream);
  for (; *text != '\0'; text++) {
    if (*text == '"')
      fputc ('"', stream);
    fputc (*text, stream);
  }
  fputc ('"', stream);
}

static void
add_csv (FILE *stream, const DetectSource *source, const DetectFrame *frame)
{
  for (guint i = 0; i < frame->boxes->len; i++) {
    const DetectBox *box = &g_array_index (frame->boxes, DetectBox, i);

    add_field (stream, source->name);
    fprintf (stream, ",%" G_GUINT64_FORMAT ",", frame->number);
    if (GST_CLOCK_TIME_IS_VALID (frame->pts))
      fprintf (stream, "%.3f", frame->pts / (gdouble) GST_SECOND);
    fputc (',', stream);
    add_field (stream, box->label);
    fprintf (stream, ",%d,%.4f,%d,%d,%d,%d,", box->label_id, box->confidence,
        box->x, box->y, box->width, box->height);
    if (box->id != 0)
      fprintf (stream, "%" G_GUINT64_FORMAT ",%d", box->id, box->is_predicted);
    else
      fputc (',', stream);
    fputc ('\n', stream);
  }
}

/* class, centre and size in parts of the frame; a frame where nothing was found
 * has an empty file, which is how trainings know it */
static void
add_yolo (
    DetectExport *self, const DetectSource *source, const DetectFrame *frame)
{
  g_autofree gchar *name =
      source->kind == DETECT_PICTURE
          ? g_strdup_printf ("%s.txt", source->stem)
          : g_strdup_printf (
              "%s_%" G_GUINT64_FORMAT ".txt", source->stem, frame->number);
  g_autofree gchar *path = g_build_filename (self->yolo, name, NULL);
  g_autoptr (GString) text = g_string_new (NULL);

  for (guint i = 0; i < frame->boxes->len; i++) {
    const DetectBox *box = &g_array_index (frame->boxes, DetectBox, i);

    if (box->is_predicted || box->label_id < 0)
      continue;
    g_string_append_printf (text, "%d %.6f %.6f %.6f %.6f\n", box->label_id,
        (box->x + box->width / 2.0) / frame->width,
        (box->y + box->height / 2.0) / frame->height,
        (gdouble) box->width / frame->width,
        (gdouble) box->height / frame->height);
  }
  if (self->error == NULL)
    g_file_set_contents (path, text->str, text->len, &self->error);
}

static JsonArray *
make_bbox (const DetectBox *box)
{
  JsonArray *bbox = json_array_new ();

  json_array_add_int_element (bbox, box->x);
  json_array_add_int_element (bbox, box->y);
  json_array_add_int_element (bbox, box->width);
  json_array_add_int_element (bbox, box->height);
  return bbox;
}

static void
add_coco (
    DetectExport *self, const DetectSource *source, const DetectFrame *frame)
{
  JsonObject *image = json_object_new ();
  gint64 id = self->has_numbers ? g_ascii_strtoll (source->stem, NULL, 10)
                                : json_array_get_length (self->images) + 1;

  json_object_set_int_member (image, "id", id);
  json_object_set_string_member (image, "file_name", source->name);
  if (source->kind != DETECT_PICTURE)
    json_object_set_int_member (image, "frame", (gint64) frame->number);
  json_object_set_int_member (image, "width", frame->width);
  json_object_set_int_member (image, "height", frame->height);
  json_array_add_object_element (self->images, image);

  for (guint i = 0; i < frame->boxes->len; i++) {
    const DetectBox *box = &g_array_index (frame->boxes, DetectBox, i);
    JsonObject *annotation;

    if (box->is_predicted || box->label_id < 0)
      continue;
    annotation = json_object_new ();
    json_object_set_int_member (
        annotation, "id", json_array_get_length (self->annotations) + 1);
    json_object_set_int_member (annotation, "image_id", id);
    /* a class until all are known */
    json_object_set_int_member (annotation, "category_id", box->label_id);
    json_object_set_array_member (annotation, "bbox", make_bbox (box));
    json_object_set_int_member (
        annotation, "area", (gint64) box->width * box->height);
    json_object_set_int_member (annotation, "iscrowd", 0);
    json_object_set_double_member (annotation, "score", box->confidence);
    json_array_add_object_element (self->annotations, annotation);
  }
}

/**
 * detect_export_add:
 * @frame: the next of @source
 */
void
detect_export_add (
    DetectExport *self, const DetectSource *source, const DetectFrame *frame)
{
  if (self->json.stream != NULL)
    add_json (self->json.stream, source, frame);
  if (self->csv.stream != NULL)
    add_csv (self->csv.stream, source, frame);
  if (self->yolo != NULL)
    add_yolo (self, source, frame);
  if (self->images != NULL)
    add_coco (self, source, frame);
}

static gboolean
is_coco (const GPtrArray *labels)
{
  return labels->len == G_N_ELEMENTS (coco_categories)
         && g_str_equal (labels->pdata[0], "person")
         && g_str_equal (labels->pdata[16], "dog")
         && g_str_equal (labels->pdata[79], "toothbrush");
}

/* COCO's classes have COCO's numbers, others count from 1 */
static JsonArray *
make_categories (DetectExport *self, const GPtrArray *labels)
{
  JsonArray *categories = json_array_new ();
  guint n = labels != NULL ? labels->len : 0;
  gboolean has_numbers = n > 0 && is_coco (labels);

  for (guint i = 0; i < n; i++) {
    JsonObject *category = json_object_new ();

    json_object_set_int_member (
        category, "id", has_numbers ? coco_categories[i] : i + 1);
    json_object_set_string_member (category, "name", labels->pdata[i]);
    json_array_add_object_element (categories, category);
  }
  for (guint i = 0; i < json_array_get_length (self->annotations); i++) {
    JsonObject *annotation =
        json_array_get_object_element (self->annotations, i);
    gint64 class_id = json_object_get_int_member (annotation, "category_id");

    json_object_set_int_member (annotation, "category_id",
        has_numbers ? coco_categories[class_id] : class_id + 1);
  }
  return categories;
}

static void
write_coco (DetectExport *self, const GPtrArray *labels)
{
  g_autoptr (JsonNode) root = json_node_new (JSON_NODE_OBJECT);
  JsonObject *object = json_object_new ();
  g_autofree gchar *text = NULL;

  json_object_set_array_member (
      object, "categories", make_categories (self, labels));
  json_object_set_array_member (
      object, "images", g_steal_pointer (&self->images));
  json_object_set_array_member (
      object, "annotations", g_steal_pointer (&self->annotations));
  json_node_take_object (root, object);
  text = json_to_string (root, FALSE);
  fputs (text, self->coco.stream);
  fputc ('\n', self->coco.stream);
}

/**
 * detect_export_finish:
 * @labels: (nullable) (element-type utf8): of the model's classes
 * @error: %DETECT_ERROR_OUTPUT
 *
 * Gives the files their names.
 */
gboolean
detect_export_finish (
    DetectExport *self, const GPtrArray *labels, GError **error)
{
  if (self->images != NULL)
    write_coco (self, labels);
  if (self->error != NULL) {
    g_propagate_error (error, g_steal_pointer (&self->error));
    return FALSE;
  }
  return file_finish (&self->json, error) && file_finish (&self->csv, error)
         && file_finish (&self->coco, error);
}
