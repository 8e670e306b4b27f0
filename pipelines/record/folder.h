/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* The folder of clips: their names, and how much of the disk they take. */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

gchar *record_folder_name_clip (const gchar *folder, gint64 time);
gchar *record_folder_name_part (const gchar *clip);
gchar *record_folder_name_notes (const gchar *clip);
gint record_folder_open (const gchar *folder, GError **error);
void record_folder_make_room (
    const gchar *folder, const gchar *newest, guint64 max_bytes);

G_END_DECLS
