#!/usr/bin/env python3
#
# yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
#
# SPDX-License-Identifier: LGPL-2.1-or-later
"""evaluate.py of models/prepare and what it and quantize.py count with.

usage: evaluation.py FOLDER-OF-THE-SCRIPTS STREET-MODEL [LABELS SHARED]
"""

from __future__ import annotations

import json
import math
import pathlib
import random
import subprocess
import sys
import tempfile
import unittest
from fractions import Fraction
from typing import Any, List, Tuple

sys.dont_write_bytecode = True
PREPARE, STREET_MODEL, COCO_LABELS, SHARED = (
    pathlib.Path(path).resolve() for path in sys.argv[1:5])
sys.path.insert(0, str(PREPARE))

try:
    import gi
    import numpy
    from PIL import Image
except ImportError:
    print('python3-gi, python3-numpy or python3-pil is not installed')
    # meson's code for a skipped test
    sys.exit(77)

import average_precision  # noqa: E402
import detections  # noqa: E402
import evaluate  # noqa: E402
from checkpoint import PreparationError  # noqa: E402

Box = Tuple[float, ...]


def overlap(box: Box, other: Box) -> float:
    """Intersection over union, written another way than in detections.py."""
    width = min(box[2], other[2]) - max(box[0], other[0])
    height = min(box[3], other[3]) - max(box[1], other[1])
    if width <= 0 or height <= 0:
        return 0.0
    areas = ((one[2] - one[0]) * (one[3] - one[1]) for one in (box, other))
    return width * height / (sum(areas) - width * height)


def average(found: List[List[Box]], objects: List[List[Box]], kind: int,
            least: float) -> Fraction:
    """The definition, one detection after another, in exact fractions: at each
    level of recall the best precision of all that reach it."""
    ranked = sorted(((row, picture) for picture, rows in enumerate(found)
                     for row in rows if row[5] == kind),
                    key=lambda pair: -pair[0][4])
    free = [[box for box in boxes if box[4] == kind] for boxes in objects]
    n_objects = sum(len(boxes) for boxes in free)
    points = []
    n_right = 0
    for rank, (row, picture) in enumerate(ranked, 1):
        fitting = [box for box in free[picture] if overlap(row, box) >= least]
        if fitting:
            free[picture].remove(max(fitting, key=lambda box: overlap(row, box)))
            n_right += 1
        points.append((Fraction(n_right, n_objects), Fraction(n_right, rank)))
    return sum((max((precision for recall, precision in points
                     if recall >= Fraction(level, 100)), default=Fraction(0))
                for level in range(101)), Fraction(0)) / 101


def draw_scene(source: random.Random) -> Tuple[List[Box], List[Box]]:
    """Objects of three classes, and what a mediocre detector finds of them."""
    objects = []
    found = []
    for _ in range(source.randrange(12)):
        left, top = source.uniform(0, 500), source.uniform(0, 300)
        box = (left, top, left + source.uniform(20, 120),
               top + source.uniform(20, 120))
        kind = source.randrange(3)
        objects.append((*box, float(kind)))
        for _ in range(source.randrange(4)):
            found.append((*(side + source.gauss(0, 8) for side in box),
                          source.random(), float(source.choice((kind, kind, 2)))))
    return objects, found


class AveragePrecisionTest(unittest.TestCase):

    # equals the definition on pictures with hits, misses, doubles and
    # confusions
    def test_equals_definition(self) -> None:
        source = random.Random(12)
        for _ in range(20):
            scenes = [draw_scene(source) for _ in range(8)]
            objects = [scene[0] for scene in scenes]
            found = [scene[1] for scene in scenes]
            result = average_precision.evaluate(
                [numpy.array(rows).reshape(-1, 6) for rows in found],
                [numpy.array(rows).reshape(-1, 5) for rows in objects])
            self.assertEqual(sorted(result), sorted(
                {int(box[4]) for boxes in objects for box in boxes}))
            for kind, precision in result.items():
                expected = [float(average(found, objects, kind, least / 100))
                            for least in range(50, 100, 5)]
                self.assertAlmostEqual(precision.at_half, expected[0])
                self.assertAlmostEqual(precision.mean, sum(expected) / 10)

    # a case that can be counted on fingers: of two objects the first and the
    # third guess are right, so precision is 1 up to a recall of 1/2, then 2/3
    def test_by_hand(self) -> None:
        objects = numpy.array([[0, 0, 10, 10, 0], [50, 50, 60, 60, 0]])
        found = numpy.array([[0, 0, 10, 10, .9, 0], [20, 20, 30, 30, .8, 0],
                             [50, 50, 60, 60, .7, 0]])
        result = average_precision.evaluate([found], [objects])
        self.assertAlmostEqual(result[0].at_half, (51 + 50 * 2 / 3) / 101)
        self.assertAlmostEqual(result[0].mean, result[0].at_half)

    # classes without objects do not count, objects without detections do
    def test_nothing(self) -> None:
        objects = numpy.array([[0, 0, 10, 10, 4]])
        for found in (numpy.zeros((0, 6)), numpy.array([[0, 0, 10, 10, .9, 3]])):
            self.assertEqual(average_precision.evaluate([found], [objects]),
                             {4: (1, 0.0, 0.0)})


class DetectionsTest(unittest.TestCase):

    # heads are decoded as YOLOv5's formulas say, cell by cell
    def test_decode(self) -> None:
        source = numpy.random.default_rng(5)
        anchors = [(10, 13), (33, 23), (116, 90)]
        head = source.normal(0, 2, (1, 3 * 7, 4, 6)).astype(numpy.float32)
        expected = []
        for anchor, (width, height) in enumerate(anchors):
            for row in range(4):
                for column in range(6):
                    x, y, w, h, *scores = (
                        1 / (1 + math.exp(-value)) for value in
                        head[0, anchor * 7:anchor * 7 + 7, row, column])
                    score = scores[0] * max(scores[1:])
                    if score < 0.25:
                        continue
                    middle = (2 * x - 0.5 + column) * 16, (2 * y - 0.5 + row) * 16
                    size = (2 * w) ** 2 * width, (2 * h) ** 2 * height
                    expected.append((
                        middle[0] - size[0] / 2, middle[1] - size[1] / 2,
                        middle[0] + size[0] / 2, middle[1] + size[1] / 2,
                        score, scores.index(max(scores[1:]), 1) - 1))
        self.assertGreater(len(expected), 5)
        found = detections.decode_head(head, anchors, 16, 0.25)
        numpy.testing.assert_allclose(sorted(found.tolist()), sorted(expected),
                                      rtol=1e-6)

    # of boxes of one class that overlap, the best is left
    def test_suppress(self) -> None:
        found = numpy.array([[0, 0, 10, 10, .5, 0], [1, 0, 11, 10, .9, 0],
                             [1, 0, 11, 10, .4, 1], [40, 0, 50, 10, .3, 0]])
        self.assertEqual(detections.suppress(found, 0.45)[:, 4].tolist(),
                         [.9, .4, .3])
        self.assertEqual(len(detections.suppress(found, 0.9)), 4)
        self.assertEqual(detections.suppress(found[:0], 0.45).shape, (0, 6))

    # each head has its own anchors and stride
    def test_heads(self) -> None:
        heads = [numpy.full((1, 6, 2, 2), -9.0) for _ in range(2)]
        for head in heads:
            head[0, :, 1, 1] = [0, 0, 0, 0, 9, 9]
        found = detections.decode(heads, [(8, 8), (40, 20)], [8, 32], 0.25, 0.45)
        numpy.testing.assert_allclose(
            sorted(found[:, :4].tolist()), [[8, 8, 16, 16], [28, 38, 68, 58]])

    # an object is in both where class and place are, and only once
    def test_count_common(self) -> None:
        found = numpy.array([[0, 0, 10, 10, .9, 0], [0, 0, 10, 10, .8, 0],
                             [50, 50, 60, 60, .7, 1]])
        self.assertEqual(detections.count_common(found, found), 3)
        self.assertEqual(detections.count_common(found, found[1:]), 2)
        self.assertEqual(detections.count_common(found, found[:0]), 0)
        other_class = found.copy()
        other_class[:, 5] = 2
        self.assertEqual(detections.count_common(found, other_class), 0)


class LabelsTest(unittest.TestCase):

    def setUp(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.root = pathlib.Path(self.folder.name)

    # labels lie where YOLOv5 looks, or in a folder of the same shape
    def test_find_label_file(self) -> None:
        picture = pathlib.Path('/data/images/val/a.b.jpg')
        self.assertEqual(
            evaluate.find_label_file(picture, picture.parent, None),
            pathlib.Path('/data/labels/val/a.b.txt'))
        self.assertEqual(
            evaluate.find_label_file(picture, picture.parents[1],
                                     pathlib.Path('/l')),
            pathlib.Path('/l/val/a.b.txt'))
        with self.assertRaisesRegex(PreparationError, '--labels'):
            evaluate.find_label_file(pathlib.Path('/a/b.jpg'),
                                     pathlib.Path('/a'), None)

    # parts of the picture become pixels
    def test_read_objects(self) -> None:
        path = self.root / 'a.txt'
        path.write_text('3 0.5 0.25 0.2 0.1\n\n0 1 1 1 1\n')
        numpy.testing.assert_allclose(
            evaluate.read_objects(path, 100, 200),
            [[40, 40, 60, 60, 3], [50, 100, 150, 300, 0]])
        self.assertEqual(evaluate.read_objects(self.root / 'b', 1, 1).shape,
                         (0, 5))

    # what is no label is refused with its line
    def test_wrong_labels(self) -> None:
        path = self.root / 'a.txt'
        for line, words in (('person 0 0 1 1', 'Line 2 .*is "person'),
                            ('1 0 0 1', 'Line 2 .*is "1 0 0 1"'),
                            ('0.5 0 0 1 1', 'Line 2'), ('-1 0 0 1 1', 'Line 2'),
                            ('0 nan 0 1 1', 'Line 2'),
                            ('inf 0 0 1 1', 'Line 2'),
                            ('0 0 0 1 1 0 1', 'segmentation')):
            path.write_text(f'0 0 0 1 1\n{line}\n')
            with self.assertRaisesRegex(PreparationError, words):
                evaluate.read_objects(path, 10, 10)

    # the float model's boxes leave its bars and stay in the picture
    def test_unletterbox(self) -> None:
        found = numpy.array([[0., 140, 320, 320, .5, 0],
                             [-10, 100, 700, 600, .5, 0]])
        numpy.testing.assert_allclose(
            evaluate.unletterbox(found, numpy.zeros((720, 1280, 3)),
                                 (640, 640))[:, :4],
            [[0, 0, 640, 360], [0, 0, 1280, 720]])


class ProgramTest(unittest.TestCase):

    def setUp(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.root = pathlib.Path(self.folder.name)
        for name in ('images', 'labels'):
            (self.root / name).mkdir()

    def run_program(self, *arguments: Any) -> Tuple[int, str]:
        process = subprocess.run(
            [sys.executable, '-B', str(PREPARE / 'evaluate.py'),
             *(str(argument) for argument in arguments)],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            universal_newlines=True)
        return process.returncode, process.stdout

    def launch(self, *words: str) -> str:
        return subprocess.run(['gst-launch-1.0', '-q', *words], check=True,
                              stdout=subprocess.PIPE,
                              universal_newlines=True).stdout

    def draw(self, name: str, width: int) -> List[str]:
        """A picture with labels that say what yolov5dpu finds in it."""
        picture = self.root / 'images' / f'{name}.png'
        height = width * 3 // 4
        self.launch('videotestsrc', 'num-buffers=1', '!', 'video/x-raw,'
                    f'format=RGB,width={width},height={height}', '!', 'pngenc',
                    '!', 'filesink', f'location={picture}')
        line = self.launch(
            'filesrc', f'location={picture}', '!', 'pngdec', '!', 'yolov5dpu',
            f'model={STREET_MODEL}', 'device=cpu', 'threshold=0.25',
            'iou-threshold=0.6', '!', 'yolov5json', '!', 'fdsink')
        labels = [
            f'{box["label_id"]} {(box["x"] + box["width"] / 2) / width} '
            f'{(box["y"] + box["height"] / 2) / height} '
            f'{box["width"] / width} {box["height"] / height}\n'
            for box in json.loads(line)['detections']]
        (self.root / 'labels' / f'{name}.txt').write_text(''.join(labels))
        return labels

    # pictures of any size, in their order: what the element finds is found
    def test_finds_all(self) -> None:
        labels = sum((self.draw(f'{index}', width) for index, width in
                      enumerate((320, 322, 640, 320))), [])
        self.assertGreater(len(labels), 2)
        Image.new('RGB', (33, 44)).save(self.root / 'images' / 'empty.png')
        code, output = self.run_program(STREET_MODEL, '--pictures',
                                        self.root / 'images')
        self.assertEqual(code, 0, output)
        self.assertIn('1 pictures have no labels', output)
        self.assertIn(f'5 pictures with {len(labels)} objects', output)
        *_, n_objects, at_half, mean = output.splitlines()[-1].split()
        self.assertEqual((int(n_objects), float(at_half)), (len(labels), 1))
        # labels are whole pixels
        self.assertGreater(float(mean), 0.9)

    # what cannot be evaluated is a sentence
    def test_refusals(self) -> None:
        images = self.root / 'images'
        Image.new('RGB', (33, 44)).save(images / 'a.png')
        (self.root / 'bad.xmodel').write_text('no model')
        (self.root / 'best.pt').write_text('no checkpoint')
        for model, more, words in (
                ('none.xmodel', (), 'There is no model'),
                (STREET_MODEL, (), 'There are no labels for the 1 pictures'),
                ('bad.xmodel', ('--labels', self.root), 'bad.xmodel'),
                ('best.pt', ('--labels', self.root), '--yolov5')):
            (self.root / 'a.txt').write_text('0 0.5 0.5 1 1\n')
            code, output = self.run_program(self.root / model, '--pictures',
                                            images, *more)
            self.assertEqual(code, 1, output)
            self.assertIn(words, output)
            self.assertNotIn('Traceback', output)

    # AMD's YOLOv5n for COCO finds what is in pictures of COCO. Its AP50 on all
    # of them is said to be .45; these have larger objects.
    @unittest.skipUnless((SHARED / 'coco128').is_dir(), 'no ../shared/coco128')
    def test_real_pictures(self) -> None:
        pictures = SHARED / 'coco128' / 'val2017'
        code, output = self.run_program(
            SHARED / 'xmodels' / 'amd-yolov5n-coco-640-b4096-vai30.xmodel',
            '--pictures', pictures, '--labels',
            SHARED / 'coco128' / 'labels' / 'val2017', '--label-file',
            COCO_LABELS)
        self.assertEqual(code, 0, output)
        *_, at_half, mean = output.splitlines()[-1].split()
        # another libjpeg decodes a little differently
        self.assertAlmostEqual(float(at_half), 0.522, delta=0.01)
        self.assertAlmostEqual(float(mean), 0.327, delta=0.01)
        self.assertRegex(output, r'\nperson +[0-9]+ +0\.')


if __name__ == '__main__':
    unittest.main(argv=[sys.argv[0], '-v', *sys.argv[5:]])
