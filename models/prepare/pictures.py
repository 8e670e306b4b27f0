# yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
#
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Folders of pictures, and a picture as a model's input."""

from __future__ import annotations

import argparse
import pathlib
import sys
from typing import Iterator, List, Optional, Sequence, TextIO, Tuple

import numpy

from checkpoint import PreparationError
from letterbox import letterbox

PICTURE_SUFFIXES = ('.bmp', '.jpeg', '.jpg', '.png', '.tif', '.tiff', '.webp')


def parse_size(text: str) -> Tuple[int, int]:
    """640 or 640x384 (width x height)."""
    parts = text.lower().split('x')
    if len(parts) > 2 or not all(part.isdigit() and int(part) > 0
                                 for part in parts):
        raise argparse.ArgumentTypeError(
            f'{text} is no size; give one like 640 or 640x384 (width x height)')
    return int(parts[0]), int(parts[-1])


def positive(text: str) -> int:
    if not text.isdigit() or int(text) == 0:
        raise argparse.ArgumentTypeError(f'{text} is not a number above 0')
    return int(text)


def find_pictures(folder: pathlib.Path, limit: int) -> List[pathlib.Path]:
    """At most limit pictures of a folder and the folders in it, spread evenly
    over their sorted names."""
    if not folder.is_dir():
        raise PreparationError(
            f'There is no folder {folder}; give one with pictures as the '
            'camera will see them')
    pictures = sorted(path for path in folder.rglob('*')
                      if path.suffix.lower() in PICTURE_SUFFIXES
                      # macOS writes ._NAME beside each, which is no picture
                      and not path.name.startswith('.')
                      and path.is_file())
    if not pictures:
        raise PreparationError(
            f'The folder {folder} holds no pictures; their names must end in '
            f'one of {" ".join(PICTURE_SUFFIXES)}')
    step = max(len(pictures) / limit, 1)
    return [pictures[int(index * step)]
            for index in range(min(limit, len(pictures)))]


def read_picture(path: pathlib.Path) -> numpy.ndarray:
    """RGB as uint8, turned the way the camera was held."""
    from PIL import Image, ImageOps
    try:
        with Image.open(path) as picture:
            return numpy.asarray(ImageOps.exif_transpose(picture)
                                 .convert('RGB'))
    except (OSError, ValueError, SyntaxError,
            Image.DecompressionBombError) as error:
        raise PreparationError(
            f'The picture {path} cannot be read: {error}; take it out of the '
            'folder') from error


def pick_readable(pictures: Sequence[pathlib.Path],
                  stream: Optional[TextIO] = None) -> List[pathlib.Path]:
    """Those that can be read, found out before minutes are spent with them.
    How many cannot is told on stream."""
    readable = []
    complaint = ''
    for path in pictures:
        try:
            read_picture(path)
            readable.append(path)
        except PreparationError as error:
            complaint = complaint or str(error)
    if not readable:
        raise PreparationError(
            f'None of the {len(pictures)} pictures can be read. {complaint}')
    if complaint:
        print(f'Warning: {len(pictures) - len(readable)} of {len(pictures)} '
              f'pictures are left out. {complaint}', file=stream)
    return readable


def count(pictures: Sequence[pathlib.Path],
          stream: Optional[TextIO] = None) -> Iterator[pathlib.Path]:
    """The pictures, with a line on stream that says how many there have been."""
    stream = stream or sys.stderr
    for index, path in enumerate(pictures):
        yield path
        print(f'\r{index + 1} of {len(pictures)}', end='', file=stream,
              flush=True)
    print(file=stream)


def make_input(path: pathlib.Path, size: Tuple[int, int]) -> numpy.ndarray:
    """A picture as the model's input: 1 x 3 x height x width, 0 to 1."""
    picture = letterbox(read_picture(path), size).astype(numpy.float32) / 255
    return numpy.ascontiguousarray(picture.transpose(2, 0, 1)[None])
