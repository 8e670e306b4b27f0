#!/usr/bin/env python3
#
# yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
#
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The shell scripts of models/prepare without the docker, with stub commands in
place of its programs.

usage: prepare-scripts.py FOLDER-OF-THE-SCRIPTS
"""

from __future__ import annotations

import json
import os
import pathlib
import shutil
import stat
import subprocess
import sys
import tempfile
import textwrap
import unittest
from typing import Optional, Tuple

PREPARE = pathlib.Path(sys.argv[1]).resolve()

# all that the scripts need of the machine
COMMANDS = ('basename', 'cat', 'cp', 'dirname', 'echo', 'grep', 'mkdir', 'rm',
            'sed', 'sh', 'tail', 'tr')

# what libtarget-factory 2.5 answers for DPUCZDX8G_ISA1_<name>
FINGERPRINTS = {
    'B512': 0x101000016010200,
    'B800': 0x101000016010201,
    'B1024': 0x101000016010402,
    'B1152': 0x101000016010203,
    'B1600': 0x101000016010404,
    'B2304': 0x101000016010405,
    'B3136': 0x101000016010406,
    'B4096': 0x101000016010407,
}


class ArchTest(unittest.TestCase):

    # the presets are the DPUs of Vitis AI 2.5, and no others
    def test_fingerprints(self) -> None:
        found = {path.stem: int(json.loads(path.read_text())['fingerprint'], 16)
                 for path in (PREPARE / 'arch').glob('*.json')}
        self.assertEqual(found, FINGERPRINTS)


def write_command(path: pathlib.Path, text: str) -> None:
    path.write_text('#!/bin/sh\n' + textwrap.dedent(text))
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


class ScriptTest(unittest.TestCase):
    """Scripts in a folder of their own, with nothing on PATH but stubs and what
    every machine has."""

    def setUp(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.root = pathlib.Path(self.folder.name)
        self.stubs = self.root / 'stubs'
        self.stubs.mkdir()
        for command in COMMANDS:
            (self.stubs / command).symlink_to(shutil.which(command))

    def run_script(self, name: str, *arguments: str) -> Tuple[int, str]:
        environment = dict(os.environ, PYTHON='stub-python',
                           PATH=str(self.stubs))
        process = subprocess.run(
            [str(PREPARE / name), *arguments], cwd=str(self.root),
            env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            universal_newlines=True)
        return process.returncode, process.stdout

    def refuse(self, words: str, name: str, *arguments: str) -> None:
        code, output = self.run_script(name, *arguments)
        self.assertNotEqual(code, 0, output)
        self.assertIn(words, output)

    def stub_compiler(self, n_subgraphs: Optional[int] = 1,
                      writes: bool = True, code: int = 0) -> None:
        """A vai_c_xir that notes its arguments."""
        text = 'echo "$@" >compiler-arguments\n'
        if n_subgraphs is not None:
            text += ('echo "[UNILOG][INFO] Total device subgraph number 5, '
                     f'DPU subgraph number {n_subgraphs}"\n')
        if writes:
            text += 'echo compiled >"$6/$8.xmodel"\n'
        write_command(self.stubs / 'vai_c_xir', text + f'exit {code}\n')


class CompileTest(ScriptTest):

    def setUp(self) -> None:
        super().setUp()
        (self.root / 'my_int.xmodel').write_text('quantized')

    # each wrong input is refused with what to do
    def test_checks(self) -> None:
        self.refuse('give one quantized model', 'compile.sh')
        self.refuse('no option --what', 'compile.sh', '--what')
        self.refuse('--arch needs a value', 'compile.sh', '--arch')
        self.refuse('quantize.py --mode test', 'compile.sh', 'no_int.xmodel')
        (self.root / 'my.xmodel').write_text('compiled')
        self.refuse("not a quantizer's", 'compile.sh', 'my.xmodel')
        self.refuse('there is no DPU B9999', 'compile.sh', '--arch', 'B9999',
                    'my_int.xmodel')
        (self.root / 'arch.json').write_text('{}')
        self.refuse('not an arch.json', 'compile.sh', '--arch', 'arch.json',
                    'my_int.xmodel')
        self.refuse('conda activate', 'compile.sh', 'my_int.xmodel')

    # every preset and a file of the user's reach the compiler
    def test_arch(self) -> None:
        self.stub_compiler()
        (self.root / 'own.json').write_text('{"target": "DPUCZDX8G_ISA1_B512"}')
        cases = [(name, f'{name}.json') for name in FINGERPRINTS]
        for arch, file in cases + [('KV260', 'B4096.json'),
                                   ('own.json', 'own.json')]:
            code, output = self.run_script('compile.sh', '--arch', arch,
                                           'my_int.xmodel')
            self.assertEqual(code, 0, output)
            words = (self.root / 'compiler-arguments').read_text().split()
            self.assertEqual(words[:2], ['-x', 'my_int.xmodel'])
            self.assertEqual(pathlib.Path(words[3]).name, file)
            self.assertEqual(words[4:], ['-o', '.', '-n', 'my'])

    # the model info goes with the compiled model
    def test_model_info(self) -> None:
        self.stub_compiler()
        (self.root / 'my_int.modelinfo').write_text('[yolov5]\n')
        code, output = self.run_script('compile.sh', '--output', 'a b',
                                       '--name', 'fast', 'my_int.xmodel')
        self.assertEqual(code, 0, output)
        self.assertEqual((self.root / 'a b' / 'fast.modelinfo').read_text(),
                         '[yolov5]\n')

    # a compiler that fails, writes nothing or cuts the model is no success
    def test_failures(self) -> None:
        for words, stub in (
                ('vai_c_xir failed', {'code': 3}),
                ('wrote no ./my.xmodel', {'writes': False}),
                ('cut into 3 DPU subgraphs', {'n_subgraphs': 3}),
                ('cut into 0 DPU subgraphs', {'n_subgraphs': 0})):
            self.stub_compiler(**stub)
            self.refuse(words, 'compile.sh', 'my_int.xmodel')
        self.stub_compiler(n_subgraphs=None)
        code, output = self.run_script('compile.sh', 'my_int.xmodel')
        self.assertEqual(code, 0)
        self.assertIn('Warning', output)

    # the help is the comment at the head
    def test_help(self) -> None:
        for name in ('compile.sh', 'prepare.sh'):
            code, output = self.run_script(name, '--help')
            self.assertEqual(code, 0)
            self.assertIn(f'usage: {name}', output)
            self.assertNotIn('set -eu', output)


class PrepareTest(ScriptTest):

    def setUp(self) -> None:
        super().setUp()
        (self.root / 'best.pt').write_text('weights')
        (self.root / 'pictures').mkdir()
        self.arguments = ['--yolov5', 'yolov5', '--weights', 'best.pt',
                          '--pictures', 'pictures']

    def stub_python(self, failing: str = 'nothing') -> None:
        """A python that notes what it is to run, writes what quantize.py and
        modelinfo.py write, and fails where it is told to."""
        write_command(self.stubs / 'stub-python', f'''\
            [ "$1" != -c ] || exit 0
            echo "$@" >>python-arguments
            case "$*" in *{failing}*) exit 1 ;; esac
            for last in "$@"; do :; done
            case "$*" in
              *modelinfo.py*) echo "[yolov5]" >"$last" ;;
              *"--mode test"*) echo quantized >best.prepared/best_int.xmodel ;;
            esac
            ''')

    # each wrong input is refused before anything runs
    def test_checks(self) -> None:
        self.refuse('are needed', 'prepare.sh')
        self.refuse('no option --what', 'prepare.sh', '--what', '1')
        self.refuse('--size needs a value', 'prepare.sh', '--size')
        self.refuse('no checkpoint none.pt', 'prepare.sh', *self.arguments,
                    '--weights', 'none.pt')
        self.refuse('no folder none', 'prepare.sh', *self.arguments,
                    '--pictures', 'none')
        self.refuse('no label file none', 'prepare.sh', *self.arguments,
                    '--labels', 'none')
        self.refuse('no stub-python', 'prepare.sh', *self.arguments)
        write_command(self.stubs / 'stub-python', 'exit 1')
        self.refuse('cannot import torch', 'prepare.sh', *self.arguments)
        self.stub_python()
        self.refuse('no vai_c_xir', 'prepare.sh', *self.arguments)
        self.assertFalse((self.root / 'best.prepared').exists())

    # all steps run in their order, and the model stands beside its info
    def test_whole_way(self) -> None:
        self.stub_python()
        self.stub_compiler()
        code, output = self.run_script(
            'prepare.sh', *self.arguments, '--size', '640x384', '--arch',
            'B1024', '--trained-with', 'relu', '--fast-finetune')
        self.assertEqual(code, 0, output)
        runs = (self.root / 'python-arguments').read_text().splitlines()
        self.assertEqual(len(runs), 3)
        self.assertIn('modelinfo.py', runs[0])
        for run, mode in zip(runs[1:], ('calib', 'test')):
            self.assertIn(f'quantize.py --mode {mode} ', run)
            self.assertIn('--size 640x384', run)
            self.assertIn('--trained-with relu --fast-finetune', run)
        self.assertIn('B1024.json',
                      (self.root / 'compiler-arguments').read_text())
        for name in ('best.xmodel', 'best.modelinfo', 'best_int.xmodel',
                     'best_int.modelinfo'):
            self.assertTrue((self.root / 'best.prepared' / name).exists(), name)
        self.assertIn('yolov5dpu-inspect best.prepared/best.xmodel', output)

    # where yolov5dpu-inspect is, it has the last word
    def test_inspection(self) -> None:
        self.stub_python()
        self.stub_compiler()
        write_command(self.stubs / 'yolov5dpu-inspect', 'echo "seen $1"')
        code, output = self.run_script('prepare.sh', *self.arguments)
        self.assertEqual(code, 0, output)
        self.assertIn('seen best.prepared/best.xmodel', output)

    # who wants no DPU's model needs no compiler
    def test_no_compile(self) -> None:
        self.stub_python()
        code, output = self.run_script('prepare.sh', '--no-compile',
                                       *self.arguments)
        self.assertEqual(code, 0, output)
        self.assertIn('3 of 3', output)
        self.assertIn('best_int.xmodel in best.prepared runs', output)
        runs = (self.root / 'python-arguments').read_text().splitlines()
        self.assertEqual(len(runs), 3)

    # a step that fails ends it, and no later one runs
    def test_failing_steps(self) -> None:
        self.stub_compiler()
        for count, failing in enumerate(('modelinfo.py', 'calib', 'test'), 1):
            (self.root / 'python-arguments').write_text('')
            self.stub_python(failing)
            code, output = self.run_script('prepare.sh', *self.arguments)
            self.assertNotEqual(code, 0, output)
            runs = (self.root / 'python-arguments').read_text().splitlines()
            self.assertEqual(len(runs), count)
            self.assertFalse((self.root / 'compiler-arguments').exists())


if __name__ == '__main__':
    unittest.main(argv=[sys.argv[0], '-v', *sys.argv[2:]])
