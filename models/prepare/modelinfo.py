#!/usr/bin/env python3
#
# yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
#
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Writes the .modelinfo of a YOLOv5 checkpoint: its anchors and its labels."""

from __future__ import annotations

import argparse
import pathlib
import sys
from typing import Any, List, Optional, Tuple

import checkpoint
from checkpoint import PreparationError

GIVE_LABELS = ('give a file with one label for each class, in the order the '
               'model was trained with, with --labels')

# GKeyFile's escapes inside a list of strings
ESCAPES = {'\\': '\\\\', ';': '\\;', '\n': '\\n', '\t': '\\t', '\r': '\\r'}


def escape(label: str) -> str:
    return ''.join(ESCAPES.get(character, character) for character in label)


def get_labels(model: Any) -> List[str]:
    """What the checkpoint calls its classes, in their order."""
    names = getattr(model, 'names', None)
    if names is None:
        raise PreparationError(
            'The checkpoint does not name its classes; ' + GIVE_LABELS)
    # a list in older checkpoints, a dictionary by number in those of v7.0
    if isinstance(names, dict):
        numbers = sorted(names)
        if numbers != list(range(len(names))):
            raise PreparationError(
                f'The checkpoint names the classes {numbers}, which do not '
                'count from 0; ' + GIVE_LABELS)
        names = [names[number] for number in numbers]
    return [str(name).strip() for name in names]


def read_labels(path: pathlib.Path) -> List[str]:
    """A label file as yolov5dpu reads it: one label per line."""
    try:
        text = path.read_text(encoding='utf-8-sig')
    except UnicodeDecodeError:
        raise PreparationError(
            f'{path} is not a text file in UTF-8; a label file has one label '
            'per line') from None
    return [line.strip() for line in text.rstrip().split('\n')]


def check_labels(labels: List[str], n_classes: int) -> None:
    if len(labels) != n_classes:
        raise PreparationError(
            f'There are {len(labels)} labels for {n_classes} classes; '
            + GIVE_LABELS)
    if '' in labels:
        raise PreparationError(
            f'The label of class {labels.index("")} is empty; ' + GIVE_LABELS)


def get_anchors(detect: Any) -> List[Tuple[float, float]]:
    """Width and height in pixels, heads from the smallest stride to the
    largest. YOLOv5 keeps them in cells."""
    heads = sorted(((float(stride), anchors) for stride, anchors
                    in zip(detect.stride, detect.anchors)),
                   key=lambda head: head[0])
    pixels = [(float(width) * stride, float(height) * stride)
              for stride, anchors in heads for width, height in anchors]
    for width, height in pixels:
        if not (0 < width < 65536 and 0 < height < 65536):
            raise PreparationError(
                f'The checkpoint has an anchor of {width:g}x{height:g} pixels, '
                'so it is damaged, or was saved before the strides were known')
    return pixels


def describe(detect: Any, labels: List[str]) -> str:
    """The text of the .modelinfo file."""
    check_labels(labels, detect.nc)
    anchors = ';'.join(f'{size:.6g}' for anchor in get_anchors(detect)
                       for size in anchor)
    return ('# what the xmodel does not say, from the checkpoint\n'
            '[yolov5]\n'
            f'labels={";".join(escape(label) for label in labels)}\n'
            f'anchors={anchors}\n'
            'channel-order=RGB\n')


def parse_arguments(arguments: Optional[List[str]]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--yolov5', type=pathlib.Path, required=True,
                        metavar='FOLDER', help='checkout of YOLOv5')
    parser.add_argument('--weights', type=pathlib.Path, required=True,
                        metavar='FILE', help='checkpoint, like best.pt')
    parser.add_argument('--labels', type=pathlib.Path, metavar='FILE',
                        help='labels, one per line, instead of the '
                        "checkpoint's own")
    parser.add_argument('--output', type=pathlib.Path, metavar='FILE',
                        help='where to write; without it, print')
    return parser.parse_args(arguments)


def main(arguments: Optional[List[str]] = None) -> int:
    options = parse_arguments(arguments)
    try:
        model = checkpoint.load(options.yolov5, options.weights)
        labels = (read_labels(options.labels) if options.labels
                  else get_labels(model))
        text = describe(checkpoint.find_detect(model), labels)
        if options.output:
            options.output.write_text(text, encoding='utf-8')
        else:
            sys.stdout.write(text)
    except (OSError, PreparationError) as error:
        print(f'modelinfo.py: {error}', file=sys.stderr)
        return 1
    return 0


if __name__ == '__main__':
    sys.exit(main())
