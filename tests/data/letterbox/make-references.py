#!/usr/bin/env python3
#
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Writes references.ini and references.rgb: what YOLOv5's letterbox() makes of
synthetic pictures with OpenCV (made with 4.6 of Debian 12).

Large results are stored as a few of their rows.
"""

import pathlib

import cv2
import numpy

PAD = 114

# frame, target, picture, how many rows are stored (None: all)
CASES = [
    ((1, 1), (1, 1), 'noise', None),
    ((1, 1), (32, 32), 'noise', None),
    ((2, 1), (33, 17), 'noise', None),
    ((1, 2), (16, 40), 'noise', None),
    ((3, 3), (32, 32), 'noise', None),
    ((5, 7), (64, 48), 'noise', None),
    ((7, 5), (48, 64), 'ramp', None),
    ((16, 16), (16, 16), 'noise', None),
    ((64, 48), (64, 64), 'noise', None),
    ((48, 64), (64, 64), 'ramp', None),
    ((33, 17), (64, 64), 'noise', None),
    ((63, 64), (64, 64), 'noise', None),
    ((64, 63), (64, 64), 'noise', None),
    ((65, 64), (64, 64), 'noise', None),
    ((127, 95), (64, 64), 'noise', None),
    ((128, 96), (64, 64), 'noise', None),
    ((130, 98), (65, 49), 'ramp', None),
    ((192, 108), (64, 64), 'noise', None),
    ((320, 180), (64, 36), 'ramp', None),
    ((320, 240), (64, 40), 'noise', None),
    ((1920, 1), (64, 24), 'noise', None),
    ((1, 1080), (24, 64), 'noise', None),
    ((1000, 3), (64, 32), 'noise', None),
    ((3, 1000), (32, 64), 'noise', None),
    ((640, 360), (48, 64), 'ramp', None),
    ((100, 100), (31, 57), 'noise', None),
    ((255, 257), (57, 31), 'noise', None),
    ((8192, 2), (40, 8), 'noise', None),
    ((1920, 1080), (640, 640), 'noise', 5),
    ((1920, 1080), (640, 384), 'ramp', 5),
    ((1280, 720), (416, 416), 'noise', 5),
    ((641, 479), (640, 640), 'noise', 5),
    ((720, 1280), (640, 640), 'ramp', 5),
    ((3840, 2160), (320, 320), 'noise', 5),
    ((320, 240), (640, 640), 'noise', 5),
]


def draw(kind, width, height):
    """The picture that draw_byte() of tests/letterbox/rig.c draws."""
    index = numpy.arange(width * height * 3, dtype=numpy.uint32)
    noise = index * numpy.uint32(2654435761) + numpy.uint32(0x9e3779b9)
    noise ^= noise >> numpy.uint32(15)
    noise *= numpy.uint32(2246822519)
    noise = (noise >> numpy.uint32(24)).astype(numpy.int64)
    if kind == 'ramp':
        column, row = index // 3 % width, index // 3 // width
        ramp = (column * 2 + row * 3 + index % 3 * 70).astype(numpy.int64) % 512
        noise = numpy.minimum(ramp, 511 - ramp) * 15 // 16 + noise // 16
    return noise.astype(numpy.uint8).reshape(height, width, 3)


def letterbox(picture, target):
    height, width = picture.shape[:2]
    ratio = min(target[0] / width, target[1] / height)
    new_width = max(int(round(width * ratio)), 1)
    new_height = max(int(round(height * ratio)), 1)
    if (new_width, new_height) != (width, height):
        picture = cv2.resize(picture, (new_width, new_height),
                             interpolation=cv2.INTER_LINEAR)
    across = (target[0] - new_width) / 2
    down = (target[1] - new_height) / 2
    left, right = int(round(across - 0.1)), int(round(across + 0.1))
    top, bottom = int(round(down - 0.1)), int(round(down + 0.1))
    return cv2.copyMakeBorder(picture, top, bottom, left, right,
                              cv2.BORDER_CONSTANT, value=(PAD, PAD, PAD))


def main():
    folder = pathlib.Path(__file__).parent
    data = bytearray()
    index = ['# written by make-references.py', '']
    for number, (frame, target, kind, n_rows) in enumerate(CASES):
        result = letterbox(draw(kind, *frame), target)
        rows = range(target[1])
        if n_rows:
            first = (result != PAD).any(axis=(1, 2)).argmax()
            rows = numpy.linspace(first, target[1] - 1 - first, n_rows)
            rows = [int(row) for row in rows]
        index += [f'[{number}]', f'frame={frame[0]};{frame[1]}',
                  f'target={target[0]};{target[1]}', f'picture={kind}',
                  f'offset={len(data)}']
        if n_rows:
            index += ['rows=' + ';'.join(str(row) for row in rows)]
        index += ['']
        for row in rows:
            data += result[row].tobytes()
    (folder / 'references.rgb').write_bytes(data)
    (folder / 'references.ini').write_text('\n'.join(index))


if __name__ == '__main__':
    main()
