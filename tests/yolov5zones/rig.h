/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Frames with objects that a tracker knows, and what yolov5zones says of them.
 * Frames are 640x480 pixels, 25 a second. */

#pragma once

#include <gst/check/gstcheck.h>
#include <gst/check/gstharness.h>

#include "metadata/zones.h"

G_BEGIN_DECLS

#define RIG_WIDTH 640
#define RIG_HEIGHT 480
#define RIG_CAPS "video/x-raw,format=NV12,width=640,height=480,framerate=25/1"
#define RIG_FRAME_TIME (GST_SECOND / 25)

/* upright in the middle of the frame; who goes to the left crosses it forward */
#define RIG_LINE "[line gate]\npoints=0.5;0;0.5;1\n"
/* the right half of the frame */
#define RIG_ZONE "[zone yard]\npoints=0.5;0;1;0;1;1;0.5;1\ndwell=2\n"

/**
 * RigObject:
 * @id: 0 for none
 * @x: middle of its box, which is 40 pixels wide and 100 high
 * @bottom: lower edge of its box
 */
typedef struct {
  guint64 id;
  const gchar *label;
  gint x;
  gint bottom;
} RigObject;

/**
 * Rig:
 * @zones: the yolov5zones of what is run
 * @config: its file
 */
typedef struct {
  GstHarness *h;
  GstElement *zones;
  GstBus *bus;
  gchar *folder;
  gchar *config;
} Rig;

gchar *rig_write_config (const gchar *folder, const gchar *text);

Rig *rig_new (const gchar *config);
Rig *rig_new_behind (const gchar *elements, const gchar *config);
void rig_free (Rig *self);

GstBuffer *rig_new_frame (guint number);
void rig_look (GstBuffer *buffer);
void rig_attach (GstBuffer *buffer, const RigObject *object);
GstBuffer *rig_push (Rig *self, GstBuffer *buffer);
void rig_show (Rig *self, guint number, const RigObject *object);
void rig_walk (Rig *self, guint first, guint64 id, gint from, gint to);

GstMessage *rig_pop (Rig *self, GstMessageType type);
const GstStructure *rig_pop_event (Rig *self, GstMessage **message);
guint rig_count_warnings (Rig *self, const gchar *part);
guint64 rig_get_count (
    GstElement *zones, const gchar *shape, const gchar *field);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Rig, rig_free)

G_END_DECLS
