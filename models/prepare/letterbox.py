# yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
#
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The letterbox of src/letterbox in numpy, byte for byte, so that a model is
calibrated on what it sees later."""

from __future__ import annotations

from typing import Tuple

import numpy

PAD = 114

# OpenCV's INTER_LINEAR for 8 bit: weights have 11 bits, sums between the
# horizontal and the vertical pass keep 7 bits behind the point
WEIGHT_BITS = 11


def place(width: int, height: int, target: Tuple[int, int]
          ) -> Tuple[int, int, int, int]:
    """x, y, width and height of a picture inside the target (width, height)."""
    ratio = min(target[0] / width, target[1] / height)
    new_width = max(round(width * ratio), 1)
    new_height = max(round(height * ratio), 1)
    # YOLOv5 subtracts 0.1 so that an odd row or column goes to the far side
    left = round((target[0] - new_width) / 2 - 0.1)
    top = round((target[1] - new_height) / 2 - 0.1)
    return left, top, new_width, new_height


def locate(size: int, new_size: int) -> Tuple[numpy.ndarray, numpy.ndarray]:
    """The sample before each new one, and how far it lies behind that, in
    float32 as OpenCV computes it. The reciprocal of a quotient is OpenCV's."""
    scale = 1.0 / (new_size / size)
    position = ((numpy.arange(new_size) + 0.5) * scale - 0.5).astype(
        numpy.float32)
    sample = numpy.floor(position)
    return sample.astype(numpy.int64), position - sample


def resize(picture: numpy.ndarray, width: int, height: int) -> numpy.ndarray:
    """Bilinear as cv2.resize() does it for uint8."""
    unit = 1 << WEIGHT_BITS
    last_row, last_column = picture.shape[0] - 1, picture.shape[1] - 1

    left, fraction = locate(picture.shape[1], width)
    weight = numpy.rint(fraction * numpy.float32(unit)).astype(numpy.int64)
    weight[left < 0] = 0
    weight[left >= last_column] = 0
    left = numpy.clip(left, 0, last_column)
    right = numpy.minimum(left + 1, last_column)
    rows = (picture[:, left].astype(numpy.int64) * (unit - weight)[:, None]
            + picture[:, right].astype(numpy.int64) * weight[:, None]) >> 4

    upper, fraction = locate(picture.shape[0], height)
    weights = [numpy.rint(part * numpy.float32(unit)).astype(numpy.int64)
               for part in (numpy.float32(1) - fraction, fraction)]
    total = sum((rows[numpy.clip(upper + step, 0, last_row)]
                 * weights[step][:, None, None]) >> 16 for step in (0, 1))
    return ((total + 2) >> 2).astype(numpy.uint8)


def letterbox(picture: numpy.ndarray, target: Tuple[int, int],
              pad: int = PAD) -> numpy.ndarray:
    """Scales a uint8 picture (height, width, 3) into the middle of the target
    (width, height), with bars of the level pad."""
    left, top, width, height = place(picture.shape[1], picture.shape[0], target)
    result = numpy.full((target[1], target[0], 3), pad, numpy.uint8)
    result[top:top + height, left:left + width] = resize(picture, width, height)
    return result
