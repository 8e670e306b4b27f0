#!/usr/bin/env python3
# yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
#
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Milliseconds per frame of ONNX Runtime in int8 for a network of the demo
model's shape.

Needs the packages python3-onnx and python3-onnxruntime (Debian 13)."""

import os
import subprocess
import sys
import tempfile

import onnxruntime
import timing

HERE = os.path.dirname(os.path.abspath(__file__))


def load(path, threads):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    return onnxruntime.InferenceSession(path, options,
                                        providers=['CPUExecutionProvider'])


def main():
    picture = {'input': timing.make_picture()}
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, 'int8.onnx')
        # Debian's packages of onnx and of ONNX Runtime do not get along in one
        # process
        subprocess.run([sys.executable, os.path.join(HERE, 'yolov5n.py'), path],
                       check=True)
        for threads in (1, 2):
            session = load(path, threads)
            time = timing.time_frame(lambda s=session: s.run(None, picture))
            print(f'ONNX Runtime {onnxruntime.__version__}, int8,'
                  f' {threads} thread(s) {time:7.1f} ms')


if __name__ == '__main__':
    main()
