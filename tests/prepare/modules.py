#!/usr/bin/env python3
#
# yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
#
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The Python modules of models/prepare without PyTorch: the letterbox against
OpenCV's results, checkpoints and their labels with doubles.

usage: prepare.py FOLDER-OF-THE-SCRIPTS TEST-DATA STREET-MODEL
"""

from __future__ import annotations

import argparse
import configparser
import contextlib
import importlib.util
import io
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import types
import unittest
from typing import Any, Dict, Iterator, Tuple

sys.dont_write_bytecode = True
PREPARE, DATA, STREET_MODEL = (pathlib.Path(path).resolve()
                               for path in sys.argv[1:4])
sys.path.insert(0, str(PREPARE))

import checkpoint  # noqa: E402
import modelinfo  # noqa: E402
from checkpoint import PreparationError  # noqa: E402

try:
    import numpy
    import letterbox
    import pictures
    import quantize
except ImportError:
    numpy = None
try:
    from PIL import Image
except ImportError:
    Image = None

needs_numpy = unittest.skipIf(numpy is None, 'python3-numpy is not installed')
needs_pictures = unittest.skipIf(
    numpy is None or Image is None,
    'python3-numpy or python3-pil is not installed')


class Module:
    """Looks like a torch.nn.Module as far as checkpoint.py looks."""

    def __init__(self, **children: Any) -> None:
        self.__dict__.update(children)

    def named_children(self) -> Iterator[Tuple[str, Any]]:
        return ((name, child) for name, child in self.__dict__.items()
                if isinstance(child, Module))

    def modules(self) -> Iterator[Any]:
        yield self
        for _, child in self.named_children():
            yield from child.modules()


def make_module(kind: str, **attributes: Any) -> Module:
    """A module whose class is named kind."""
    return type(kind, (Module,), {})(**attributes)


def make_detect(**changes: Any) -> Module:
    """The Detect of a YOLOv5 with four classes, anchors in cells."""
    attributes: Dict[str, Any] = {
        'm': [lambda feature: feature + 1] * 3, 'nl': 3, 'na': 3, 'nc': 4,
        'no': 9, 'stride': [8.0, 16.0, 32.0],
        'anchors': [[[1.25, 1.625], [2.0, 3.75], [4.125, 2.875]],
                    [[1.875, 3.8125], [3.875, 2.8125], [3.6875, 7.4375]],
                    [[3.625, 2.8125], [4.875, 6.1875], [11.65625, 10.1875]]],
    }
    attributes.update(changes)
    return make_module('Detect', **attributes)


P5_ANCHORS = ('10;13;16;30;33;23;30;61;62;45;59;119;116;90;156;198;373;326')


class LetterboxTest(unittest.TestCase):

    # the numpy letterbox is OpenCV's and so src/letterbox's, to the bit
    @needs_numpy
    def test_equals_references(self) -> None:
        sys.modules.setdefault('cv2', types.ModuleType('cv2'))
        spec = importlib.util.spec_from_file_location(
            'references', DATA / 'letterbox' / 'make-references.py')
        references = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(references)
        index = configparser.ConfigParser()
        index.read(DATA / 'letterbox' / 'references.ini')
        data = numpy.fromfile(DATA / 'letterbox' / 'references.rgb',
                              numpy.uint8)

        self.assertGreater(len(index.sections()), 20)
        for name in index.sections():
            case = index[name]
            frame, target = ([int(size) for size in case[key].split(';')]
                             for key in ('frame', 'target'))
            rows = ([int(row) for row in case['rows'].split(';')]
                    if 'rows' in case else range(target[1]))
            result = letterbox.letterbox(
                references.draw(case['picture'], *frame),
                (target[0], target[1]))[list(rows)]
            expected = data[int(case['offset']):][:result.size]
            with self.subTest(frame=frame, target=target):
                numpy.testing.assert_array_equal(result.ravel(), expected)

    # ties of round() and an odd row are YOLOv5's, as in tests/letterbox/pictures.c
    @needs_numpy
    def test_placement(self) -> None:
        for frame, target, expected in (
                ((1920, 1080), (640, 640), (0, 140, 640, 360)),
                ((1920, 1080), (640, 384), (0, 12, 640, 360)),
                ((128, 5), (64, 64), (0, 31, 64, 2)),
                ((128, 15), (64, 64), (0, 28, 64, 8)),
                ((64, 33), (64, 64), (0, 15, 64, 33)),
                ((8192, 1), (64, 64), (0, 31, 64, 1))):
            self.assertEqual(letterbox.place(*frame, target), expected)


class CheckpointTest(unittest.TestCase):

    def refuse(self, words: str, function: Any, *arguments: Any) -> None:
        with self.assertRaisesRegex(PreparationError, words):
            function(*arguments)

    # what is no YOLOv5 detector is refused, and the sentence says why
    def test_find_detect(self) -> None:
        for words, model in (
                ('without a list of layers', Module()),
                ('without a list of layers', Module(model=[])),
                ('YOLOv8', Module(model=[make_module('Detect', nl=3)])),
                ('segmentation', Module(model=[make_detect(no=41)]))):
            self.refuse(words, checkpoint.find_detect, model)
        detect = make_detect()
        self.assertIs(
            checkpoint.find_detect(Module(model=[Module(), detect])), detect)

    # LeakyReLU gets the DPU's slope, ReLU stays
    def test_fit_activations(self) -> None:
        leaky = make_module('LeakyReLU', negative_slope=0.1)
        model = Module(first=Module(act=leaky, other=make_module('ReLU')))
        self.assertTrue(checkpoint.fit_activations(model))
        self.assertEqual(leaky.negative_slope, 26 / 256)
        self.assertFalse(checkpoint.fit_activations(model))

    # a slope or an activation that the DPU does not have is refused
    def test_refused_activations(self) -> None:
        for words, activation in (
                (r'LeakyReLU\(0.01\).*26/256',
                 make_module('LeakyReLU', negative_slope=0.01)),
                ('with SiLU.*train.py --cfg', make_module('SiLU')),
                ('with Hardswish', make_module('Hardswish'))):
            self.refuse(words, checkpoint.fit_activations,
                        Module(first=Module(act=activation)))

    # the model ends in what its convolutions give, as a tuple
    def test_cut_head(self) -> None:
        detect = make_detect()
        checkpoint.cut_head(Module(model=[detect]))
        self.assertEqual(detect.forward([1, 2, 3]), (2, 3, 4))

    # sizes that do not fit the largest stride are refused
    def test_check_size(self) -> None:
        checkpoint.check_size((640, 384), make_detect())
        self.refuse('360 must be a multiple of 32', checkpoint.check_size,
                    (640, 360), make_detect())

    # the averaged model goes before the plain one; numbers alone are refused
    def test_pick_model(self) -> None:
        path = pathlib.Path('best.pt')
        model, average = Module(), Module()
        self.assertIs(checkpoint.pick_model(
            {'ema': average, 'model': model}, path), average)
        self.assertIs(checkpoint.pick_model(
            {'ema': None, 'model': model}, path), model)
        self.refuse('holds no model', checkpoint.pick_model,
                    {'model': {'weight': 1}}, path)

    # what several GPUs trained is unwrapped, what is no detector is named
    def test_foreign_checkpoints(self) -> None:
        path = pathlib.Path('best.pt')
        model = Module()
        parallel = type('DataParallel', (Module,), {})()
        parallel.module = model
        self.assertIs(checkpoint.pick_model({'model': parallel}, path), model)
        for kind, words in (('RecursiveScriptModule', 'is TorchScript'),
                            ('ClassificationModel', 'is a classifier'),
                            ('SegmentationModel', 'is for segmentation')):
            self.refuse(words, checkpoint.pick_model,
                        {'model': type(kind, (Module,), {})()}, path)

    # paths from Windows are read, YOLOv8 is named instead of what it lacks
    def test_unpickle(self) -> None:
        path = pathlib.Path('best.pt')

        def load_windows_path(name: str, map_location: str) -> Any:
            return pathlib.WindowsPath('runs/train')

        def load_yolov8(name: str, map_location: str) -> Any:
            raise ModuleNotFoundError('no', name='ultralytics.nn')

        torch = types.SimpleNamespace(load=load_windows_path)
        before = pathlib.WindowsPath
        self.assertEqual(checkpoint.unpickle(torch, path),
                         pathlib.Path('runs/train'))
        self.assertIs(pathlib.WindowsPath, before)
        torch.load = load_yolov8
        self.refuse('YOLOv8 or later', checkpoint.unpickle, torch, path)

    # checkouts that go to the network while a checkpoint is read are refused
    def test_checkouts(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            for name in ('models', 'utils'):
                (root / name).mkdir()
            (root / 'models' / 'yolo.py').write_text('')
            common = root / 'models' / 'common.py'
            plots = root / 'utils' / 'plots.py'
            plots.write_text('class Annotator:\n    def __init__(self):\n')
            checkpoint.check_checkout(root)
            common.write_text('    os.system("pip install -U ultralytics")\n')
            self.refuse('installs ultralytics.*v7.0',
                        checkpoint.check_checkout, root)
            common.write_text('')
            for function in ('check_font', 'check_pil_font'):
                plots.write_text('class Annotator:\n    if RANK in (-1, 0):\n'
                                 f'        {function}()  # TTF\n')
                self.refuse('downloads a font.*v7.0',
                            checkpoint.check_checkout, root)

    # a folder that is no checkout and a missing checkpoint are refused
    def test_load(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            self.refuse('not a YOLOv5 checkout', checkpoint.load, root,
                        root / 'best.pt')
            (root / 'models').mkdir()
            (root / 'models' / 'yolo.py').write_text('')
            self.refuse('no checkpoint', checkpoint.load, root,
                        root / 'best.pt')


class ModelInfoTest(unittest.TestCase):

    # anchors are in pixels, from the smallest stride to the largest
    def test_anchors(self) -> None:
        detect = make_detect()
        self.assertIn(f'anchors={P5_ANCHORS}\n',
                      modelinfo.describe(detect, ['a', 'b', 'c', 'd']))
        turned = make_detect(stride=detect.stride[::-1],
                             anchors=detect.anchors[::-1])
        self.assertEqual(modelinfo.get_anchors(turned),
                         modelinfo.get_anchors(detect))

    # anchors of no size are those of a model that was never finished
    def test_no_anchors(self) -> None:
        with self.assertRaisesRegex(PreparationError, 'anchor of 0x0'):
            modelinfo.get_anchors(make_detect(stride=[0.0, 0.0, 0.0]))

    # labels may be a list or a dictionary by number, of any characters
    def test_labels(self) -> None:
        names = ['car', 'a;b', 'c\\d', ' größer ']
        expected = ['car', 'a;b', 'c\\d', 'größer']
        self.assertEqual(modelinfo.get_labels(Module(names=names)), expected)
        self.assertEqual(modelinfo.get_labels(
            Module(names={3: names[3], 0: names[0], 2: names[2],
                          1: names[1]})), expected)
        self.assertIn('labels=car;a\\;b;c\\\\d;größer\n',
                      modelinfo.describe(make_detect(), expected))

    # labels that do not fit the classes are refused
    def test_wrong_labels(self) -> None:
        for words, names in (
                ('does not name', None),
                ('do not count from 0', {1: 'a', 2: 'b', 3: 'c', 4: 'd'}),
                ('2 labels for 4 classes', ['a', 'b']),
                ('class 2 is empty', ['a', 'b', ' ', 'd'])):
            with self.assertRaisesRegex(PreparationError, words):
                modelinfo.describe(make_detect(),
                                   modelinfo.get_labels(Module(names=names)))

    # a label file is read as the element reads it
    def test_label_file(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / 'labels.txt'
            path.write_bytes(b'\xef\xbb\xbfcar\r\ntraffic light\n\n')
            self.assertEqual(modelinfo.read_labels(path),
                             ['car', 'traffic light'])
            path.write_bytes(b'\xff\xfe')
            with self.assertRaisesRegex(PreparationError, 'UTF-8'):
                modelinfo.read_labels(path)

    # the element reads what is written, and its labels are those written
    @unittest.skipUnless(shutil.which('gst-launch-1.0'),
                         'gst-launch-1.0 is not installed')
    def test_element_reads_it(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            info = pathlib.Path(folder) / 'model.modelinfo'
            os.symlink(STREET_MODEL, pathlib.Path(folder) / 'model.xmodel')
            for labels, works in ((['a;b', 'c\\d', '#e', 'größer'], True),
                                  (['a', 'b', 'c'], False)):
                detect = make_detect(nc=len(labels))
                info.write_text(modelinfo.describe(detect, labels),
                                encoding='utf-8')
                process = subprocess.run(
                    ['gst-launch-1.0', '-q', 'videotestsrc', 'num-buffers=1',
                     '!', 'yolov5dpu', f'model={folder}/model.xmodel',
                     'device=cpu', '!', 'fakesink'],
                    stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                    universal_newlines=True)
                self.assertEqual(process.returncode == 0, works,
                                 process.stdout)
                if not works:
                    self.assertIn('3 labels', process.stdout)


@needs_numpy
class PicturesTest(unittest.TestCase):

    # sizes are width x height, one number is a square
    def test_parse_size(self) -> None:
        self.assertEqual(pictures.parse_size('640'), (640, 640))
        self.assertEqual(pictures.parse_size('640x384'), (640, 384))
        for text in ('', 'x', '640x', '0', '640x384x3', '-640', '6.4'):
            with self.assertRaises(argparse.ArgumentTypeError):
                pictures.parse_size(text)

    # pictures are found in all folders below and spread over their names
    def test_find_pictures(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            with self.assertRaisesRegex(PreparationError, 'no pictures'):
                pictures.find_pictures(root, 5)
            (root / 'more').mkdir()
            for index in range(10):
                (root / 'more' / f'{index}.JPG').touch()
            (root / 'notes.txt').touch()
            (root / 'more' / '._3.JPG').touch()
            self.assertEqual(len(pictures.find_pictures(root, 20)), 10)
            self.assertEqual(
                [path.stem for path in pictures.find_pictures(root, 5)],
                ['0', '2', '4', '6', '8'])
        with self.assertRaisesRegex(PreparationError, 'no folder'):
            pictures.find_pictures(root, 5)

    # pictures that cannot be read are left out and counted, before any work
    @needs_pictures
    def test_unreadable_pictures(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            good = pathlib.Path(folder) / 'good.png'
            bad = pathlib.Path(folder) / 'bad.png'
            Image.new('RGB', (8, 8)).save(good)
            bad.write_bytes(good.read_bytes()[:40])
            output = io.StringIO()
            with contextlib.redirect_stdout(output):
                self.assertEqual(pictures.pick_readable([bad, good]), [good])
            self.assertIn('1 of 2 pictures are left out', output.getvalue())
            self.assertIn('bad.png', output.getvalue())
            with self.assertRaisesRegex(PreparationError, 'None of the 1'):
                pictures.pick_readable([bad])

    # progress is told where it disturbs nobody
    def test_count(self) -> None:
        paths = [pathlib.Path('a'), pathlib.Path('b')]
        output = io.StringIO()
        with contextlib.redirect_stderr(output):
            self.assertEqual(list(pictures.count(paths)), paths)
        self.assertIn('2 of 2', output.getvalue())

    # a picture becomes RGB planes from 0 to 1, turned as its camera was held
    @needs_pictures
    def test_make_input(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / 'red.jpg'
            exif = Image.Exif()
            exif[0x0112] = 6
            Image.new('RGB', (64, 32), (255, 0, 0)).save(path, exif=exif)
            planes = pictures.make_input(path, (64, 64))
            self.assertEqual(planes.shape, (1, 3, 64, 64))
            self.assertEqual(planes.dtype, numpy.float32)
            numpy.testing.assert_allclose(planes[0, :, 32, 32], [1, 0, 0],
                                          atol=0.02)
            # upright, the bars are on the left and on the right
            numpy.testing.assert_allclose(planes[0, :, 32, 0], 114 / 255)
            path.write_text('no picture')
            with self.assertRaisesRegex(PreparationError, 'cannot be read'):
                pictures.make_input(path, (64, 64))


@needs_numpy
class QuantizeTest(unittest.TestCase):

    # heads are compared as signal and noise, and must have one shape
    def test_compare_head(self) -> None:
        head = numpy.full((1, 18, 2, 2), -8.0, numpy.float32)
        self.assertEqual(quantize.compare_head(head, head),
                         (head.size * 64.0, 0))
        changed = head.copy()
        changed[0, 10:12, 1, 0] = 8
        self.assertEqual(quantize.compare_head(head, changed).noise,
                         2 * 16.0 ** 2)
        with self.assertRaisesRegex(PreparationError, '--mode calib again'):
            quantize.compare_head(head, head[:, :, 1:])

    # objects are compared, not the many cells that see each of them
    def test_compare_objects(self) -> None:
        # boxes of 16 pixels
        detect = make_detect(nc=1, nl=1, stride=[8.0], anchors=[[[2, 2]] * 3])
        head = numpy.full((1, 18, 2, 4), -8.0, numpy.float32)
        head[0, :6, 0, 0] = head[0, :6, 0, 2] = [0, 0, 0, 0, 8, 8]
        # two more anchors see the first object, one of them three pixels aside
        head[0, 6:12, 0, 0] = [0, 0, 0, 0, 4, 4]
        head[0, 12:18, 0, 0] = [1, 0, 0, 0, 4, 4]
        found = quantize.find_objects([head], detect)
        self.assertEqual(len(found), 2)
        lost = head.copy()
        lost[0, 4, 0, 2] = -8
        lost[0, 6:12, 1, 3] = [0, 0, 0, 0, 8, 8]
        self.assertEqual(quantize.compare_objects(
            found, quantize.find_objects([lost], detect)), (2, 1, 1))

    # the report warns where nothing was found and where much was lost
    def test_report(self) -> None:
        for words, noise, kept in (
                ('20.0 dB', (100, 1), (5, 5, 0)),
                ('finds nothing', (1, 0), (0, 0, 0)),
                ('more than half', (1, 1), (5, 2, 0))):
            text = '\n'.join(quantize.report([quantize.Noise(*noise)],
                                             quantize.Kept(*kept)))
            self.assertIn(words, text)
            self.assertEqual('Warning' in text, 'dB' not in words)


@needs_numpy
class HelpTest(unittest.TestCase):

    # wrong arguments and --help need neither PyTorch nor the docker
    def test_arguments(self) -> None:
        for main, arguments, code in (
                (quantize.main, ['--help'], 0), (modelinfo.main, ['--help'], 0),
                (quantize.main, ['--mode', 'none'], 2), (modelinfo.main, [], 2),
                (quantize.main, ['--mode', 'test', '--limit', '0'], 2)):
            with contextlib.redirect_stdout(io.StringIO()), \
                    contextlib.redirect_stderr(io.StringIO()), \
                    self.assertRaises(SystemExit) as stop:
                main(arguments)
            self.assertEqual(stop.exception.code, code)


if __name__ == '__main__':
    unittest.main(argv=[sys.argv[0], '-v', *sys.argv[4:]])
