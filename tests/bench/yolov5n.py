# yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
#
# SPDX-License-Identifier: LGPL-2.1-or-later

"""A network of the demo model's shape for peers to be timed with: YOLOv5n, ReLU,
three heads of 27 channels, 640x640. The weights are random, which changes nothing
of the time.

usage: yolov5n.py FILE

writes it in int8, as ONNX Runtime wants it: unsigned activations, signed weights,
and operators in float between dequantization and quantization.

Needs the package python3-onnx."""

import sys

import numpy as np
from onnx import TensorProto, helper, numpy_helper
from timing import SIZE

# of what is quantized
SCALE = 1 / 32
WEIGHTS_SCALE = 1 / 128


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

    def constant(self, values, kind=np.float32):
        name = f'constant{len(self.weights)}'
        self.weights.append(numpy_helper.from_array(
            np.asarray(values).astype(kind), name))
        return name

    def make_weights(self, shape):
        scale = np.sqrt(2 / np.prod(shape[1:]))
        return self.constant(self.random.normal(0, scale, shape))

    def make_bias(self, channels):
        return self.constant(self.random.normal(0, 0.1, channels))

    def head(self, source, channels, kernel=1, stride=1, pad=0):
        shape = (channels, self.channels[source], kernel, kernel)
        weights = self.make_weights(shape)
        bias = self.make_bias(channels)
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


class QuantizedNetwork(Network):
    """Whatever an operator gives is rounded to unsigned bytes, which is ReLU,
    too."""

    def dequantize(self, name, scale, kind, channels):
        return super().add('DequantizeLinear', [
            name, self.constant(scale), self.constant(0, kind)], channels)

    def round(self, name):
        channels = self.channels[name]
        rounded = super().add('QuantizeLinear', [
            name, self.constant(SCALE), self.constant(0, np.uint8)], channels)
        return self.dequantize(rounded, SCALE, np.uint8, channels)

    def add(self, op, inputs, channels, **attributes):
        return self.round(super().add(op, inputs, channels, **attributes))

    def make_weights(self, shape):
        values = self.random.integers(-128, 128, shape)
        return self.dequantize(self.constant(values, np.int8), WEIGHTS_SCALE,
                               np.int8, shape[0])

    def make_bias(self, channels):
        values = self.random.integers(-4096, 4096, channels)
        return self.dequantize(self.constant(values, np.int32),
                               SCALE * WEIGHTS_SCALE, np.int32, channels)

    def convolution(self, source, channels, kernel=1, stride=1, pad=None):
        if source == 'input':
            source = self.round(source)
        pad = kernel // 2 if pad is None else pad
        return self.head(source, channels, kernel, stride, pad)


def make_yolov5n(net):
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


if __name__ == '__main__':
    with open(sys.argv[1], 'wb') as file:
        file.write(make_yolov5n(QuantizedNetwork()))
