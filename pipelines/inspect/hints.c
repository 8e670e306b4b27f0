/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* What a user can do next. */

#include "facts.h"

#include <string.h>

/* on a Kria with the bitstream of Vitis AI 2.5 */
#define FINGERPRINT_2_5 "0x101000016010407"

/* one box per cell and nothing but coordinates, objectness and classes: what
 * YOLOX and others without anchors have */
static gboolean
looks_anchor_free (const InspectReport *report)
{
  guint32 channels = 0;

  for (guint i = 0; i < report->outputs->len; i++) {
    const InspectTensor *tensor =
        &g_array_index (report->outputs, InspectTensor, i);

    if (tensor->n_dims != 4 || (i > 0 && tensor->dims[3] != channels))
      return FALSE;
    channels = tensor->dims[3];
  }
  return report->outputs->len == 3 && channels > 5 && channels % 3 != 0;
}

static void
add (InspectReport *report, const gchar *hint)
{
  g_ptr_array_add (report->hints, g_strdup (hint));
}

/* whether a group before @index gives the same advice for the same reason */
static gboolean
is_repeated (const GPtrArray *groups, guint index)
{
  const InspectCpuOps *group = groups->pdata[index];

  for (guint i = 0; i < index; i++) {
    const InspectCpuOps *other = groups->pdata[i];

    if (other->why == group->why && other->advice == group->advice)
      return TRUE;
  }
  return FALSE;
}

static void
hint_at_operators (InspectReport *report)
{
  for (guint i = 0; i < report->cpu_ops->len; i++) {
    const InspectCpuOps *group = report->cpu_ops->pdata[i];

    if (group->advice == NULL || is_repeated (report->cpu_ops, i))
      continue;
    g_ptr_array_add (
        report->hints, g_strdup_printf ("%s is not for the DPU: %s; %s.",
                           group->type, group->why, group->advice));
  }
}

/* the compiler would not make one DPU subgraph of it, whatever the target */
static gboolean
has_obstacles (const InspectReport *report)
{
  for (guint i = 0; i < report->cpu_ops->len; i++) {
    const InspectCpuOps *group = report->cpu_ops->pdata[i];

    if (group->advice != NULL)
      return TRUE;
  }
  return FALSE;
}

static void
hint_at_target (InspectReport *report)
{
  const InspectTarget *target = &report->target;

  if (report->yolov5 == NULL || report->verdict == INSPECT_VERDICT_DPU)
    return;
  if (report->kind == INSPECT_KIND_QUANTIZED && has_obstacles (report))
    return;
  if (report->kind == INSPECT_KIND_QUANTIZED) {
    add (report,
        "For a board, compile it with vai_c_xir and the arch.json of that "
        "board's DPU. A DPU_B4096 of Vitis AI 2.5 has the fingerprint "
        "" FINGERPRINT_2_5 ".");
    return;
  }
  if (target->release != NULL)
    g_ptr_array_add (report->hints,
        g_strdup_printf (
            "A board needs a bitstream whose DPU has this fingerprint, as %s of "
            "Vitis AI %s has. For another one, compile the model again with "
            "the arch.json of that.",
            target->name, target->release));
}

static void
hint_at_model_info (InspectReport *report)
{
  if (report->yolov5 == NULL)
    return;
  if (!report->has_own_anchors)
    add (report,
        "The anchors are YOLOv5's defaults. If the training has changed them "
        "(it says so at its start), write them into a .modelinfo file beside "
        "the model.");
  if (yolov5_model_has_assumed_labels (report->yolov5))
    add (report,
        "The 80 classes are taken for COCO's. If they are others, write labels= "
        "into a .modelinfo file beside the model, or use the property "
        "label-file, also with the data.yaml of the training.");
  else if (!report->has_own_labels)
    add (report,
        "The classes have no names. Write labels= into a .modelinfo file "
        "beside the model, or use the property label-file, also with the "
        "data.yaml of the training.");
}

/**
 * inspect_find_hints:
 *
 * Needs all other parts.
 */
void
inspect_find_hints (InspectReport *report)
{
  hint_at_operators (report);
  hint_at_target (report);
  hint_at_model_info (report);
  if (report->yolov5 == NULL && looks_anchor_free (report))
    add (report,
        "Three heads of equally many channels that three anchors do not "
        "divide look like YOLOX or another detector without anchors. "
        "yolov5dpu decodes YOLOv5 v6 and v7 only.");
}
