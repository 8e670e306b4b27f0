/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "libraries.h"

#include <dlfcn.h>

/* what this is linked with, and so always loaded */
#define LINKED_LIBRARY "vart-runner"

#define FIRST_VERSION 2
#define LAST_VERSION 9

/* without a version, the names are only in -dev packages */
static gchar *
make_name (const gchar *library, guint version)
{
  return g_strdup_printf ("lib%s.so.%u", library, version);
}

static gboolean
is_linked (guint version)
{
  g_autofree gchar *name = make_name (LINKED_LIBRARY, version);
  gpointer library = dlopen (name, RTLD_LAZY | RTLD_NOLOAD);

  if (library == NULL)
    return FALSE;
  dlclose (library);
  return TRUE;
}

/**
 * dpu_libraries_get_version:
 *
 * Returns: the major version of the VART that is linked: 2 for VART 2.5, 3 for
 *   3.0 and 3.5
 */
guint
dpu_libraries_get_version (void)
{
  for (guint version = FIRST_VERSION; version <= LAST_VERSION; version++) {
    if (is_linked (version))
      return version;
  }
  return FIRST_VERSION;
}

/**
 * dpu_libraries_get_name:
 * @library: without "lib" and what comes after it
 *
 * Returns: (transfer full): the file name of this library of the VART that is
 *   linked
 */
gchar *
dpu_libraries_get_name (const gchar *library)
{
  return make_name (library, dpu_libraries_get_version ());
}
