/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Which DPU a model is compiled for, and by which compiler. */

#include "facts.h"

#include <string.h>

#define COMPILER_PREFIX "xcompiler."

/* a fingerprint's highest byte is the family, the next the instruction set,
 * the lowest four bits the size */
#define FAMILY(fingerprint) ((guint) ((fingerprint) >> 56))
#define INSTRUCTION_SET(fingerprint) ((guint) ((fingerprint) >> 48) & 0xff)
#define SIZE(fingerprint) ((guint) (fingerprint) &0xf)
#define FAMILY_DPUCZDX8G 1

/* what target-factory of Vitis AI 2.5 says, and the values seen in files that
 * other versions compiled */
static const struct {
  guint64 fingerprint;
  const gchar *name;
  const gchar *release;
} targets[] = {
  { G_GUINT64_CONSTANT (0x1000020f6014407), "DPUCZDX8G_ISA0_B4096_MAX_BG2",
      "2.0" },
  { G_GUINT64_CONSTANT (0x101000016010200), "DPUCZDX8G_ISA1_B512", "2.5" },
  { G_GUINT64_CONSTANT (0x101000016010201), "DPUCZDX8G_ISA1_B800", "2.5" },
  { G_GUINT64_CONSTANT (0x101000016010402), "DPUCZDX8G_ISA1_B1024", "2.5" },
  { G_GUINT64_CONSTANT (0x101000016010203), "DPUCZDX8G_ISA1_B1152", "2.5" },
  { G_GUINT64_CONSTANT (0x101000016010404), "DPUCZDX8G_ISA1_B1600", "2.5" },
  { G_GUINT64_CONSTANT (0x101000016010405), "DPUCZDX8G_ISA1_B2304", "2.5" },
  { G_GUINT64_CONSTANT (0x101000016010406), "DPUCZDX8G_ISA1_B3136", "2.5" },
  { G_GUINT64_CONSTANT (0x101000016010407), "DPUCZDX8G_ISA1_B4096", "2.5" },
  { G_GUINT64_CONSTANT (0x101000056010407), "DPUCZDX8G_ISA1_B4096",
      "3.0 and 3.5" },
};

/* operations per clock cycle, by the size bits of a DPUCZDX8G */
static const guint sizes[] = { 512, 800, 1024, 1152, 1600, 2304, 3136, 4096 };

static void
name_target (InspectTarget *target, const gchar *name_in_file)
{
  guint64 fingerprint = target->fingerprint;

  for (guint i = 0; i < G_N_ELEMENTS (targets); i++) {
    if (targets[i].fingerprint == fingerprint) {
      target->name = g_strdup (targets[i].name);
      target->release = targets[i].release;
      return;
    }
  }
  if (name_in_file != NULL)
    target->name = g_strdup (name_in_file);
  else if (FAMILY (fingerprint) == FAMILY_DPUCZDX8G
           && SIZE (fingerprint) < G_N_ELEMENTS (sizes))
    target->name = g_strdup_printf ("DPUCZDX8G_ISA%u_B%u",
        INSTRUCTION_SET (fingerprint), sizes[SIZE (fingerprint)]);
}

static void
find_dpu (InspectReport *report)
{
  const XmodelSubgraph *root = xmodel_get_root (report->model);

  for (guint i = 0; i < root->n_children; i++) {
    const XmodelAttributes *attributes = root->children[i]->attributes;
    const gchar *name = NULL;

    if (!xmodel_subgraph_is_on (root->children[i], "DPU"))
      continue;
    xmodel_attributes_get_uint64 (
        attributes, "dpu_fingerprint", &report->target.fingerprint);
    xmodel_attributes_get_string (attributes, "dpu_name", &name);
    name_target (&report->target, name);
    return;
  }
}

/* entries are like "xcompiler.2.5.0" and "xcompiler.2.5.0 : xir.2.5.0", and map
 * to commits */
static void
find_compiler (InspectReport *report)
{
  const XmodelAttributes *attributes = xmodel_get_attributes (report->model);
  gsize n_keys;
  g_autofree const gchar **keys =
      xmodel_attributes_list_keys (attributes, "libs_info", &n_keys);

  for (gsize i = 0; i < n_keys; i++) {
    const gchar *colon = strstr (keys[i], " : ");

    if (colon != NULL)
      g_ptr_array_add (report->libraries, g_strdup (colon + strlen (" : ")));
    else if (g_str_has_prefix (keys[i], COMPILER_PREFIX)
             && report->compiler == NULL)
      report->compiler =
          g_strdup_printf ("xcompiler %s", keys[i] + strlen (COMPILER_PREFIX));
    else
      g_ptr_array_add (report->libraries, g_strdup (keys[i]));
  }
}

/**
 * inspect_find_target:
 *
 * Of several DPU subgraphs the first one counts: a compiler has one target.
 */
void
inspect_find_target (InspectReport *report)
{
  find_compiler (report);
  find_dpu (report);
}
