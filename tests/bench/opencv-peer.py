#!/usr/bin/env python3
# yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
#
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Milliseconds per frame of OpenCV's DNN module in float for a network of the
demo model's shape.

Needs the packages python3-onnx and python3-opencv."""

import cv2
import numpy as np
import timing
import yolov5n


def main():
    model = yolov5n.make_yolov5n(yolov5n.Network())
    net = cv2.dnn.readNetFromONNX(np.frombuffer(model, np.uint8))
    names = net.getUnconnectedOutLayersNames()
    picture = timing.make_picture()

    def run():
        net.setInput(picture)
        return net.forward(names)

    for threads in (1, 2):
        cv2.setNumThreads(threads)
        print(f'OpenCV {cv2.__version__} DNN, float, {threads} thread(s)'
              f' {timing.time_frame(run):7.1f} ms')


if __name__ == '__main__':
    main()
