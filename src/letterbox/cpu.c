/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* What the processor has, and the environment variable that hides some of it. */

#include "cpu.h"

/* #LetterboxCpu flags of this processor, under this system */
guint
letterbox_cpu_detect (void)
{
  guint cpu = 0;

#if defined(__x86_64__) || defined(__i386__)
  if (__builtin_cpu_supports ("ssse3"))
    cpu |= LETTERBOX_CPU_SSSE3;
  if (__builtin_cpu_supports ("avx2"))
    cpu |= LETTERBOX_CPU_AVX2;
#elif defined(__aarch64__)
  /* each has it */
  cpu |= LETTERBOX_CPU_NEON;
#endif

  return cpu;
}

/* the same, but of YOLOV5DPU_CPU only what it names ("ssse3", "ssse3,avx2",
 * "plain" for nothing) */
guint
letterbox_cpu_get (void)
{
  static const GDebugKey names[] = {
    { "ssse3", LETTERBOX_CPU_SSSE3 },
    { "avx2", LETTERBOX_CPU_AVX2 },
    { "neon", LETTERBOX_CPU_NEON },
  };
  const gchar *allowed = g_getenv ("YOLOV5DPU_CPU");
  guint cpu = letterbox_cpu_detect ();

  if (allowed != NULL)
    cpu &= g_parse_debug_string (allowed, names, G_N_ELEMENTS (names));

  return cpu;
}
