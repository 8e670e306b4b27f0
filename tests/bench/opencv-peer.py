#!/usr/bin/env python3
# yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
#
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Milliseconds per frame of OpenCV's DNN module in float for a network of the
demo model's shape: YOLOv5n, ReLU, three heads of 27 channels, 640x640. The
weights are random, which changes nothing of the time.

Needs the packages python3-onnx and python3-opencv."""

import statistics
import time

import cv2
import numpy as np
from onnx import TensorProto, helper, numpy_helper

SIZE = 640
N_FRAMES = 10
N_WARM_UP = 2


class Network:
    """Collects the nodes of an ONNX graph; names stand for tensors."""

    def __init__(self):
        self.nodes = []
        self.weights = []
        self.channels = {'input': 3}
        self.random = np.random.default_rng(1)

    def add(self, op, inputs, channels, **attributes):
        name = f'{op}{len(self.nodes)}'
        self.nodes.append(helper.make_node(op, inputs, [name], name=name,
                                           **attributes))
        self.channels[name] = channels
        return name

    def constant(self, values):
        name = f'constant{len(self.weights)}'
        self.weights.append(numpy_helper.from_array(
            values.astype(np.float32), name))
        return name

    def head(self, source, channels, kernel=1, stride=1, pad=0):
        shape = (channels, self.channels[source], kernel, kernel)
        scale = np.sqrt(2 / np.prod(shape[1:]))
        weights = self.constant(self.random.normal(0, scale, shape))
        bias = self.constant(self.random.normal(0, 0.1, channels))
        return self.add('Conv', [source, weights, bias], channels,
                        kernel_shape=[kernel] * 2, strides=[stride] * 2,
                        pads=[pad] * 4)

    def convolution(self, source, channels, kernel=1, stride=1, pad=None):
        pad = kernel // 2 if pad is None else pad
        return self.add('Relu', [self.head(source, channels, kernel, stride,
                                           pad)], channels)

    def concatenate(self, *sources):
        return self.add('Concat', sources,
                        sum(self.channels[source] for source in sources),
                        axis=1)

    def c3(self, source, channels, depth, shortcut):
        deep = self.convolution(source, channels // 2)
        skip = self.convolution(source, channels // 2)
        for _ in range(depth):
            before = deep
            deep = self.convolution(deep, channels // 2)
            deep = self.convolution(deep, channels // 2, 3)
            if shortcut:
                deep = self.add('Add', [before, deep], channels // 2)
        return self.convolution(self.concatenate(deep, skip), channels)

    def sppf(self, source, channels):
        pooled = [self.convolution(source, channels // 2)]
        for _ in range(3):
            pooled.append(self.add('MaxPool', pooled[-1:], channels // 2,
                                   kernel_shape=[5, 5], pads=[2] * 4))
        return self.convolution(self.concatenate(*pooled), channels)

    def double(self, source):
        none = self.constant(np.zeros(0))
        scales = self.constant(np.array([1, 1, 2, 2]))
        return self.add('Resize', [source, none, scales],
                        self.channels[source], mode='nearest',
                        coordinate_transformation_mode='asymmetric',
                        nearest_mode='floor')

    def serialize(self, outputs):
        def value(name, shape):
            return helper.make_tensor_value_info(name, TensorProto.FLOAT,
                                                 shape)

        graph = helper.make_graph(
            self.nodes, 'yolov5n', [value('input', [1, 3, SIZE, SIZE])],
            [value(name, [1, self.channels[name], SIZE // stride,
                          SIZE // stride])
             for name, stride in zip(outputs, (8, 16, 32))], self.weights)
        return helper.make_model(
            graph, opset_imports=[helper.make_opsetid('', 11)],
            ir_version=7).SerializeToString()


def make_yolov5n():
    net = Network()
    x = net.convolution('input', 16, 6, 2, 2)
    x = net.c3(net.convolution(x, 32, 3, 2), 32, 1, True)
    level3 = net.c3(net.convolution(x, 64, 3, 2), 64, 2, True)
    level4 = net.c3(net.convolution(level3, 128, 3, 2), 128, 3, True)
    x = net.c3(net.convolution(level4, 256, 3, 2), 256, 1, True)
    top5 = net.convolution(net.sppf(x, 256), 128)
    x = net.concatenate(net.double(top5), level4)
    top4 = net.convolution(net.c3(x, 128, 1, False), 64)
    x = net.concatenate(net.double(top4), level3)
    out3 = net.c3(x, 64, 1, False)
    x = net.concatenate(net.convolution(out3, 64, 3, 2), top4)
    out4 = net.c3(x, 128, 1, False)
    x = net.concatenate(net.convolution(out4, 128, 3, 2), top5)
    out5 = net.c3(x, 256, 1, False)
    return net.serialize([net.head(out, 27) for out in (out3, out4, out5)])


def time_frame(net, threads):
    cv2.setNumThreads(threads)
    blob = np.random.default_rng(2).random((1, 3, SIZE, SIZE), np.float32)
    names = net.getUnconnectedOutLayersNames()
    times = []
    for _ in range(N_WARM_UP + N_FRAMES):
        begin = time.perf_counter()
        net.setInput(blob)
        outputs = net.forward(names)
        times.append(time.perf_counter() - begin)
    assert sorted(output.shape for output in outputs) == [
        (1, 27, SIZE // stride, SIZE // stride) for stride in (32, 16, 8)]
    return statistics.median(times[N_WARM_UP:]) * 1000


def main():
    net = cv2.dnn.readNetFromONNX(np.frombuffer(make_yolov5n(), np.uint8))
    for threads in (1, 2):
        print(f'OpenCV {cv2.__version__} DNN, float, {threads} thread(s)'
              f' {time_frame(net, threads):7.1f} ms')


if __name__ == '__main__':
    main()
