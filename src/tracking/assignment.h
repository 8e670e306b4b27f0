/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* AssignmentPair: a row and a column that may go together; the gain if they do,
 * above 0 */
typedef struct {
  guint row;
  guint column;
  gdouble gain;
} AssignmentPair;

typedef struct _Assignment Assignment;

Assignment *assignment_new (void);
void assignment_free (Assignment *self);
void assignment_start (Assignment *self, guint n_rows, guint n_columns);
void assignment_add (Assignment *self, guint row, guint column, gdouble gain);
const gint *assignment_solve (Assignment *self);

G_END_DECLS
