"""crnn.pytorch of meijieru and its many descendants: the network of the CRNN paper.

Shi et al., "An End-to-End Trainable Neural Network for Image-based Sequence Recognition" (arXiv 1507.05717).
"""

from __future__ import annotations

from typing import Any

from crnn_deploy.checkpoints.families.family import Checkpoint, Recognised, WeightsFamily
from crnn_deploy.checkpoints.families.listing import Listing, convolution
from crnn_deploy.checkpoints.families.tensor_names import LSTM, NORM, WEIGHTS
from crnn_deploy.models.layers.options import Activation, BatchNorm, Linear, Pooling, Recurrent, Sequence
from crnn_deploy.preprocessing import Preprocessing

# Of the published model, and the default of its training script.
_ALPHABET = "0123456789abcdefghijklmnopqrstuvwxyz"
_PREPROCESSING = Preprocessing(height=32, width=100, resize="bilinear")

_CONVOLUTIONS = 7
# After which convolution which window and stride follow, and the padding beside each line.
_POOLING = {0: ((2, 2), (2, 2), 0), 1: ((2, 2), (2, 2), 0), 3: ((2, 2), (2, 1), 1), 5: ((2, 2), (2, 1), 1)}
_NAMES = (
    rf"cnn\.conv[0-6]{WEIGHTS}",
    rf"cnn\.batchnorm\d{NORM}",
    rf"rnn\.\d\.rnn{LSTM}",
    rf"rnn\.\d\.embedding{WEIGHTS}",
)


def _load(checkpoint: Checkpoint) -> Recognised:
    """Sizes from the shapes. Whether ReLU was LeakyReLU, an option of its code, cannot be told; it was rarely used."""
    layers = Listing()
    for index in range(_CONVOLUTIONS):
        _add_convolution(layers, checkpoint, index)
    layers.add(Sequence())
    for index in range(checkpoint.count(r"rnn\.\d\.embedding\.weight")):
        name = f"rnn.{index}"
        hidden = checkpoint.size(f"{name}.rnn.weight_hh_l0", 1)
        inputs = checkpoint.size(f"{name}.rnn.weight_ih_l0", 1)
        layers.add(Recurrent(kind="lstm", inputs=inputs, hidden=hidden), {"rnn": f"{name}.rnn"})
        outputs = checkpoint.size(f"{name}.embedding.weight", 0)
        layers.add(Linear(inputs=2 * hidden, outputs=outputs), f"{name}.embedding")
    colours = {1: "L", 3: "RGB"}.get(checkpoint.size("cnn.conv0.weight", 1), "L")
    fields: dict[str, Any] = {
        "preprocessing": {**_PREPROCESSING.model_dump(), "channels": colours},
        "architecture": layers.architecture(),
    }
    if outputs == len(_ALPHABET) + 1:
        fields["charset"] = _ALPHABET
    return Recognised(fields, layers.renamed(checkpoint.tensors), outputs)


def _add_convolution(layers: Listing, checkpoint: Checkpoint, index: int) -> None:
    name, norm = f"cnn.conv{index}", f"cnn.batchnorm{index}"
    layer = convolution(checkpoint, name, margin=(0, 0) if index == _CONVOLUTIONS - 1 else (1, 1))
    layers.add(layer, name)
    if f"{norm}.weight" in checkpoint.tensors:
        layers.add(BatchNorm(channels=layer.outputs), norm)
    layers.add(Activation(function="relu"))
    if index in _POOLING:
        kernel, stride, beside = _POOLING[index]
        layers.add(Pooling(kind="max-pooling", kernel=kernel, stride=stride, padding=(0, beside)))


FAMILY = WeightsFamily(
    name="crnn-pytorch",
    about="crnn.pytorch (meijieru) and its descendants: the CRNN paper's VGG and two BiLSTMs with a linear layer each.",
    files="crnn.pth",
    example="import crnn.pth --spec alphabet.yaml -o crnn.safetensors",
    names=_NAMES,
    load=_load,
)
