/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "zocl.h"
#include "system.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* the head of an .xclbin file, a struct axlf of XRT's xclbin.h: its magic
 * number, and the UUID of the bitstream in its header */
#define XCLBIN_MAGIC "xclbin2"
#define XCLBIN_UUID_OFFSET 416
#define UUID_SIZE 16
#define XCLBIN_HEAD_SIZE (XCLBIN_UUID_OFFSET + UUID_SIZE)

#define RENDER_NODE_PREFIX "renderD"

/* names of DRM's nodes that are zocl's: no other driver tells an xclbinid */
static GPtrArray *
list_nodes (const gchar *root)
{
  g_autofree gchar *folder = g_build_filename (root, "sys/class/drm", NULL);
  GPtrArray *nodes = g_ptr_array_new_with_free_func (g_free);
  GDir *dir = g_dir_open (folder, 0, NULL);
  const gchar *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL) {
    g_autofree gchar *path =
        g_build_filename (folder, name, "device/xclbinid", NULL);

    if (g_str_has_prefix (name, RENDER_NODE_PREFIX)
        && g_file_test (path, G_FILE_TEST_EXISTS))
      g_ptr_array_add (nodes, g_strdup (name));
  }
  g_clear_pointer (&dir, g_dir_close);
  return nodes;
}

/* 32 small hexadecimal digits, whatever stands between them; NULL if there are
 * not as many, or there is no bitstream, which is all zeros */
static gchar *
normalize_uuid (const gchar *text)
{
  GString *digits = g_string_new (NULL);

  for (; *text != '\0'; text++) {
    if (g_ascii_isxdigit (*text))
      g_string_append_c (digits, g_ascii_tolower (*text));
  }
  if (digits->len == 2 * UUID_SIZE && strspn (digits->str, "0") < digits->len)
    return g_string_free (digits, FALSE);
  g_string_free (digits, TRUE);
  return NULL;
}

/* a line for each bitstream; XRT 2.15 and later put the slot before it */
static void
read_loaded (const gchar *root, const gchar *node, GPtrArray *uuids)
{
  g_autofree gchar *path =
      g_build_filename (root, "sys/class/drm", node, "device/xclbinid", NULL);
  g_autofree gchar *text = NULL;
  g_auto (GStrv) words = NULL;

  if (!g_file_get_contents (path, &text, NULL, NULL))
    return;
  words = g_strsplit_set (text, " \t\n", 0);
  for (guint i = 0; words[i] != NULL; i++) {
    gchar *uuid = normalize_uuid (words[i]);

    if (uuid != NULL)
      g_ptr_array_add (uuids, uuid);
  }
}

static gchar *
read_xclbin_uuid (const gchar *path)
{
  guchar head[XCLBIN_HEAD_SIZE];
  GString *uuid;
  FILE *file = fopen (path, "rbe");
  gboolean complete;

  if (file == NULL)
    return NULL;
  complete = fread (head, sizeof head, 1, file) == 1;
  fclose (file);
  if (!complete || memcmp (head, XCLBIN_MAGIC, sizeof XCLBIN_MAGIC) != 0)
    return NULL;
  uuid = g_string_new (NULL);
  for (guint i = 0; i < UUID_SIZE; i++)
    g_string_append_printf (uuid, "%02x", head[XCLBIN_UUID_OFFSET + i]);
  return g_string_free (uuid, FALSE);
}

static gchar *
describe_missing (const gchar *root, const gchar *path)
{
  return g_strdup_printf (
      "no bitstream is loaded since this board was started, and the board would "
      "stop where a DPU is asked for that is not there; %s. It has to be the "
      "one of %s",
      dpu_system_advise_bitstream (root), path);
}

static gchar *
describe_other (const gchar *root, const gchar *path, const gchar *wanted,
    const gchar *present)
{
  return g_strdup_printf (
      "the bitstream that is loaded, %s, is not that of %s, %s, and the board "
      "would stop where a DPU is asked for that is not there; %s, or name the "
      ".xclbin file of the loaded one in the property \"xclbin\"",
      present, path, wanted, dpu_system_advise_bitstream (root));
}

/**
 * dpu_zocl_find_other_bitstream:
 * @root: %DPU_SYSTEM_ROOT
 * @path: the .xclbin file that VART takes the addresses of the DPU from
 *
 * VART reads a DPU's registers where this file says they are. Where the FPGA
 * holds something else, nobody answers, and the kernel goes down.
 *
 * Where nothing is loaded, VART loads the file itself; but on Pynq that is no
 * more than a description, as Pynq loads what is in the FPGA.
 *
 * Returns: (transfer full) (nullable): why the DPU must not be touched, as the
 *   end of a sentence; %NULL also where there is no zocl
 */
gchar *
dpu_zocl_find_other_bitstream (const gchar *root, const gchar *path)
{
  g_autoptr (GPtrArray) nodes = list_nodes (root);
  g_autoptr (GPtrArray) loaded = g_ptr_array_new_with_free_func (g_free);
  g_autofree gchar *wanted = NULL;

  if (nodes->len == 0)
    return NULL;
  wanted = read_xclbin_uuid (path);
  if (wanted == NULL)
    return g_strdup_printf (
        "%s is not the .xclbin file of a bitstream: it has no head of one",
        path);
  for (guint i = 0; i < nodes->len; i++)
    read_loaded (root, nodes->pdata[i], loaded);
  if (loaded->len == 0)
    return dpu_system_is_pynq (root) ? describe_missing (root, path) : NULL;
  if (g_ptr_array_find_with_equal_func (loaded, wanted, g_str_equal, NULL))
    return NULL;
  return describe_other (root, path, wanted, loaded->pdata[0]);
}

/**
 * dpu_zocl_find_denied:
 * @root: %DPU_SYSTEM_ROOT
 *
 * XRT takes a device that it may not open for none.
 *
 * Returns: (transfer full) (nullable): the end of a sentence that says which
 *   device this user may not open, and what to do
 */
gchar *
dpu_zocl_find_denied (const gchar *root)
{
  g_autoptr (GPtrArray) nodes = list_nodes (root);

  for (guint i = 0; i < nodes->len; i++) {
    const gchar *node = nodes->pdata[i];
    g_autofree gchar *path = g_build_filename (root, "dev/dri", node, NULL);

    if (access (path, F_OK) == 0 && euidaccess (path, R_OK | W_OK) != 0)
      return g_strdup_printf (
          "this user may not open %s, which is the DPU's; add the user to the "
          "group render (sudo usermod -aG render %s) and log in again",
          path, g_get_user_name ());
  }
  return NULL;
}
