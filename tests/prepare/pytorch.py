#!/usr/bin/env python3
#
# yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
#
# SPDX-License-Identifier: LGPL-2.1-or-later
"""quantize.py and modelinfo.py of models/prepare as programs with PyTorch, on
doubles of YOLOv5 and of vai_q_pytorch.

usage: pytorch.py FOLDER-OF-THE-SCRIPTS
"""

from __future__ import annotations

import importlib.util
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import textwrap
import unittest
from typing import Tuple

try:
    from PIL import Image
except ImportError:
    Image = None

PREPARE = pathlib.Path(sys.argv[1]).resolve()
HAS_ALL = Image is not None and all(
    importlib.util.find_spec(name) for name in ('numpy', 'torch'))

# A double of YOLOv5's layout, as much as a checkpoint needs: layers that say
# where their input comes from, and a Detect that decodes
CHECKOUT = '''\
import torch
from torch import nn


class Conv(nn.Module):
    def __init__(self, channels_in, channels_out, act):
        super().__init__()
        self.conv = nn.Conv2d(channels_in, channels_out, 3, 2, 1)
        self.act = act

    def forward(self, x):
        return self.act(self.conv(x))


class Detect(nn.Module):
    def __init__(self, classes, channels):
        super().__init__()
        self.nc, self.no, self.nl, self.na = classes, classes + 5, 1, 3
        self.stride = torch.tensor([8.0])
        self.register_buffer('anchors', torch.ones(1, 3, 2))
        self.m = nn.ModuleList([nn.Conv2d(channels, 3 * self.no, 1)])

    def forward(self, features):
        raise RuntimeError('decoded')


class DetectionModel(nn.Module):
    def __init__(self, act, classes=2):
        super().__init__()
        self.names = {number: f'thing {number}' for number in range(classes)}
        self.model = nn.Sequential(Conv(3, 4, act), Conv(4, 4, act),
                                   Conv(4, 8, act), Detect(classes, 8))

    def forward(self, x):
        for layer in self.model[:-1]:
            x = layer(x)
        return self.model[-1]([x])
'''

# A double of vai_q_pytorch: copies and traces the model as the real one does,
# notes what it was given, rounds the heads to quarters, and is as noisy. Fast
# finetuning needs gradients, and to have been done before it is loaded.
QUANTIZER = '''\
import copy
import json
import os
import pathlib
import sys
import torch

print('noise of Python')
os.write(1, b'noise of C++\\n')


class torch_quantizer:
    def __init__(self, quant_mode, module, input_args, output_dir, device):
        self.mode, self.folder = quant_mode, pathlib.Path(output_dir)
        self.traced = torch.jit.trace(copy.deepcopy(module), input_args)
        self.shapes = []
        self.is_tuned = False

    def quant_model(self, picture):
        self.shapes.append(list(picture.shape))
        return tuple((head * 4).round() / 4 for head in self.traced(picture))

    def fast_finetune(self, run, arguments):
        assert self.mode == 'calib' and torch.is_grad_enabled()
        for _ in range(2):
            run(*arguments)
        assert self.shapes
        self.is_tuned = True
        (self.folder / 'param.pth').touch()

    def load_ft_param(self):
        assert self.mode == 'test'
        if not (self.folder / 'param.pth').exists():
            print('no parameters')
            sys.exit(2)

    def export_quant_config(self):
        assert self.mode == 'calib'
        (self.folder / 'quant_info.json').write_text(json.dumps({
            'shapes': self.shapes, 'fast_finetuned': self.is_tuned}))

    def export_xmodel(self, output_dir, deploy_check):
        assert self.mode == 'test' and self.shapes
        (pathlib.Path(output_dir) / 'DetectionModel_int.xmodel').touch()
'''


class TorchTest(unittest.TestCase):

    def setUp(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.root = pathlib.Path(self.folder.name)
        for path, text in (('yolov5/models/yolo.py', CHECKOUT),
                           ('yolov5/models/__init__.py', ''),
                           ('quantizer/pytorch_nndct/__init__.py', ''),
                           ('quantizer/pytorch_nndct/apis.py', QUANTIZER)):
            (self.root / path).parent.mkdir(parents=True, exist_ok=True)
            (self.root / path).write_text(text)
        (self.root / 'pictures').mkdir()
        for index in range(3):
            Image.new('RGB', (50, 30), (80 * index, 90, 100)).save(
                self.root / 'pictures' / f'{index}.png')
        self.options = ['--yolov5', 'yolov5', '--weights', 'best.pt']
        self.quantize_options = self.options + [
            '--pictures', 'pictures', '--size', '64x32', '--output', 'out',
            '--name', 'best']

    def run_python(self, *arguments: str) -> Tuple[int, str]:
        process = subprocess.run(
            [sys.executable, '-B', *arguments], cwd=str(self.root),
            env=dict(os.environ, PYTHONPATH=str(self.root / 'quantizer')),
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            universal_newlines=True)
        return process.returncode, process.stdout

    def save(self, activation: str, what: str = "{'ema': None, 'model': m}"
             ) -> None:
        code, output = self.run_python('-c', textwrap.dedent(f'''\
            import sys, torch
            from torch import nn
            sys.path.insert(0, 'yolov5')
            from models.yolo import DetectionModel
            m = DetectionModel(nn.{activation}).half()
            torch.save({what}, 'best.pt')'''))
        self.assertEqual(code, 0, output)

    def quantize(self, mode: str, *more: str) -> Tuple[int, str]:
        return self.run_python(str(PREPARE / 'quantize.py'), '--mode', mode,
                               *self.quantize_options, *more)

    # calibration, test and export leave one quantized model, once or again,
    # and other ones alone
    def test_whole_way(self) -> None:
        self.save('LeakyReLU(0.1)')
        code, output = self.quantize('test')
        self.assertEqual(code, 1)
        self.assertIn('--mode calib', output)
        code, output = self.quantize('calib')
        self.assertEqual(code, 0, output)
        self.assertIn('Activations were given', output)
        self.assertIn('3 pictures are few', output)
        self.assertEqual(
            json.loads((self.root / 'out' / 'quant_info.json').read_text()),
            {'shapes': [[1, 3, 32, 64]] * 3, 'fast_finetuned': False})
        (self.root / 'out' / 'other_int.xmodel').touch()
        for _ in range(2):
            code, output = self.quantize('test')
            self.assertEqual(code, 0, output)
            self.assertRegex(output, r'3 of 3\nHead 0: .* [0-9.]+ dB\n'
                             r'Objects with .*\n(Warning.*\n)?Wrote .*\n$')
            self.assertNotIn('noise of', output)
        log = (self.root / 'out' / 'best.quantize.log').read_text()
        for words in ('noise of Python', 'noise of C++'):
            self.assertEqual(log.count(words), 3)
        self.assertEqual(sorted(path.name for path
                                in (self.root / 'out').glob('*.xmodel')),
                         ['best_int.xmodel', 'other_int.xmodel'])

    # fast finetuning is done where both steps are asked for it, refused where
    # only one is, and a quantizer that ends the process is a sentence
    def test_fast_finetuning(self) -> None:
        self.save('ReLU()')
        self.assertEqual(self.quantize('calib')[0], 0)
        code, output = self.quantize('test', '--fast-finetune')
        self.assertEqual(code, 1)
        self.assertIn('was calibrated without --fast-finetune', output)
        code, output = self.quantize('calib', '--fast-finetune')
        self.assertEqual(code, 0, output)
        self.assertIn('best.quantize.log', output)
        info = json.loads((self.root / 'out/quant_info.json').read_text())
        self.assertEqual(len(info['shapes']), 3 * 3)
        code, output = self.quantize('test')
        self.assertEqual(code, 1)
        self.assertIn('was calibrated with --fast-finetune', output)
        code, output = self.quantize('test', '--fast-finetune')
        self.assertEqual(code, 0, output)
        (self.root / 'out' / 'param.pth').unlink()
        code, output = self.quantize('test', '--fast-finetune')
        self.assertEqual(code, 1)
        self.assertIn('given up: 2; all it said is in out/best.quantize.log',
                      output)
        self.assertIn('no parameters', (
            self.root / 'out' / 'best.quantize.log').read_text())

    # a fault of the quantizer is a sentence, and its traceback in the log
    def test_faulty_quantizer(self) -> None:
        self.save('ReLU()')
        (self.root / 'quantizer/pytorch_nndct/apis.py').write_text(
            'raise RuntimeError("broken")\n')
        code, output = self.quantize('calib')
        self.assertEqual(code, 1)
        self.assertIn('given up: broken; all it said is in', output)
        self.assertNotIn('Traceback', output)
        self.assertIn('Traceback', (
            self.root / 'out' / 'best.quantize.log').read_text())

    # the float model is evaluated without the docker
    def test_evaluation(self) -> None:
        self.save('SiLU()')
        (self.root / 'labels').mkdir()
        for index in range(2):
            (self.root / 'labels' / f'{index}.txt').write_text('1 .5 .5 1 1\n')
        arguments = [str(PREPARE / 'evaluate.py'), 'best.pt', '--pictures',
                     'pictures', '--labels', 'labels', '--size', '64x32']
        code, output = self.run_python(*arguments)
        self.assertEqual(code, 1)
        self.assertIn('give it with --yolov5', output)
        code, output = self.run_python(*arguments, '--yolov5', 'yolov5')
        self.assertEqual(code, 0, output)
        self.assertIn('3 pictures with 2 objects of 1 classes', output)
        self.assertIn('class 1', output)

    # what cannot be prepared is refused with a sentence, not a traceback
    def test_refusals(self) -> None:
        for activation, what, more, words in (
                ('SiLU()', "{'model': m}", (), 'train it again'),
                ('ReLU()', "{'model': m}", ('--size', '60x32'),
                 'multiple of 8'),
                ('ReLU()', "{'model': m.state_dict()}", (), 'holds no model')):
            self.save(activation, what)
            code, output = self.quantize('calib', *more)
            self.assertEqual(code, 1)
            self.assertIn(words, output)
            self.assertNotIn('Traceback', output)
        (self.root / 'best.pt').write_text('no checkpoint')
        code, output = self.quantize('calib')
        self.assertEqual(code, 1)
        self.assertIn('cannot be read', output)
        self.assertNotIn('Traceback', output)

    # a module that the checkpoint needs and is not there is named
    def test_missing_module(self) -> None:
        self.save('ReLU()')
        (self.root / 'yolov5/models/yolo.py').write_text('import no_such_one\n')
        code, output = self.quantize('calib')
        self.assertEqual(code, 1)
        self.assertIn('needs the Python module no_such_one', output)

    # SiLU that is only written there gives way to what was trained
    def test_trained_with(self) -> None:
        self.save('SiLU()')
        code, output = self.quantize('calib', '--trained-with', 'leaky')
        self.assertEqual(code, 0, output)
        self.assertIn('Activations were given', output)

    # the checkpoint's labels and anchors are written, or those of a file
    def test_model_info(self) -> None:
        self.save('ReLU()')
        script = str(PREPARE / 'modelinfo.py')
        code, output = self.run_python(script, *self.options)
        self.assertEqual(code, 0, output)
        self.assertIn('labels=thing 0;thing 1\nanchors=8;8;8;8;8;8\n', output)
        (self.root / 'labels.txt').write_text('car\nbus\n')
        code, output = self.run_python(script, *self.options, '--labels',
                                       'labels.txt', '--output', 'my.modelinfo')
        self.assertEqual((code, output), (0, ''))
        self.assertIn('labels=car;bus\n',
                      (self.root / 'my.modelinfo').read_text())


if __name__ == '__main__':
    if not HAS_ALL:
        print('python3-torch, python3-numpy or python3-pil is not installed')
        # meson's code for a skipped test
        sys.exit(77)
    unittest.main(argv=[sys.argv[0], '-v', *sys.argv[2:]])
