/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* The report for people and for programs. */

#pragma once

#include "actions.h"
#include "report.h"

G_BEGIN_DECLS

/**
 * InspectOutcome:
 * @report: what the file says
 * @picture: (nullable): what --run found
 * @bench: (nullable): what --bench measured
 * @failure: (nullable): why --run or --bench did not work
 *
 * All that is to be said.
 */
typedef struct {
  const InspectReport *report;
  const InspectPicture *picture;
  const InspectBench *bench;
  const GError *failure;
} InspectOutcome;

gchar *inspect_outcome_to_text (const InspectOutcome *outcome);
gchar *inspect_outcome_to_json (const InspectOutcome *outcome);

G_END_DECLS
