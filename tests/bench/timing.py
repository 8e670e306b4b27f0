# yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
#
# SPDX-License-Identifier: LGPL-2.1-or-later

"""What all peers in Python are timed with."""

import statistics
import time

import numpy as np

SIZE = 640
N_FRAMES = 10
N_WARM_UP = 2


def make_picture():
    return np.random.default_rng(2).random((1, 3, SIZE, SIZE), np.float32)


def time_frame(run):
    """The median of some calls of run(), which returns the heads of yolov5n.py,
    in milliseconds."""
    times = []
    for _ in range(N_WARM_UP + N_FRAMES):
        begin = time.perf_counter()
        outputs = run()
        times.append(time.perf_counter() - begin)
    assert sorted(output.shape for output in outputs) == [
        (1, 27, SIZE // stride, SIZE // stride) for stride in (32, 16, 8)]
    return statistics.median(times[N_WARM_UP:]) * 1000
