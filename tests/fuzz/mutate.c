/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "fuzz/mutate.h"

#include "xmodel/mutator.h"

#include <string.h>

size_t LLVMFuzzerMutate (guint8 *data, size_t size, size_t max_size);

/* half the time the fields of the model are changed, else its bytes */
size_t
LLVMFuzzerCustomMutator (
    guint8 *data, size_t size, size_t max_size, unsigned int seed)
{
  g_autoptr (GBytes) model = NULL;
  g_autoptr (GBytes) mutant = NULL;
  gsize mutant_size;
  const guint8 *mutant_data;

  if (seed & 1)
    return LLVMFuzzerMutate (data, size, max_size);
  model = g_bytes_new (data, size);
  mutant = xmodel_mutate (model, seed);
  mutant_data = g_bytes_get_data (mutant, &mutant_size);
  mutant_size = MIN (mutant_size, max_size);
  if (mutant_size > 0)
    memcpy (data, mutant_data, mutant_size);
  return mutant_size;
}
