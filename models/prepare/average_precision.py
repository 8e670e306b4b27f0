# yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
#
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Average precision as COCO defines it: the mean, over 101 levels of recall
from 0 to 1, of the best precision at that or a higher recall."""

from __future__ import annotations

from typing import Dict, List, NamedTuple, Sequence

import numpy

from detections import overlap

# overlaps from which a box counts as found: 0.5, 0.55 to 0.95
OVERLAPS = numpy.arange(50, 100, 5) / 100
RECALLS = numpy.arange(101) / 100


class Precision(NamedTuple):
    """Of a class: how many objects there are, and what was found of them."""
    n_objects: int
    at_half: float
    mean: float


def match(found: numpy.ndarray, objects: numpy.ndarray) -> numpy.ndarray:
    """For each row of found, best score first, and each of OVERLAPS, whether it
    is an object that no better row has taken. Both are of one class and
    picture."""
    overlaps = overlap(found, objects)
    hits = numpy.zeros((len(found), len(OVERLAPS)), bool)
    for column, least in enumerate(OVERLAPS):
        free = numpy.ones(len(objects), bool)
        for index in range(len(found)):
            fitting = numpy.where(free, overlaps[index], -1)
            if len(fitting) and fitting.max() >= least:
                free[fitting.argmax()] = False
                hits[index, column] = True
    return hits


def average(hits: numpy.ndarray, n_objects: int) -> numpy.ndarray:
    """The average precision at each of OVERLAPS; hits are of all pictures, the
    best score first."""
    if not len(hits):
        return numpy.zeros(len(OVERLAPS))
    n_right = hits.cumsum(axis=0)
    recall = n_right / n_objects
    precision = n_right / numpy.arange(1, len(hits) + 1)[:, None]
    # the best at this or a higher recall
    precision = numpy.maximum.accumulate(precision[::-1])[::-1]
    result = []
    for column in range(len(OVERLAPS)):
        # the first row that reaches each level
        first = numpy.searchsorted(recall[:, column], RECALLS)
        reached = first < len(hits)
        result.append(precision[first[reached], column].sum() / len(RECALLS))
    return numpy.array(result)


def evaluate(found: Sequence[numpy.ndarray], objects: Sequence[numpy.ndarray]
             ) -> Dict[int, Precision]:
    """The precision of each class that has objects. For each picture, found
    has rows of left, top, right, bottom, score, class, and objects of left,
    top, right, bottom, class."""
    result: Dict[int, Precision] = {}
    for kind in numpy.unique(numpy.concatenate(
            [some[:, 4] for some in objects])):
        scores: List[numpy.ndarray] = []
        hits: List[numpy.ndarray] = []
        n_objects = 0
        for rows, there in zip(found, objects):
            rows = rows[rows[:, 5] == kind]
            rows = rows[numpy.argsort(-rows[:, 4], kind='stable')]
            there = there[there[:, 4] == kind]
            n_objects += len(there)
            scores.append(rows[:, 4])
            hits.append(match(rows, there))
        order = numpy.argsort(-numpy.concatenate(scores), kind='stable')
        precisions = average(numpy.concatenate(hits)[order], n_objects)
        result[int(kind)] = Precision(n_objects, float(precisions[0]),
                                      float(precisions.mean()))
    return result
