# yolov5dpu - YOLOv5 on AMD/Xilinx DPUs for GStreamer
#
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Makes a YOLOv5 checkpoint (v6 or v7) fit for a DPU: activations the DPU has,
and raw heads. Nothing in the user's checkout is changed.

PyTorch is imported where it is needed only, so that everything else works, and
is tested, without it."""

from __future__ import annotations

import inspect
import pathlib
import re
import sys
import types
from typing import Any, Dict, Optional, Tuple

# the slope of the DPU's LeakyReLU
DPU_SLOPE = 26 / 256

# YOLOv5's LeakyReLU has slope 0.1, which the DPU's is near enough to
SLOPE_TOLERANCE = 0.002

# activations that YOLOv5 offers or people put into it, and no DPUCZDX8G has
# inside a convolution
UNSUPPORTED = ('SiLU', 'Swish', 'Hardswish', 'Mish', 'MemoryEfficientMish',
               'MemoryEfficientSwish', 'FReLU', 'AconC', 'MetaAconC', 'GELU',
               'ELU', 'SELU', 'CELU', 'PReLU', 'Softplus', 'Sigmoid', 'Tanh')

ACTIVATIONS = ('leaky', 'relu')

# checkouts of YOLOv5 that do more than to define layers: file, what is in it,
# what it does
NETWORKED = (
    ('models/common.py', r'pip install -U ultralytics',
     'installs ultralytics, and with it another PyTorch,'),
    ('utils/plots.py', r'class Annotator:\n\s+if RANK[^\n]*\n\s+check_\w*font',
     'downloads a font'),
)

# what is in files of others, and what to do
FOREIGN = {
    'RecursiveScriptModule': 'is TorchScript, which has no layers to change; '
    'give the best.pt that it was exported from',
    'ClassificationModel': 'is a classifier, and yolov5dpu runs detectors',
    'SegmentationModel': 'is for segmentation, which is not supported',
}


class PreparationError(Exception):
    """What is wrong and what to do about it, as a sentence."""


def find_detect(model: Any) -> Any:
    """The Detect module of a YOLOv5, which is the last of its layers."""
    try:
        detect = model.model[-1]
    except (AttributeError, IndexError, KeyError, TypeError):
        raise PreparationError(
            f'The checkpoint holds a {type(model).__name__} without a list of '
            'layers, and a YOLOv5 detector has one; give a checkpoint that '
            "YOLOv5's train.py wrote") from None
    missing = [name for name in ('m', 'nl', 'na', 'nc', 'no', 'anchors',
                                 'stride') if not hasattr(detect, name)]
    if missing:
        raise PreparationError(
            f'The last layer is a {type(detect).__name__} without '
            f'{", ".join(missing)}, so it is not the Detect of a YOLOv5; '
            'YOLOv8 and other families have other heads and are not supported')
    if detect.no != detect.nc + 5:
        raise PreparationError(
            f'The head gives {detect.no} numbers for each anchor, and a '
            f'detector of {detect.nc} classes gives {detect.nc + 5}; models '
            'for segmentation are not supported')
    return detect


def fit_activations(model: Any, trained_with: Optional[str] = None) -> bool:
    """Gives every LeakyReLU the DPU's slope, and replaces SiLU where
    trained_with ("leaky" or "relu") says that the weights were trained with
    that. Returns whether anything had to be changed."""
    changed = False
    for parent in model.modules():
        for name, child in list(parent.named_children()):
            kind = type(child).__name__
            if kind == 'SiLU' and trained_with:
                setattr(parent, name, make_activation(trained_with))
                changed = True
            elif kind == 'LeakyReLU':
                changed |= fit_slope(child)
            elif kind in UNSUPPORTED:
                refuse_activation(kind)
    return changed


def fit_slope(activation: Any) -> bool:
    slope = activation.negative_slope
    if abs(slope - 0.1) > SLOPE_TOLERANCE:
        raise PreparationError(
            f'The model was trained with LeakyReLU({slope:g}), and the slope '
            'of the DPU is always 26/256, about 0.1; train it again with '
            'LeakyReLU(0.1)')
    activation.negative_slope = DPU_SLOPE
    return bool(slope != DPU_SLOPE)


def make_activation(name: str) -> Any:
    from torch import nn
    return nn.ReLU() if name == 'relu' else nn.LeakyReLU(DPU_SLOPE)


def refuse_activation(kind: str) -> None:
    raise PreparationError(
        f'The model was trained with {kind}, which the DPU cannot compute '
        'inside a convolution; train it again with LeakyReLU(0.1) or ReLU: a '
        'line "activation: nn.LeakyReLU(0.1)" in the model\'s .yaml file '
        '(YOLOv5 v7.0 has models/hub/yolov5s-LeakyReLU.yaml), then '
        'python train.py --cfg that.yaml. Replacing the activation without '
        'training ruins the model')


def raw_heads(self: Any, features: Any) -> Tuple[Any, ...]:
    return tuple(convolution(feature)
                 for convolution, feature in zip(self.m, features))


def cut_head(model: Any) -> Any:
    """Lets the model end in the convolutions of its heads, without reshaping
    and decoding, and returns its Detect."""
    detect = find_detect(model)
    # a bound method, unlike a closure, follows its object when the quantizer
    # copies the model
    detect.forward = types.MethodType(raw_heads, detect)
    return detect


def check_size(size: Tuple[int, int], detect: Any) -> None:
    stride = max(int(value) for value in detect.stride)
    for value in size:
        if value % stride:
            raise PreparationError(
                f'The size {size[0]}x{size[1]} cannot be divided into cells of '
                f'{stride} pixels; {value} must be a multiple of {stride}')


def check_checkout(folder: pathlib.Path) -> None:
    if not (folder / 'models' / 'yolo.py').is_file():
        raise PreparationError(
            f'{folder} is not a YOLOv5 checkout, it has no models/yolo.py; '
            'give the folder that "git clone -b v7.0 '
            'https://github.com/ultralytics/yolov5" made')
    for file, pattern, what in NETWORKED:
        path = folder / file
        if path.is_file() and re.search(pattern, path.read_text('utf-8')):
            raise PreparationError(
                f'The YOLOv5 in {folder} {what} as soon as a checkpoint is '
                'read; use v7.0, which loads the checkpoints of all: "git '
                'clone -b v7.0 https://github.com/ultralytics/yolov5"')


def unpickle(torch: Any, path: pathlib.Path) -> Any:
    options: Dict[str, Any] = {'map_location': 'cpu'}
    # from PyTorch 2.6 on only weights are read unless told otherwise
    if 'weights_only' in inspect.signature(torch.load).parameters:
        options['weights_only'] = False
    # a path in a checkpoint from Windows
    windows_path, pathlib.WindowsPath = pathlib.WindowsPath, type(path)
    try:
        return torch.load(str(path), **options)
    except ModuleNotFoundError as error:
        if (error.name or '').split('.')[0] == 'ultralytics':
            raise PreparationError(
                f'The checkpoint {path} is of YOLOv8 or later, or of a YOLO '
                'that ultralytics has trained; those have other heads, and '
                'only YOLOv5 is supported') from error
        raise PreparationError(
            f'The checkpoint {path} needs the Python module {error.name}; '
            f'install it with "pip install --no-deps {error.name}", so that '
            'PyTorch stays as it is. If it is a part of YOLOv5, check out the '
            'version that trained the model') from error
    except Exception as error:
        raise PreparationError(
            f'The checkpoint {path} cannot be read: {error}; it must be a .pt '
            "file that YOLOv5's train.py wrote, and the checkout must be of "
            'the version that wrote it') from error
    finally:
        pathlib.WindowsPath = windows_path


def pick_model(content: Any, path: pathlib.Path) -> Any:
    """The model in an unpickled checkpoint, averaged (EMA) where there is one,
    as YOLOv5 itself picks it."""
    if isinstance(content, dict):
        content = content.get('ema') or content.get('model')
    if type(content).__name__ in ('DataParallel', 'DistributedDataParallel'):
        content = content.module
    foreign = FOREIGN.get(type(content).__name__)
    if foreign:
        raise PreparationError(f'The checkpoint {path} {foreign}')
    if not hasattr(content, 'modules'):
        raise PreparationError(
            f'The checkpoint {path} holds no model, only numbers or nothing; '
            "give the best.pt or last.pt that YOLOv5's train.py wrote, which "
            'holds the model with its layers')
    return content


def load(checkout: pathlib.Path, path: pathlib.Path) -> Any:
    """Loads the model of a checkpoint in float, for inference. A checkpoint is
    a program: only load what you trust."""
    check_checkout(checkout)
    if not path.is_file():
        raise PreparationError(f'There is no checkpoint {path}')
    try:
        import torch
    except ImportError as error:
        raise PreparationError(
            f'PyTorch cannot be imported: {error}; start the docker of Vitis '
            'AI and run "conda activate vitis-ai-pytorch"') from error

    sys.path.insert(0, str(checkout.resolve()))
    model = pick_model(unpickle(torch, path), path).float().eval()
    for module in model.modules():
        # written by PyTorch before 1.11, read by a later one
        if (type(module).__name__ == 'Upsample'
                and not hasattr(module, 'recompute_scale_factor')):
            module.recompute_scale_factor = None
    return model
