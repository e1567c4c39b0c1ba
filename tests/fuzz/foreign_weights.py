"""Small checkpoints of networks of others, with the names and containers that each of them writes, as bytes."""

from __future__ import annotations

import io
from collections import OrderedDict
from functools import cache

import torch
from checkpoints.families.doctr_networks import Reference, mobilenet, vgg
from checkpoints.families.four_stages import FourStages
from checkpoints.families.thin_plate_spline import SpatialTransformer
from torch import Tensor, nn

CHANNELS = (4, 4, 6, 6, 8, 8, 8)
CUSTOM_CLASSES, HIDDEN = 11, 16
DEFINITION = {
    **{"cnn_stride": [1, 1, 1, 1], "cnn_dilation": [1, 1, 1, 1], "cnn_poolsize": [2, 2, 2, 0]},
    **{"cnn_activation": ["LeakyReLU"] * 4, "image_sequencer": "none-4"},
}


@cache
def checkpoints() -> dict[str, bytes]:
    """A checkpoint of each family, by the name of its file."""
    torch.manual_seed(0)
    spline = FourStages("vgg", transformation=SpatialTransformer(32, 20))
    return {
        "english_g2.pth": stored(_prefixed("module.", FourStages("vgg", HIDDEN, HIDDEN, 97))),
        "thai.pth": stored(_prefixed("module.", FourStages("resnet", HIDDEN, HIDDEN, 177))),
        "deep_text.pth": stored(_prefixed("module.", FourStages("rcnn"))),
        "spline.pth": stored(_prefixed("module.", spline)),
        "crnn.pth": stored(_vgg_lstm("cnn.", "rnn.", 37)),
        "mmocr.pth": stored({
            "meta": {"mmengine_version": "0.7.1"},
            "state_dict": _vgg_lstm("backbone.cnn.", "decoder.decoder.", 37),
        }),
        "crnn_vgg16_bn.pt": stored(Reference(vgg(), 8, 127).state_dict()),
        "crnn_mobilenet.pt": stored(Reference(mobilenet(small=True), 9, 127).state_dict()),
        "laia.ckpt": stored({"pytorch-lightning_version": "1.4.2", "state_dict": _prefixed("model.", _laia())}),
    }  # fmt: skip


@cache
def custom_easyocr() -> bytes:
    """A custom model of EasyOCR, whose characters a YAML file says."""
    torch.manual_seed(0)
    return stored(_prefixed("module.", FourStages("vgg", HIDDEN, HIDDEN, CUSTOM_CLASSES)))


@cache
def laia_definition() -> bytes:
    """PyLaia's file `model`."""
    return stored({"module": "laia.models.htr.laia_crnn", "name": "LaiaCRNN", "args": (), "kwargs": DEFINITION})


def stored(content: object) -> bytes:
    """As `torch.save` writes it.

    Raises:
        ValueError: if it cannot be written: it is too deep, or not what PyTorch stores.
    """
    buffer = io.BytesIO()
    try:
        torch.save(content, buffer)
    except (RuntimeError, AttributeError, TypeError) as error:
        raise ValueError(str(error)) from None
    return buffer.getvalue()


def _prefixed(prefix: str, network: nn.Module) -> dict[str, Tensor]:
    return OrderedDict((prefix + name, tensor) for name, tensor in network.state_dict().items())


def _vgg_lstm(convolutions: str, recurrent: str, classes: int) -> dict[str, Tensor]:
    """The CRNN paper's network, of which crnn.pytorch and MMOCR have the same parts under other names."""
    cnn, rnn = nn.Sequential(), nn.Sequential()
    for index, channels in enumerate(CHANNELS):
        inputs, kernel = CHANNELS[index - 1] if index else 1, 2 if index == len(CHANNELS) - 1 else 3
        cnn.add_module(f"conv{index}", nn.Conv2d(inputs, channels, kernel))
        if index in (2, 4, 6):
            cnn.add_module(f"batchnorm{index}", nn.BatchNorm2d(channels))
    for inputs, outputs in ((CHANNELS[-1], 5), (5, classes)):
        lstm = nn.LSTM(inputs, 5, bidirectional=True)
        rnn.append(nn.ModuleDict({"rnn": lstm, "embedding": nn.Linear(10, outputs)}))
    return _prefixed(convolutions, cnn) | _prefixed(recurrent, rnn)


def _laia() -> nn.Module:
    blocks = nn.ModuleList()
    for index, channels in enumerate((4, 4, 6, 6)):
        block = nn.ModuleDict({"conv": nn.Conv2d((1, 4, 4, 6)[index], channels, 3)})
        if index % 2 == 0:
            block["batchnorm"] = nn.BatchNorm2d(channels)
        blocks.append(block)
    rnn = nn.LSTM(6 * 4, 5, 2, bidirectional=True)
    return nn.ModuleDict({"conv": blocks, "rnn": rnn, "linear": nn.Linear(10, 4)})
