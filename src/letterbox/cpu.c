/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* What the processor has, the environment variable that hides some of it, and the
 * kernels that are for it. */

#include "cpu.h"
#include "rows.h"

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

/* the fastest kernels for what @cpu, #LetterboxCpu flags, says there is */
void
letterbox_kernels_init (LetterboxKernels *kernels, guint cpu)
{
  letterbox_kernels_init_plain (kernels);
#ifdef LETTERBOX_HAVE_X86
  if (cpu & LETTERBOX_CPU_SSSE3)
    letterbox_kernels_init_ssse3 (kernels);
  if (cpu & LETTERBOX_CPU_AVX2)
    letterbox_kernels_init_avx2 (kernels);
#endif
#ifdef LETTERBOX_HAVE_NEON
  if (cpu & LETTERBOX_CPU_NEON)
    letterbox_kernels_init_neon (kernels);
#endif
}
