#!/usr/bin/env python3
#
# yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
#
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Quantizes a YOLOv5 checkpoint to 8 bit with vai_q_pytorch: first with
--mode calib, then with --mode test, which compares the result with the float
model and writes NAME_int.xmodel. Runs in the docker of Vitis AI 2.5."""

from __future__ import annotations

import argparse
import pathlib
import sys
import tempfile
from typing import Any, Iterator, List, NamedTuple, Optional, Sequence, Tuple

import numpy

import checkpoint
from checkpoint import PreparationError
from letterbox import letterbox

PICTURE_SUFFIXES = ('.bmp', '.jpeg', '.jpg', '.png', '.tif', '.tiff', '.webp')

# UG1414 asks for 100 to 1000 pictures
ENOUGH_PICTURES = 100

# yolov5dpu's default
THRESHOLD = 0.25

# x, y, width, height and objectness come before the classes
BOX_CHANNELS = 5


class Comparison(NamedTuple):
    """How a quantized head differs from the float one."""
    signal: float
    noise: float
    n_float: int
    n_kept: int
    n_new: int


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
    except (OSError, ValueError, SyntaxError) as error:
        raise PreparationError(
            f'The picture {path} cannot be read: {error}; take it out of the '
            'folder') from error


def pick_readable(pictures: Sequence[pathlib.Path]) -> List[pathlib.Path]:
    """Those that can be read, found out before minutes are spent with them."""
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
              f'pictures are left out. {complaint}')
    return readable


def count(pictures: Sequence[pathlib.Path]) -> Iterator[pathlib.Path]:
    """The pictures, with a line that says how many there have been."""
    for index, path in enumerate(pictures):
        yield path
        print(f'\r{index + 1} of {len(pictures)}', end='', file=sys.stderr,
              flush=True)
    print(file=sys.stderr)


def make_input(path: pathlib.Path, size: Tuple[int, int]) -> numpy.ndarray:
    """A picture as the model's input: 1 x 3 x height x width, 0 to 1."""
    picture = letterbox(read_picture(path), size).astype(numpy.float32) / 255
    return numpy.ascontiguousarray(picture.transpose(2, 0, 1)[None])


def sigmoid(logits: numpy.ndarray) -> numpy.ndarray:
    return 1 / (1 + numpy.exp(-logits.astype(numpy.float64)))


def best_scores(head: numpy.ndarray, n_anchors: int) -> numpy.ndarray:
    """Objectness times the best class for each anchor of each cell."""
    cells = head.reshape(n_anchors, -1, head.shape[-2] * head.shape[-1])
    return (sigmoid(cells[:, BOX_CHANNELS - 1])
            * sigmoid(cells[:, BOX_CHANNELS:]).max(axis=1))


def compare(float_head: numpy.ndarray, quantized_head: numpy.ndarray,
            n_anchors: int) -> Comparison:
    """Compares two heads of one picture, each 1 x channels x height x width."""
    if float_head.shape != quantized_head.shape:
        raise PreparationError(
            f'The quantized model has a head of {quantized_head.shape}, and '
            f'the float model has {float_head.shape}; remove the output folder '
            'and start with --mode calib again')
    difference = quantized_head.astype(numpy.float64) - float_head
    before = best_scores(float_head, n_anchors) >= THRESHOLD
    after = best_scores(quantized_head, n_anchors) >= THRESHOLD
    signal = float_head.astype(numpy.float64)
    return Comparison(float(numpy.square(signal).sum()),
                      float(numpy.square(difference).sum()),
                      int(before.sum()), int((before & after).sum()),
                      int((after & ~before).sum()))


def add(comparisons: Sequence[Comparison]) -> Comparison:
    return Comparison(*(sum(column) for column in zip(*comparisons)))


def report(per_head: Sequence[Comparison]) -> Iterator[str]:
    for index, head in enumerate(per_head):
        ratio = (10 * numpy.log10(head.signal / head.noise)
                 if head.signal > 0 and head.noise > 0 else float('inf'))
        yield f'Head {index}: signal to quantization noise {ratio:.1f} dB'
    total = add(per_head)
    yield (f'Scores of {THRESHOLD} and more: {total.n_float} in the float '
           f'model, {total.n_kept} of these in the quantized one, '
           f'{total.n_new} new')
    if total.n_float == 0:
        yield ('Warning: the float model finds nothing in these pictures, so '
               'they say little; give pictures with objects in them')
    elif total.n_kept < total.n_float / 2:
        yield ('Warning: quantization lost more than half of them; see "When '
               'boxes get lost" in README.md')


def import_quantizer() -> Any:
    try:
        from pytorch_nndct.apis import torch_quantizer
    except ImportError as error:
        raise PreparationError(
            f'vai_q_pytorch cannot be imported: {error}; start the docker of '
            'Vitis AI 2.5 and run "conda activate vitis-ai-pytorch"'
        ) from error
    return torch_quantizer


def open_model(options: argparse.Namespace) -> Tuple[Any, Any]:
    """The float model with raw heads, and its Detect."""
    model = checkpoint.load(options.yolov5, options.weights)
    detect = checkpoint.find_detect(model)
    checkpoint.check_size(options.size, detect)
    if checkpoint.fit_activations(model, options.trained_with):
        print('Activations were given the form the DPU has')
    checkpoint.cut_head(model)
    return model, detect


def calibrate(options: argparse.Namespace, torch_quantizer: Any) -> None:
    import torch
    model, _ = open_model(options)
    pictures = pick_readable(find_pictures(options.pictures, options.limit))
    if len(pictures) < ENOUGH_PICTURES:
        print(f'Warning: {len(pictures)} pictures are few; AMD asks for '
              f'{ENOUGH_PICTURES} to 1000')
    quantizer = torch_quantizer(
        'calib', model, (torch.zeros(1, 3, options.size[1], options.size[0]),),
        output_dir=str(options.output), device=torch.device('cpu'))
    quantized = quantizer.quant_model
    with torch.no_grad():
        for path in count(pictures):
            quantized(torch.from_numpy(make_input(path, options.size)))
    quantizer.export_quant_config()
    print(f'Calibrated with {len(pictures)} pictures')


def test(options: argparse.Namespace, torch_quantizer: Any) -> None:
    import torch
    if not (options.output / 'quant_info.json').is_file():
        raise PreparationError(
            f'{options.output} holds no quant_info.json; run with --mode calib '
            'and the same --output first')
    model, detect = open_model(options)
    pictures = pick_readable(find_pictures(options.pictures, options.limit))
    quantizer = torch_quantizer(
        'test', model, (torch.zeros(1, 3, options.size[1], options.size[0]),),
        output_dir=str(options.output), device=torch.device('cpu'))
    quantized = quantizer.quant_model
    per_head: List[Comparison] = []
    with torch.no_grad():
        for path in count(pictures):
            picture = torch.from_numpy(make_input(path, options.size))
            found = [compare(before.numpy(), after.numpy(), detect.na)
                     for before, after in zip(model(picture),
                                              quantized(picture))]
            per_head = ([add(pair) for pair in zip(per_head, found)]
                        if per_head else found)
    for line in report(per_head):
        print(line)
    export(options, quantizer)


def export(options: argparse.Namespace, quantizer: Any) -> None:
    """The quantizer names the file after the model's class, so it gets a
    folder where there is no other."""
    path = options.output / f'{options.name}_int.xmodel'
    with tempfile.TemporaryDirectory(dir=options.output) as folder:
        quantizer.export_xmodel(output_dir=folder, deploy_check=False)
        written = list(pathlib.Path(folder).glob('*_int.xmodel'))
        if len(written) != 1:
            raise PreparationError(
                f'The quantizer wrote {len(written)} files *_int.xmodel, and '
                'one was expected; its messages above say why. Several mean '
                'that it could not follow the model from input to heads')
        written[0].replace(path)
    print(f'Wrote {path}')


def parse_arguments(arguments: Optional[List[str]]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--mode', choices=('calib', 'test'), required=True)
    parser.add_argument('--yolov5', type=pathlib.Path, required=True,
                        metavar='FOLDER', help='checkout of YOLOv5')
    parser.add_argument('--weights', type=pathlib.Path, required=True,
                        metavar='FILE', help='checkpoint, like best.pt')
    parser.add_argument('--pictures', type=pathlib.Path, required=True,
                        metavar='FOLDER', help='pictures like those the camera '
                        'will take; labels are not needed')
    parser.add_argument('--size', type=parse_size, default=(640, 640),
                        metavar='WIDTHxHEIGHT',
                        help="the model's input (default: 640x640)")
    parser.add_argument('--output', type=pathlib.Path, required=True,
                        metavar='FOLDER', help='the same for both modes')
    parser.add_argument('--name', default='yolov5',
                        help='of the model that is written (default: yolov5)')
    parser.add_argument('--limit', type=positive, default=200, metavar='N',
                        help='use at most N pictures (default: 200)')
    parser.add_argument('--trained-with', choices=checkpoint.ACTIVATIONS,
                        help='the checkpoint says SiLU, but its weights were '
                        'trained with this')
    return parser.parse_args(arguments)


def main(arguments: Optional[List[str]] = None) -> int:
    options = parse_arguments(arguments)
    try:
        find_pictures(options.pictures, 1)
        torch_quantizer = import_quantizer()
        options.output.mkdir(parents=True, exist_ok=True)
        if options.mode == 'calib':
            calibrate(options, torch_quantizer)
        else:
            test(options, torch_quantizer)
    except (OSError, PreparationError) as error:
        print(f'quantize.py: {error}', file=sys.stderr)
        return 1
    return 0


if __name__ == '__main__':
    sys.exit(main())
