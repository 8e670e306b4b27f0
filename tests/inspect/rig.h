/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Runs yolov5dpu-inspect as a shell does, and reads what it prints. */

#pragma once

#include <json-glib/json-glib.h>

#include "testfolder.h"
#include "xmodel/samples.h"

G_BEGIN_DECLS

/**
 * InspectResult:
 * @status: what the command exits with
 * @out: what it prints
 * @err: its complaints
 * @root: (nullable): @out as JSON
 */
typedef struct {
  gint status;
  gchar *out;
  gchar *err;
  JsonNode *root;
} InspectResult;

extern gchar *inspect_folder;

void inspect_setup (void);
void inspect_teardown (void);

InspectResult *inspect_command (const gchar *first, ...) G_GNUC_NULL_TERMINATED;
InspectResult *inspect_json (const gchar *path);
InspectResult *inspect_graph (const XmodelFile__Graph *graph);
void inspect_result_free (InspectResult *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (InspectResult, inspect_result_free)

JsonObject *inspect_result_get (const InspectResult *self);
JsonObject *inspect_result_get_verdict (const InspectResult *self);
void inspect_check_verdict (
    const InspectResult *self, gint status, const gchar *words);

gchar *inspect_model (const gchar *name);
gchar *inspect_file (const gchar *name);

G_END_DECLS
