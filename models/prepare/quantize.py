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
import contextlib
import json
import os
import pathlib
import sys
import tempfile
import traceback
from typing import (Any, Iterator, List, NamedTuple, Optional, Sequence,
                    TextIO, Tuple)

import numpy

import checkpoint
import detections
from checkpoint import PreparationError
from modelinfo import get_anchors
from pictures import (count, find_pictures, make_input, parse_size,
                      pick_readable, positive)

# UG1414 asks for 100 to 1000 pictures
ENOUGH_PICTURES = 100

# yolov5dpu's defaults
THRESHOLD = 0.25
IOU_THRESHOLD = 0.45


class Noise(NamedTuple):
    """How a quantized head differs from the float one, as sums of squares."""
    signal: float
    noise: float


class Kept(NamedTuple):
    """How many objects the float model finds, how many of these the quantized
    one does, and how many others that finds."""
    n_float: int
    n_kept: int
    n_new: int


class Streams(NamedTuple):
    """The user's, while what the quantizer prints goes elsewhere."""
    out: TextIO
    err: TextIO


@contextlib.contextmanager
def divert(path: pathlib.Path) -> Iterator[Streams]:
    """Lets all that is printed meanwhile, also by C++, go to the end of a file,
    and so a traceback. Gives what still reaches the user."""
    sys.stdout.flush()
    sys.stderr.flush()
    streams = Streams(os.fdopen(os.dup(1), 'w', buffering=1),
                      os.fdopen(os.dup(2), 'w', buffering=1))
    with path.open('a') as log:
        for number in (1, 2):
            os.dup2(log.fileno(), number)
    try:
        yield streams
    except PreparationError:
        raise
    except (Exception, SystemExit) as error:
        traceback.print_exc()
        raise PreparationError(
            f'The quantizer has given up: {error}; all it said is in '
            f'{path}') from error
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        for number, stream in zip((1, 2), streams):
            stream.flush()
            os.dup2(stream.fileno(), number)
            stream.close()


def compare_head(float_head: numpy.ndarray,
                 quantized_head: numpy.ndarray) -> Noise:
    """Compares two heads of one picture, each 1 x channels x height x width."""
    if float_head.shape != quantized_head.shape:
        raise PreparationError(
            f'The quantized model has a head of {quantized_head.shape}, and '
            f'the float model has {float_head.shape}; remove the output folder '
            'and start with --mode calib again')
    difference = quantized_head.astype(numpy.float64) - float_head
    signal = float_head.astype(numpy.float64)
    return Noise(float(numpy.square(signal).sum()),
                 float(numpy.square(difference).sum()))


def compare_objects(float_found: numpy.ndarray,
                    quantized_found: numpy.ndarray) -> Kept:
    """Compares what is found in one picture, see detections.py."""
    n_kept = detections.count_common(float_found, quantized_found)
    return Kept(len(float_found), n_kept, len(quantized_found) - n_kept)


def add(values: Sequence[Any]) -> Any:
    """Sums tuples of one kind field by field."""
    return type(values[0])(*(sum(column) for column in zip(*values)))


def report(per_head: Sequence[Noise], kept: Kept) -> Iterator[str]:
    for index, head in enumerate(per_head):
        ratio = (10 * numpy.log10(head.signal / head.noise)
                 if head.signal > 0 and head.noise > 0 else float('inf'))
        yield f'Head {index}: signal to quantization noise {ratio:.1f} dB'
    yield (f'Objects with a score of {THRESHOLD} and more: {kept.n_float} with '
           f'the float model, {kept.n_kept} of these with the quantized one, '
           f'{kept.n_new} new')
    if kept.n_float == 0:
        yield ('Warning: the float model finds nothing in these pictures, so '
               'they say little; give pictures with objects in them')
    elif kept.n_kept < kept.n_float / 2:
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


def open_model(options: argparse.Namespace, streams: Streams
               ) -> Tuple[Any, Any]:
    """The float model with raw heads, and its Detect."""
    model = checkpoint.load(options.yolov5, options.weights)
    detect = checkpoint.find_detect(model)
    checkpoint.check_size(options.size, detect)
    if checkpoint.fit_activations(model, options.trained_with):
        print('Activations were given the form the DPU has', file=streams.out)
    checkpoint.cut_head(model)
    return model, detect


def open_quantizer(options: argparse.Namespace, model: Any) -> Any:
    import torch
    return import_quantizer()(
        options.mode, model,
        (torch.zeros(1, 3, options.size[1], options.size[0]),),
        output_dir=str(options.output), device=torch.device('cpu'))


def forward(model: Any, pictures: Sequence[pathlib.Path],
            size: Tuple[int, int], stream: Optional[TextIO] = None) -> None:
    """Shows the pictures to a model; with a stream, progress is told."""
    import torch
    with torch.no_grad():
        for path in count(pictures, stream) if stream else pictures:
            model(torch.from_numpy(make_input(path, size)))


def calibrate(options: argparse.Namespace, streams: Streams) -> None:
    model, _ = open_model(options, streams)
    pictures = pick_readable(find_pictures(options.pictures, options.limit),
                             streams.out)
    if len(pictures) < ENOUGH_PICTURES:
        print(f'Warning: {len(pictures)} pictures are few; AMD asks for '
              f'{ENOUGH_PICTURES} to 1000', file=streams.out)
    quantizer = open_quantizer(options, model)
    quantized = quantizer.quant_model
    if options.fast_finetune:
        print('Fast finetuning, which may take hours; its progress is in '
              f'{log_path(options)}', file=streams.out)
        # it calls the function again and again
        quantizer.fast_finetune(forward, (quantized, pictures, options.size))
    forward(quantized, pictures, options.size, streams.err)
    quantizer.export_quant_config()
    print(f'Calibrated with {len(pictures)} pictures', file=streams.out)


def find_objects(heads: Sequence[numpy.ndarray], detect: Any) -> numpy.ndarray:
    """What is in a picture, from heads in the order of their strides."""
    return detections.decode(heads, get_anchors(detect),
                             sorted(float(value) for value in detect.stride),
                             THRESHOLD, IOU_THRESHOLD)


def compare_models(options: argparse.Namespace, streams: Streams, model: Any,
                   quantized: Any, detect: Any) -> List[str]:
    """What the report says of the float model and the quantized one."""
    import torch
    order = numpy.argsort([float(value) for value in detect.stride])
    pictures = pick_readable(find_pictures(options.pictures, options.limit),
                             streams.out)
    noise: List[List[Noise]] = []
    kept: List[Kept] = []
    with torch.no_grad():
        for path in count(pictures, streams.err):
            picture = torch.from_numpy(make_input(path, options.size))
            before, after = ([heads[index].numpy() for index in order]
                             for heads in (model(picture), quantized(picture)))
            noise.append([compare_head(*pair) for pair in zip(before, after)])
            kept.append(compare_objects(find_objects(before, detect),
                                        find_objects(after, detect)))
    return list(report([add(head) for head in zip(*noise)], add(kept)))


def check_calibration(options: argparse.Namespace) -> None:
    """Of a finetuned one the quantizer would take the biases without the
    weights, and say nothing."""
    try:
        info = json.loads((options.output / 'quant_info.json').read_text())
    except (OSError, ValueError) as error:
        raise PreparationError(
            f'{options.output} holds no quant_info.json that can be read; run '
            'with --mode calib and the same --output first') from error
    tuned = isinstance(info, dict) and bool(info.get('fast_finetuned'))
    if tuned != options.fast_finetune:
        raise PreparationError(
            f'{options.output} was calibrated {"with" if tuned else "without"} '
            '--fast-finetune; give it with both modes or with none')


def test(options: argparse.Namespace, streams: Streams) -> None:
    check_calibration(options)
    model, detect = open_model(options, streams)
    quantizer = open_quantizer(options, model)
    if options.fast_finetune:
        quantizer.load_ft_param()
    summary = compare_models(options, streams, model, quantizer.quant_model,
                             detect)
    path = export(options, quantizer)
    for line in summary + [f'Wrote {path}']:
        print(line, file=streams.out)


def export(options: argparse.Namespace, quantizer: Any) -> pathlib.Path:
    """The quantizer names the file after the model's class, so it gets a
    folder where there is no other."""
    path = options.output / f'{options.name}_int.xmodel'
    with tempfile.TemporaryDirectory(dir=options.output) as folder:
        quantizer.export_xmodel(output_dir=folder, deploy_check=False)
        written = list(pathlib.Path(folder).glob('*_int.xmodel'))
        if len(written) != 1:
            raise PreparationError(
                f'The quantizer wrote {len(written)} files *_int.xmodel, and '
                f'one was expected; {log_path(options)} says why. Several mean '
                'that it could not follow the model from input to heads')
        written[0].replace(path)
    return path


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
    parser.add_argument('--fast-finetune', action='store_true',
                        help='adapt the weights, layer by layer; give it for '
                        'both modes. See README.md for what it costs and brings')
    parser.add_argument('--trained-with', choices=checkpoint.ACTIVATIONS,
                        help='the checkpoint says SiLU, but its weights were '
                        'trained with this')
    return parser.parse_args(arguments)


def log_path(options: argparse.Namespace) -> pathlib.Path:
    return options.output / f'{options.name}.quantize.log'


def main(arguments: Optional[List[str]] = None) -> int:
    options = parse_arguments(arguments)
    try:
        find_pictures(options.pictures, 1)
        options.output.mkdir(parents=True, exist_ok=True)
        with divert(log_path(options)) as streams:
            if options.mode == 'calib':
                calibrate(options, streams)
            else:
                test(options, streams)
    except (OSError, PreparationError) as error:
        print(f'quantize.py: {error}', file=sys.stderr)
        return 1
    return 0


if __name__ == '__main__':
    sys.exit(main())
