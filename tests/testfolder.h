/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Folders for the files of tests. They belong to the test case, whose process
 * removes them in the end, also when its tests fail or end theirs. */

#pragma once

#include <gst/check/gstcheck.h>

void testfolder_add (TCase *tcase);
gchar *testfolder_make (void);
void testfolder_remove (const gchar *path);
