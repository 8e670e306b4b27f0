/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Texts that users write: .modelinfo files, label files, data.yaml, lists of classes and
 * thresholds. Each is read or refused in words, which are UTF-8. */

#include "yolov5/datayaml.h"
#include "tracking/zones.h"
#include "yolov5/yolov5.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput (const guint8 *data, size_t size);

static const Yolov5Tensor input = { 64, 64, 3, 6 };
static const Yolov5Tensor outputs[] = {
  { 8, 8, 27, 3 },
  { 4, 4, 27, 3 },
  { 2, 2, 27, 3 },
};

static void
check (gboolean is_read, GError *error)
{
  if (is_read == (error != NULL))
    g_error ("read or refused, not both or none");
  if (error != NULL && *error->message == '\0')
    g_error ("refused without a word");
  g_clear_error (&error);
}

/* as a file that has no place on a disk */
static gchar *
write_text (const guint8 *text, size_t size, int *file)
{
  *file = memfd_create ("text", MFD_CLOEXEC);
  if (*file < 0 || write (*file, text, size) != (ssize_t) size)
    g_error ("no memory for a file");
  return g_strdup_printf ("/proc/self/fd/%d", *file);
}

static void
read_file (const guint8 *text, size_t size, gboolean is_labels)
{
  g_autofree gchar *path = NULL;
  GError *error = NULL;
  Yolov5Model *model;
  int file;

  path = write_text (text, size, &file);
  model = yolov5_model_new (&input, outputs, G_N_ELEMENTS (outputs),
      is_labels ? NULL : path, is_labels ? path : NULL, &error);
  check (model != NULL, error);
  close (file);
  if (model == NULL)
    return;
  for (guint i = 0; i < yolov5_model_get_n_classes (model); i++)
    if (!g_utf8_validate (yolov5_model_get_label (model, i), -1, NULL))
      g_error ("a label is not UTF-8");
  yolov5_model_unref (model);
}

static void
read_yaml (const guint8 *text, size_t size)
{
  g_autofree gchar *copy = g_strndup ((const gchar *) text, size);
  GError *error = NULL;
  gchar **labels;

  if (!g_utf8_validate (copy, -1, NULL))
    return;
  labels = yolov5_data_yaml_parse (copy, "data.yaml", &error);
  check (labels != NULL, error);
  for (guint i = 0; labels != NULL && labels[i] != NULL; i++)
    if (*labels[i] == '\0' || !g_utf8_validate (labels[i], -1, NULL))
      g_error ("a label is empty or not UTF-8");
  g_strfreev (labels);
}

static void
read_list (const guint8 *text, size_t size, gboolean is_thresholds)
{
  static Yolov5Model *model;
  g_autofree gchar *list = g_strndup ((const gchar *) text, size);
  GError *error = NULL;
  Yolov5ClassRules *rules;

  if (model == NULL)
    model = yolov5_model_new (
        &input, outputs, G_N_ELEMENTS (outputs), NULL, NULL, NULL);
  rules = yolov5_class_rules_new (
      model, is_thresholds ? NULL : list, is_thresholds ? list : NULL, &error);
  if (error != NULL && !g_utf8_validate (error->message, -1, NULL))
    g_error ("an error is not UTF-8");
  check (rules != NULL, error);
  if (rules != NULL)
    yolov5_class_rules_unref (rules);
}

int
LLVMFuzzerTestOneInput (const guint8 *data, size_t size)
{
  if (size == 0)
    return 0;
  if (data[0] & 0x80)
    read_yaml (data + 1, size - 1);
  else if (data[0] & 2)
    read_list (data + 1, size - 1, data[0] & 1);
  else
    read_file (data + 1, size - 1, data[0] & 1);
  return 0;
}
