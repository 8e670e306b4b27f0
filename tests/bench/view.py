#!/usr/bin/python3
#
# yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
#
# SPDX-License-Identifier: LGPL-2.1-or-later
"""How long a frame takes from the detector's sink pad to the page.

usage: view.py PROGRAM MODEL [SECONDS]

A test picture of 640x480, 30 a second, is shown by Debian's chromium. The page
says when it has drawn a frame, and the time is until that has come back. For
comparison, the time of the model alone; on a machine with other work both grow.
"""

import os
import pathlib
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / 'view'))

from chromium import Browser  # noqa: E402
from viewrig import Server, wait_until  # noqa: E402

# the median of the server is over so many frames
FRAMES = 256


def main():
    program, model = sys.argv[1:3]
    seconds = float(sys.argv[3]) if len(sys.argv) > 3 else 20
    with Server(program, model, 'test') as server:
        with Browser(server.url) as browser:
            browser.wait_for_picture()
            start = server.stats()['encoded']
            wait_until(lambda: server.stats()['encoded'] > start + FRAMES,
                       'the page has seen enough')
            medians = []
            end = time.monotonic() + seconds
            while time.monotonic() < end:
                time.sleep(1)
                medians.append(server.stats()['latency_ms'])
            stats = server.stats()
            drawn = browser.run('return yolov5dpuView.tiles[0].rate')
    medians.sort()
    print(f'latency to the page  {medians[len(medians) // 2]:6.1f} ms median '
          f'({medians[0]:.1f} to {medians[-1]:.1f} in {len(medians)} seconds)')
    print(f'the model alone      {stats["inference_ms"]:6.1f} ms mean')
    print(f'frames               {stats["frames_per_second"]:6.1f} a second, '
          f'{drawn} drawn in the last one')
    print(f'load of the machine  {os.getloadavg()[0]:6.1f} on '
          f'{os.cpu_count()} processors')


if __name__ == '__main__':
    main()
