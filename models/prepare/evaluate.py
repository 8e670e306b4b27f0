#!/usr/bin/env python3
#
# yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
#
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Says how well a model finds what is labelled in pictures: AP50 and AP50-95
of COCO, of an .xmodel on the software DPU or of the checkpoint that it was made
from. Needs no docker: for an .xmodel yolov5dpu, python3-gi, python3-numpy and
python3-pil, for a checkpoint PyTorch."""

from __future__ import annotations

import argparse
import pathlib
import queue
import sys
from typing import Any, Iterator, List, Optional, Sequence

import numpy

import average_precision
import checkpoint
import detections
from checkpoint import PreparationError
from modelinfo import get_anchors, read_labels
from pictures import (count, find_pictures, make_input, parse_size, positive,
                      read_picture)

# as YOLOv5's val.py: all that might be something, the precision is over all
# scores
THRESHOLD = 0.001
IOU_THRESHOLD = 0.6
MAX_DETECTIONS = 300

# pictures on their way through the pipeline
MAX_WAITING = 8


def find_label_file(picture: pathlib.Path, pictures: pathlib.Path,
                    labels: Optional[pathlib.Path]) -> pathlib.Path:
    """Below labels as the picture is below pictures; without labels where
    YOLOv5 looks, in labels/ instead of the last images/."""
    if labels is not None:
        return (labels / picture.relative_to(pictures)).with_suffix('.txt')
    parts = list(picture.absolute().parts)
    places = [index for index, part in enumerate(parts) if part == 'images']
    if not places:
        raise PreparationError(
            f'Labels of {pictures} would lie in a folder "labels" beside a '
            'folder "images"; say where they are with --labels')
    parts[places[-1]] = 'labels'
    return pathlib.Path(*parts).with_suffix('.txt')


def read_objects(path: pathlib.Path, width: int, height: int) -> numpy.ndarray:
    """Rows of left, top, right, bottom, class, in pixels. A picture without a
    label file has no objects, as for YOLOv5."""
    if not path.is_file():
        return numpy.zeros((0, 5))
    rows = []
    for number, line in enumerate(path.read_text().splitlines(), 1):
        try:
            row = [float(word) for word in line.split()]
            if row and (len(row) < 5 or row[0] != int(row[0]) or row[0] < 0
                        or not numpy.isfinite(row).all()):
                raise ValueError
        except (OverflowError, ValueError):
            raise PreparationError(
                f'Line {number} of {path} is "{line}"; a label is the number '
                'of its class and x, y, width and height from 0 to 1') from None
        if len(row) > 5:
            raise PreparationError(
                f'Line {number} of {path} has {len(row)} numbers, as labels '
                'for segmentation; boxes have 5')
        if row:
            rows.append(row)
    labels = numpy.array(rows).reshape(-1, 5)
    size = numpy.array([width, height])
    centre, half = labels[:, 1:3] * size, labels[:, 3:5] * size / 2
    return numpy.column_stack((centre - half, centre + half, labels[:, 0]))


def import_gstreamer() -> Any:
    try:
        import gi
        gi.require_version('Gst', '1.0')
        gi.require_version('GstVideo', '1.0')
        from gi.repository import GLib, Gst, GstVideo
    except (ImportError, ValueError) as error:
        raise PreparationError(
            f'GStreamer cannot be used from Python: {error}; install '
            'python3-gi and gir1.2-gst-plugins-base-1.0') from None
    Gst.init(None)
    return GLib, Gst, GstVideo


class Pipeline:
    """Frames of any size in, detections out, in the same order."""

    def __init__(self, model: pathlib.Path,
                 label_file: Optional[pathlib.Path]) -> None:
        self.glib, self.gst, self.video = import_gstreamer()
        # detections of a frame, or the message that ended it
        self.results: 'queue.Queue[Any]' = queue.Queue()
        try:
            self.pipeline = self.gst.parse_launch(
                'appsrc name=source format=time ! yolov5dpu name=detector '
                'device=cpu ! fakesink name=sink')
        except self.glib.Error as error:
            raise PreparationError(
                f'{error.message}; is yolov5dpu installed? In a build tree, '
                'run this in "meson devenv -C build"') from None
        self.source = self.pipeline.get_by_name('source')
        detector = self.pipeline.get_by_name('detector')
        for name, value in (
                ('model', str(model)), ('threshold', THRESHOLD),
                ('iou-threshold', IOU_THRESHOLD),
                ('max-detections', MAX_DETECTIONS),
                ('label-file', str(label_file) if label_file else None)):
            detector.set_property(name, value)
        self.pipeline.get_by_name('sink').get_static_pad('sink').add_probe(
            self.gst.PadProbeType.BUFFER, self.on_frame)
        self.pipeline.get_bus().set_sync_handler(self.on_message)
        self.pipeline.set_state(self.gst.State.PLAYING)

    def on_frame(self, pad: Any, info: Any) -> Any:
        """Called by the source pad's task of yolov5dpu."""
        frame = info.get_buffer()
        rows = []
        # ids count from 0 or 1
        for number in range(MAX_DETECTIONS + 1):
            region = self.video.buffer_get_video_region_of_interest_meta_id(
                frame, number)
            if not region:
                continue
            found = region.get_param('detection')
            rows.append([found.get_double(name).value
                         for name in ('x_min', 'y_min', 'x_max', 'y_max',
                                      'confidence')]
                        + [found.get_int('label_id').value])
        self.results.put(numpy.array(rows).reshape(-1, detections.N_COLUMNS))
        return self.gst.PadProbeReturn.OK

    def on_message(self, bus: Any, message: Any) -> Any:
        """Called by whoever posts it."""
        if message.type == self.gst.MessageType.ERROR:
            self.results.put(PreparationError(
                message.parse_error().gerror.message))
        return self.gst.BusSyncReply.DROP

    def push(self, picture: numpy.ndarray, index: int) -> None:
        height, width = picture.shape[:2]
        # rows of a frame are whole words
        padded = numpy.zeros((height, (width * 3 + 3) // 4 * 4), numpy.uint8)
        padded[:, :width * 3] = picture.reshape(height, -1)
        frame = self.gst.Buffer.new_wrapped(padded.tobytes())
        frame.pts = index * self.gst.SECOND
        caps = self.gst.Caps.from_string(
            f'video/x-raw,format=RGB,width={width},height={height},'
            'framerate=1/1')
        self.source.emit('push-sample',
                         self.gst.Sample.new(frame, caps, None, None))

    def take(self) -> numpy.ndarray:
        """The next frame's detections, as parts of its width and height."""
        result = self.results.get()
        if isinstance(result, PreparationError):
            raise result
        return result

    def close(self) -> None:
        self.pipeline.set_state(self.gst.State.NULL)


def detect_with_xmodel(options: argparse.Namespace,
                       pictures: Sequence[pathlib.Path]
                       ) -> Iterator[numpy.ndarray]:
    pipeline = Pipeline(options.model, options.label_file)
    sizes: List[Any] = []
    taken = 0
    try:
        for index, path in enumerate(pictures):
            picture = read_picture(path)
            sizes.append(picture.shape)
            pipeline.push(picture, index)
            if index >= MAX_WAITING:
                yield scale(pipeline.take(), sizes[taken])
                taken += 1
        while taken < len(sizes):
            yield scale(pipeline.take(), sizes[taken])
            taken += 1
    finally:
        pipeline.close()


def scale(found: numpy.ndarray, shape: Sequence[int]) -> numpy.ndarray:
    """From parts of a picture's width and height into pixels."""
    return found * [shape[1], shape[0], shape[1], shape[0], 1, 1]


def detect_with_checkpoint(options: argparse.Namespace,
                           pictures: Sequence[pathlib.Path]
                           ) -> Iterator[numpy.ndarray]:
    """As the float model finds it, letterboxed and decoded as by yolov5dpu."""
    if options.yolov5 is None:
        raise PreparationError(
            f'To load {options.model}, its checkout of YOLOv5 is needed: give '
            'it with --yolov5')
    model = checkpoint.load(options.yolov5, options.model)
    detect = checkpoint.cut_head(model)
    checkpoint.check_size(options.size, detect)
    strides = [float(value) for value in detect.stride]
    order = numpy.argsort(strides)
    import torch
    with torch.no_grad():
        for path in pictures:
            heads = model(torch.from_numpy(make_input(path, options.size)))
            found = detections.decode(
                [heads[index].numpy() for index in order],
                get_anchors(detect), sorted(strides), THRESHOLD,
                IOU_THRESHOLD)[:MAX_DETECTIONS]
            yield unletterbox(found, read_picture(path), options.size)


def unletterbox(found: numpy.ndarray, picture: numpy.ndarray,
                size: Sequence[int]) -> numpy.ndarray:
    """From pixels of the model's input to those of the picture, which boxes do
    not leave."""
    height, width = picture.shape[:2]
    ratio = min(size[0] / width, size[1] / height)
    bars = [(size[0] - width * ratio) / 2, (size[1] - height * ratio) / 2] * 2
    result = found.copy()
    result[:, :4] = numpy.clip((found[:, :4] - bars) / ratio, 0,
                               [width, height, width, height])
    return result


def report(precisions: Any, n_pictures: int, labels: Sequence[str]
           ) -> Iterator[str]:
    def row(name: str, *values: Any) -> str:
        return f'{name:24} {values[0]:>8} {values[1]:>8} {values[2]:>8}'

    n_objects = sum(one.n_objects for one in precisions.values())
    yield (f'{n_pictures} pictures with {n_objects} objects of '
           f'{len(precisions)} classes')
    yield row('class', 'objects', 'AP50', 'AP50-95')
    for kind, one in precisions.items():
        yield row(labels[kind] if kind < len(labels) else f'class {kind}',
                  one.n_objects, f'{one.at_half:.3f}', f'{one.mean:.3f}')
    yield row('mean of classes', n_objects, *(
        f'{numpy.mean([one[column] for one in precisions.values()]):.3f}'
        for column in (1, 2)))


def evaluate(options: argparse.Namespace) -> Iterator[str]:
    if not options.model.is_file():
        raise PreparationError(f'There is no model {options.model}')
    labels = read_labels(options.label_file) if options.label_file else []
    pictures = find_pictures(options.pictures, options.limit or sys.maxsize)
    objects = []
    n_unlabelled = 0
    for path in pictures:
        file = find_label_file(path, options.pictures, options.labels)
        n_unlabelled += not file.is_file()
        shape = read_picture(path).shape
        objects.append(read_objects(file, shape[1], shape[0]))
    if not sum(len(some) for some in objects):
        raise PreparationError(
            f'There are no labels for the {len(pictures)} pictures, the first '
            f'was looked for in '
            f'{find_label_file(pictures[0], options.pictures, options.labels)}')
    if n_unlabelled:
        yield f'{n_unlabelled} pictures have no labels: nothing is to be found'
    detect = (detect_with_xmodel if options.model.suffix == '.xmodel'
              else detect_with_checkpoint)
    found = [rows for _, rows in zip(count(pictures),
                                     detect(options, pictures))]
    yield from report(average_precision.evaluate(found, objects),
                      len(pictures), labels)


def parse_arguments(arguments: Optional[List[str]]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('model', type=pathlib.Path, metavar='MODEL',
                        help='.xmodel, or a checkpoint like best.pt')
    parser.add_argument('--pictures', type=pathlib.Path, required=True,
                        metavar='FOLDER')
    parser.add_argument('--labels', type=pathlib.Path, metavar='FOLDER',
                        help='labels as YOLOv5 has them, NAME.txt for NAME.jpg '
                        '(default: "labels" in place of "images" in the '
                        "pictures' path)")
    parser.add_argument('--label-file', type=pathlib.Path, metavar='FILE',
                        help='names of the classes, one per line')
    parser.add_argument('--limit', type=positive, metavar='N',
                        help='use N pictures only')
    parser.add_argument('--yolov5', type=pathlib.Path, metavar='FOLDER',
                        help='checkout of YOLOv5, for a checkpoint')
    parser.add_argument('--size', type=parse_size, default=(640, 640),
                        metavar='WIDTHxHEIGHT', help="a checkpoint's input "
                        '(default: 640x640); an .xmodel has its own')
    return parser.parse_args(arguments)


def main(arguments: Optional[List[str]] = None) -> int:
    options = parse_arguments(arguments)
    try:
        for line in evaluate(options):
            print(line)
    except (OSError, PreparationError) as error:
        print(f'evaluate.py: {error}', file=sys.stderr)
        return 1
    return 0


if __name__ == '__main__':
    sys.exit(main())
