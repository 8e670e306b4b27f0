/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Where points are beside lines and polygons. */

#include "tracking/geometry.h"

#include <math.h>

/* On the right hand of one who goes from a to b; what lies on the line counts
 * as that side, so that every point has one. y grows downwards. */
static inline gboolean
is_right (ZonesPoint a, ZonesPoint b, ZonesPoint point)
{
  return (b.x - a.x) * (point.y - a.y) - (b.y - a.y) * (point.x - a.x) >= 0;
}

/**
 * polyline_count_crossings:
 *
 * A way through a corner crosses one of its two segments, or both or none where
 * it does not change sides.
 *
 * Returns: how often the way from @from to @to crosses from left to right, less
 *   how often it crosses back
 */
gint
polyline_count_crossings (
    const ZonesPoint *points, guint n_points, ZonesPoint from, ZonesPoint to)
{
  gint crossings = 0;

  if (from.x == to.x && from.y == to.y)
    return 0;
  for (guint i = 0; i + 1 < n_points; i++) {
    gboolean was_right = is_right (points[i], points[i + 1], from);
    gboolean goes_right = is_right (points[i], points[i + 1], to);

    if (was_right != goes_right
        && is_right (from, to, points[i]) != is_right (from, to, points[i + 1]))
      crossings += goes_right ? 1 : -1;
  }
  return crossings;
}

static gdouble
get_segment_distance (ZonesPoint a, ZonesPoint b, ZonesPoint point)
{
  gdouble x = b.x - a.x, y = b.y - a.y;
  gdouble length_squared = x * x + y * y;
  gdouble along = 0;

  if (length_squared > 0)
    along = CLAMP (
        ((point.x - a.x) * x + (point.y - a.y) * y) / length_squared, 0, 1);
  return hypot (a.x + along * x - point.x, a.y + along * y - point.y);
}

gdouble
polyline_get_distance (
    const ZonesPoint *points, guint n_points, ZonesPoint point)
{
  gdouble distance = G_MAXDOUBLE;

  for (guint i = 0; i + 1 < n_points; i++) {
    gdouble this_distance =
        get_segment_distance (points[i], points[i + 1], point);

    distance = MIN (distance, this_distance);
  }
  return distance;
}

gdouble
polyline_get_length (const ZonesPoint *points, guint n_points)
{
  gdouble length = 0;

  for (guint i = 0; i + 1 < n_points; i++)
    length +=
        hypot (points[i + 1].x - points[i].x, points[i + 1].y - points[i].y);
  return length;
}

/* by the parity of the edges to the point's right */
gboolean
polygon_contains (const ZonesPoint *points, guint n_points, ZonesPoint point)
{
  gboolean is_inside = FALSE;

  for (guint i = 0; i < n_points; i++) {
    ZonesPoint a = points[i], b = points[(i + 1) % n_points];

    if ((a.y > point.y) != (b.y > point.y)
        && point.x < a.x + (b.x - a.x) * (point.y - a.y) / (b.y - a.y))
      is_inside = !is_inside;
  }
  return is_inside;
}

/* to the border, from inside or outside */
gdouble
polygon_get_distance (
    const ZonesPoint *points, guint n_points, ZonesPoint point)
{
  gdouble distance = polyline_get_distance (points, n_points, point);
  gdouble last = get_segment_distance (points[n_points - 1], points[0], point);

  return MIN (distance, last);
}

gdouble
polygon_get_perimeter (const ZonesPoint *points, guint n_points)
{
  return polyline_get_length (points, n_points)
         + hypot (points[n_points - 1].x - points[0].x,
             points[n_points - 1].y - points[0].y);
}

gdouble
polygon_get_area (const ZonesPoint *points, guint n_points)
{
  gdouble sum = 0;

  for (guint i = 0; i < n_points; i++) {
    ZonesPoint a = points[i], b = points[(i + 1) % n_points];

    sum += a.x * b.y - b.x * a.y;
  }
  return fabs (sum) / 2;
}
