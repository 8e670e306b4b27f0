/* yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* How a box moves: four independent Kalman filters, for the coordinates of its
 * centre, its width and its height, each of a value and its velocity.
 *
 * Velocity wanders as white noise of the acceleration makes it (Bar-Shalom, Li,
 * Kirubarajan: Estimation with Applications to Tracking and Navigation, 6.2.2),
 * so that two steps of half the time give the same as one, and frames may come
 * at any times. All noise is in proportion to the box: what is twice as near
 * moves by twice as many pixels, and its edges are found half as exactly. */

#include "tracking/motion.h"

#include <math.h>

/* pixels; boxes that shrink stay boxes */
#define MIN_SIDE 1.0

static inline gdouble
square (gdouble value)
{
  return value * value;
}

static void
axis_start (MotionAxis *self, gdouble value, gdouble noise, gdouble speed)
{
  *self = (MotionAxis){
    .value = value,
    .value_variance = square (noise),
    .velocity_variance = square (speed),
  };
}

/* @wander: standard deviation of the velocity's change in one second */
static void
axis_advance (MotionAxis *self, gdouble seconds, gdouble wander)
{
  gdouble density = square (wander);

  self->value += self->velocity * seconds;
  self->value_variance +=
      seconds
      * (2 * self->covariance
          + seconds * (self->velocity_variance + seconds * density / 3));
  self->covariance +=
      seconds * (self->velocity_variance + seconds * density / 2);
  self->velocity_variance += seconds * density;
}

static void
axis_correct (MotionAxis *self, gdouble measured, gdouble noise)
{
  gdouble certainty = 1 / (self->value_variance + square (noise));
  gdouble value_gain = self->value_variance * certainty;
  gdouble velocity_gain = self->covariance * certainty;
  gdouble surprise = measured - self->value;

  self->value += value_gain * surprise;
  self->velocity += velocity_gain * surprise;
  self->velocity_variance -= velocity_gain * self->covariance;
  self->covariance *= 1 - value_gain;
  self->value_variance *= 1 - value_gain;
}

/* takes in the first box of an object */
void
motion_start (Motion *self, const TrackingBox *box, const TrackerTuning *tuning)
{
  gdouble size = (box->width + box->height) / 2;
  gdouble noise = tuning->box_noise * size;
  gdouble speed = tuning->initial_speed * size;
  gdouble growth = tuning->growth * size;

  axis_start (&self->x, box->x + box->width / 2, noise, speed);
  axis_start (&self->y, box->y + box->height / 2, noise, speed);
  axis_start (&self->width, box->width, noise, growth);
  axis_start (&self->height, box->height, noise, growth);
}

/* moves on to what is expected after so many seconds */
void
motion_advance (Motion *self, gdouble seconds, const TrackerTuning *tuning)
{
  gdouble size = MAX ((self->width.value + self->height.value) / 2, MIN_SIDE);
  gdouble acceleration = tuning->acceleration * size;
  gdouble growth = tuning->growth * size;
  gdouble keep = exp (-seconds / tuning->growth_time);
  gdouble growing = tuning->growth_time * (1 - keep);

  axis_advance (&self->x, seconds, acceleration);
  axis_advance (&self->y, seconds, acceleration);
  axis_advance (&self->width, growing, growth);
  axis_advance (&self->height, growing, growth);
  self->width.velocity *= keep;
  self->height.velocity *= keep;
}

/* takes in a box that was found */
void
motion_correct (
    Motion *self, const TrackingBox *box, const TrackerTuning *tuning)
{
  gdouble noise = tuning->box_noise * (box->width + box->height) / 2;

  axis_correct (&self->x, box->x + box->width / 2, noise);
  axis_correct (&self->y, box->y + box->height / 2, noise);
  axis_correct (&self->width, box->width, noise);
  axis_correct (&self->height, box->height, noise);
}

TrackingBox
motion_get_box (const Motion *self)
{
  gdouble width = MAX (self->width.value, MIN_SIDE);
  gdouble height = MAX (self->height.value, MIN_SIDE);

  return (TrackingBox){
    .x = self->x.value - width / 2,
    .y = self->y.value - height / 2,
    .width = width,
    .height = height,
  };
}
