#!/usr/bin/env python3
#
# yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
#
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs what docs/from-pynq-python.md shows, on the software DPU.

usage: from-pynq-python.py PAGE MODEL
"""

from __future__ import annotations

import pathlib
import re
import shlex
import subprocess
import sys
import unittest
from typing import Tuple

try:
    import gi  # noqa: F401
except ImportError:
    print('python3-gi is not installed')
    # meson's code for a skipped test
    sys.exit(77)

PAGE = pathlib.Path(sys.argv[1]).read_text(encoding='utf-8')
MODEL = sys.argv[2]
SOURCE = 'videotestsrc num-buffers=2 ! video/x-raw,width=320,height=240'


def run(*command: str) -> Tuple[int, str]:
    process = subprocess.run(command, stdout=subprocess.PIPE,
                             stderr=subprocess.STDOUT, universal_newlines=True)
    return process.returncode, process.stdout


class PageTest(unittest.TestCase):

    # the program prints what is found in each frame, and a fault's sentence
    def test_program(self) -> None:
        program, = re.findall(r'```python\n(.*?)```', PAGE, re.DOTALL)
        code, output = run(sys.executable, '-c', program, MODEL, SOURCE, 'cpu')
        self.assertEqual(code, 0, output)
        times = {line.split()[0] for line in output.splitlines()
                 if re.fullmatch(r'\d+ person 0\.[0-9]+ \d+ \d+', line)}
        self.assertEqual(times, {'0', '33333333'}, output)
        code, output = run(sys.executable, '-c', program, 'no-such.xmodel',
                           SOURCE, 'cpu')
        self.assertEqual(code, 1)
        self.assertIn('no-such.xmodel', output)

    # the line runs, with a source and a sink that are everywhere
    def test_line(self) -> None:
        line, = re.findall(r'^    (gst-launch-1.0 .*)$', PAGE, re.MULTILINE)
        for shown, here in (('v4l2src', SOURCE), ('yolov5n.xmodel', MODEL),
                            ('device=dpu', 'device=cpu'),
                            ('autovideosink', 'fakesink')):
            self.assertIn(shown, line)
            line = line.replace(shown, here)
        code, output = run(*shlex.split(line))
        self.assertEqual(code, 0, output)


if __name__ == '__main__':
    unittest.main(argv=[sys.argv[0], '-v', *sys.argv[3:]])
