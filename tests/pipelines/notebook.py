#!/usr/bin/env python3
#
# yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
#
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs the cells of pipelines/pynq.ipynb on the software DPU, with stand-ins for
pynq_dpu and for IPython's display.

usage: notebook.py NOTEBOOK MODEL
"""

from __future__ import annotations

import contextlib
import io
import json
import pathlib
import sys
import types
import unittest
from typing import Any, Dict, List

try:
    import gi  # noqa: F401
except ImportError:
    print('python3-gi is not installed')
    # meson's code for a skipped test
    sys.exit(77)

NOTEBOOK, MODEL = (pathlib.Path(path).resolve() for path in sys.argv[1:3])
CELLS = json.loads(NOTEBOOK.read_text(encoding='utf-8'))['cells']


class Overlay:
    """Stands in for pynq_dpu.DpuOverlay: loads nothing, remembers what."""

    loaded: List[str] = []

    def __init__(self, bitstream: str) -> None:
        self.loaded.append(bitstream)


class Screen:
    """Stands in for what display() returns, and remembers what it shows."""

    shown: List[bytes] = []

    def __init__(self, picture: Dict[str, Any], display_id: bool) -> None:
        assert display_id
        self.update(picture)

    def update(self, picture: Dict[str, Any]) -> None:
        self.shown.append(picture['data'])


def make_module(name: str, **contents: Any) -> types.ModuleType:
    module = types.ModuleType(name)
    module.__dict__.update(contents)
    return module


sys.modules.update({
    'pynq_dpu': make_module('pynq_dpu', DpuOverlay=Overlay),
    'IPython': make_module('IPython'),
    'IPython.display': make_module(
        'IPython.display', Image=lambda **picture: picture, display=Screen),
})


def run(**parameters: Any) -> str:
    """All cells in their order, with parameters in place of the notebook's, and
    what they print."""
    names: Dict[str, Any] = {}
    Overlay.loaded.clear()
    Screen.shown.clear()
    output = io.StringIO()
    with contextlib.redirect_stdout(output):
        for number, cell in enumerate(CELLS):
            if cell['cell_type'] == 'code':
                exec(compile(''.join(cell['source']), f'cell {number}', 'exec'),
                     names)
                if 'parameters' in cell['metadata'].get('tags', []):
                    unknown = set(parameters) - set(names)
                    assert not unknown, f'{unknown} is no parameter'
                    names.update(parameters)
    return output.getvalue()


class NotebookTest(unittest.TestCase):

    # it is a small file, and no results are kept in it
    def test_has_no_outputs(self) -> None:
        self.assertLess(NOTEBOOK.stat().st_size, 10000)
        for cell in CELLS:
            if cell['cell_type'] == 'code':
                self.assertEqual((cell['outputs'], cell['execution_count']),
                                 ([], None))

    # loads the overlay, shows frames, prints detections, measures
    def test_cells(self) -> None:
        output = run(MODEL=str(MODEL), DEVICE='cpu', N_FRAMES=10,
                     SOURCE='videotestsrc num-buffers=30 ! '
                     'video/x-raw,width=320,height=240')
        self.assertEqual(Overlay.loaded, ['dpu.bit'])
        self.assertGreater(len(Screen.shown), 0)
        for picture in Screen.shown:
            self.assertEqual(picture[:3], b'\xff\xd8\xff')
        self.assertRegex(output, r'person 0\.\d\d at \d+,\d+, \d+ x \d+\n')
        self.assertRegex(output, r'\d+\.\d frames/s\nletterbox: \d+\.\d ms\n'
                         r'inference: \d+\.\d ms\n')

    # a stream that ends early is no error
    def test_end_of_stream(self) -> None:
        run(MODEL=str(MODEL), DEVICE='cpu', N_FRAMES=3,
            SOURCE='videotestsrc num-buffers=1')
        self.assertEqual(len(Screen.shown), 1)

    # what is wrong ends the cell with the element's sentence
    def test_error(self) -> None:
        with self.assertRaisesRegex(RuntimeError, 'no-such.xmodel'):
            run(MODEL='no-such.xmodel', DEVICE='cpu',
                SOURCE='videotestsrc num-buffers=9')


if __name__ == '__main__':
    unittest.main(argv=[sys.argv[0], '-v', *sys.argv[3:]])
