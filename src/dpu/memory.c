/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "memory.h"
#include "dpu.h"
#include "registers.h"

#include <stdio.h>
#include <string.h>

#define MEBIBYTE (1024.0 * 1024.0)

/**
 * dpu_memory_measure:
 * @subgraph: a compiled one
 */
void
dpu_memory_measure (DpuMemory *self, const XmodelSubgraph *subgraph)
{
  *self = (DpuMemory){ 0, 0 };
  for (guint i = 0; i < DPU_N_REGISTERS; i++) {
    g_autofree gchar *name = dpu_register_get_name (i);
    const gchar *type = "";
    gint size = 0;

    xmodel_attributes_lookup_int (
        subgraph->attributes, "reg_id_to_size", name, &size);
    xmodel_attributes_lookup_string (
        subgraph->attributes, "reg_id_to_context_type_v2", name, &type);
    if (g_str_equal (type, "INTERFACE"))
      self->per_runner += MAX (size, 0);
    else
      self->shared += MAX (size, 0);
  }
}

/* in bytes; a kernel without CMA has no such lines */
static gboolean
read_table (const gchar *path, guint64 *total, guint64 *available)
{
  g_autofree gchar *text = NULL;
  const gchar *total_line, *free_line;

  if (!g_file_get_contents (path, &text, NULL, NULL))
    return FALSE;
  total_line = strstr (text, "CmaTotal:");
  free_line = strstr (text, "CmaFree:");
  if (total_line == NULL || free_line == NULL
      || sscanf (total_line, "CmaTotal: %" G_GUINT64_FORMAT, total) != 1
      || sscanf (free_line, "CmaFree: %" G_GUINT64_FORMAT, available) != 1)
    return FALSE;
  *total *= 1024;
  *available *= 1024;
  return *total > 0;
}

/**
 * dpu_memory_describe:
 * @table_path: the kernel's table of memory
 *
 * Returns: (transfer full): sentences on what is needed and what there is
 */
gchar *
dpu_memory_describe (const DpuMemory *self, const gchar *table_path)
{
  GString *text = g_string_new (NULL);
  guint64 total, available;

  g_string_append_printf (text,
      "The model takes %.1f MiB of contiguous memory (CMA), each frame in "
      "flight %.1f MiB more",
      self->shared / MEBIBYTE, self->per_runner / MEBIBYTE);
  if (read_table (table_path, &total, &available))
    g_string_append_printf (text,
        "; this system has %.1f MiB, %.1f of them free", total / MEBIBYTE,
        available / MEBIBYTE);
  g_string_append (text, ". Where that is too little, boot with a larger "
                         "\"cma=\", or have fewer frames in flight");
  return g_string_free (text, FALSE);
}

/**
 * dpu_memory_check:
 *
 * Returns: %FALSE with %DPU_ERROR_NOT_FOUND when the system would not have
 *   enough even if all of it were free. What is free now says less: the kernel
 *   lends that memory out and takes it back.
 */
gboolean
dpu_memory_check (
    const DpuMemory *self, const gchar *table_path, GError **error)
{
  g_autofree gchar *text = NULL;
  guint64 total, available;

  if (!read_table (table_path, &total, &available)
      || self->shared + self->per_runner <= total)
    return TRUE;
  text = dpu_memory_describe (self, table_path);
  g_set_error (error, DPU_ERROR, DPU_ERROR_NOT_FOUND,
      "the system's contiguous memory is too small. %s", text);
  return FALSE;
}
