# yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
#
# SPDX-License-Identifier: LGPL-2.1-or-later
"""From raw heads to objects in numpy, as src/yolov5 does it: what a model finds
is counted in objects, not in cells that agree with each other.

Detections are an array with a row for each object: left, top, right, bottom,
score, class."""

from __future__ import annotations

from typing import List, Sequence, Tuple

import numpy

# x, y, width, height and objectness come before the classes
BOX_CHANNELS = 5
N_COLUMNS = 6


def sigmoid(logits: numpy.ndarray) -> numpy.ndarray:
    return 1 / (1 + numpy.exp(-logits.astype(numpy.float64)))


def decode_head(head: numpy.ndarray, anchors: Sequence[Tuple[float, float]],
                stride: float, threshold: float) -> numpy.ndarray:
    """The objects of a head of 1 x channels x height x width in pixels of the
    model's input, each with its best class, before suppression."""
    height, width = head.shape[-2:]
    cells = head.reshape(len(anchors), -1, height, width)
    objectness = sigmoid(cells[:, BOX_CHANNELS - 1])
    classes = cells[:, BOX_CHANNELS:]
    scores = objectness * sigmoid(classes.max(axis=1))
    anchor, row, column = numpy.nonzero(scores >= threshold)
    box = sigmoid(cells[anchor, :BOX_CHANNELS - 1, row, column])
    centre = (box[:, :2] * 2 - 0.5
              + numpy.stack((column, row), axis=1)) * stride
    half = ((box[:, 2:] * 2) ** 2
            * numpy.asarray(anchors, numpy.float64).reshape(-1, 2)[anchor] / 2)
    return numpy.column_stack((
        centre - half, centre + half, scores[anchor, row, column],
        classes.argmax(axis=1)[anchor, row, column]))


def overlap(boxes: numpy.ndarray, others: numpy.ndarray) -> numpy.ndarray:
    """Intersection over union of each of boxes with each of others; both have
    left, top, right, bottom first."""
    corner = numpy.maximum(boxes[:, None, :2], others[None, :, :2])
    opposite = numpy.minimum(boxes[:, None, 2:4], others[None, :, 2:4])
    common = numpy.clip(opposite - corner, 0, None).prod(axis=2)
    areas = [(some[:, 2:4] - some[:, :2]).prod(axis=1)
             for some in (boxes, others)]
    union = areas[0][:, None] + areas[1][None] - common
    return numpy.divide(common, union, out=numpy.zeros_like(common),
                        where=union > 0)


def suppress(found: numpy.ndarray, iou_threshold: float) -> numpy.ndarray:
    """Leaves the best of the boxes of a class that overlap by more than
    iou_threshold, the best first."""
    found = found[numpy.argsort(-found[:, 4], kind='stable')]
    kept: List[numpy.ndarray] = []
    while len(found):
        best = found[:1]
        kept.append(best)
        found = found[1:]
        found = found[(found[:, 5] != best[0, 5])
                      | (overlap(best, found)[0] <= iou_threshold)]
    return (numpy.concatenate(kept) if kept
            else numpy.zeros((0, N_COLUMNS)))


def decode(heads: Sequence[numpy.ndarray],
           anchors: Sequence[Tuple[float, float]], strides: Sequence[float],
           threshold: float, iou_threshold: float) -> numpy.ndarray:
    """The objects of all heads of a picture; anchors in pixels, head by head."""
    n_anchors = len(anchors) // len(heads)
    return suppress(numpy.concatenate([
        decode_head(head, anchors[index * n_anchors:(index + 1) * n_anchors],
                    stride, threshold)
        for index, (head, stride) in enumerate(zip(heads, strides))]),
        iou_threshold)


def count_common(found: numpy.ndarray, others: numpy.ndarray,
                 least_overlap: float = 0.5) -> int:
    """How many of found are in others, too: of one class and at one place. Each
    is counted once."""
    free = numpy.ones(len(others), bool)
    overlaps = overlap(found, others)
    n_common = 0
    for index, row in enumerate(found):
        fitting = numpy.where(free & (others[:, 5] == row[5]),
                              overlaps[index], 0)
        if len(fitting) and fitting.max() >= least_overlap:
            free[fitting.argmax()] = False
            n_common += 1
    return n_common
