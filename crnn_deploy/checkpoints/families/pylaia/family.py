"""PyLaia's `LaiaCRNN`: convolutions, columns or pooled rows as frames, and bidirectional recurrent layers.

https://github.com/jpuigcerver/PyLaia; Puigcerver, "Are Multidimensional Recurrent Layers Really Necessary for
Handwritten Text Recognition?" (ICDAR 2017).
"""

from __future__ import annotations

import re
from typing import Any, Literal

from crnn_deploy.checkpoints.families.family import Checkpoint, Recognised, WeightsFamily
from crnn_deploy.checkpoints.families.listing import Listing
from crnn_deploy.checkpoints.families.pylaia.definition import Definition, Pair, read_definition
from crnn_deploy.checkpoints.families.pylaia.symbols import read_symbols
from crnn_deploy.checkpoints.families.tensor_names import NORM, WEIGHTS
from crnn_deploy.errors import InputError
from crnn_deploy.limits import MAX_HEIGHT
from crnn_deploy.models.layers.options import Activation, BatchNorm, Convolution, Linear, Pooling, Recurrent, Sequence
from crnn_deploy.models.layers.row_options import Rows
from crnn_deploy.preprocessing import Preprocessing

# PyLaia takes images that were resized before, in which ink is bright, one at a time or padded with zeros, which its
# recurrent layers skip. So the width is not rounded up. Where its own code resizes, it does so with Lanczos.
_PREPROCESSING = Preprocessing(
    height=128,
    width_rounding="round",
    width_multiple=1,
    max_width=16384,
    resize="lanczos",
    mean=(0.0,),
    std=(1.0,),
    invert=True,
)
_COLOURS = {1: "L", 3: "RGB"}
_ACTIVATIONS: dict[str, Literal["relu", "relu6", "leaky-relu", "elu", "silu", "hard-sigmoid", "hard-swish"]] = {
    "ReLU": "relu",
    "ReLU6": "relu6",
    "LeakyReLU": "leaky-relu",
    "ELU": "elu",
    "SiLU": "silu",
    "Hardsigmoid": "hard-sigmoid",
    "Hardswish": "hard-swish",
}
_GATES: dict[int, Literal["gru", "lstm"]] = {3: "gru", 4: "lstm"}
_SEQUENCER = re.compile(r"(avgpool|maxpool|none)-([1-9][0-9]{0,3})")


def _load(checkpoint: Checkpoint) -> Recognised:
    """Sizes from the shapes, the rest from PyLaia's definition of the network, the charset from its symbols."""
    convolutions = checkpoint.count(r"conv\.\d+\.conv\.weight")
    definition = read_definition(checkpoint.path, convolutions)
    layers = Listing()
    channels, kernels = 0, []
    for index in range(convolutions):
        channels, kernel = _add_convolution(layers, checkpoint, definition, index)
        kernels.append(kernel)
    height = _add_sequence(layers, checkpoint, definition, channels, kernels)
    outputs = _add_reading(layers, checkpoint)
    inputs = checkpoint.size("conv.0.conv.weight", 1)
    if inputs not in _COLOURS:
        raise InputError(f"{checkpoint.path} takes images of {inputs} channels; grey and RGB are supported.")
    preprocessing = {**_PREPROCESSING.model_dump(), "channels": _COLOURS[inputs], "height": height}
    charset, found = read_symbols(checkpoint.path)
    fields: dict[str, Any] = {"preprocessing": preprocessing, "architecture": layers.architecture()}
    if charset:
        fields["charset"] = charset
    note = f"its definition is that of {definition.source}; {found}; lines are {height} pixels high"
    return Recognised(fields, layers.renamed(checkpoint.tensors), outputs, note)


def _add_convolution(layers: Listing, checkpoint: Checkpoint, definition: Definition, index: int) -> tuple[int, Pair]:
    """A block of layers; its channels and the size of its kernel."""
    name = f"conv.{index}"
    outputs, inputs, *kernel = (checkpoint.size(f"{name}.conv.weight", axis) for axis in range(4))
    dilation, stride = definition.dilations[index], definition.strides[index]
    above, beside = ((size - 1) // 2 * step for size, step in zip(kernel, dilation, strict=True))
    convolution = Convolution(
        inputs=inputs,
        outputs=outputs,
        kernel=(kernel[0], kernel[1]),
        stride=stride,
        padding=(above, beside, above, beside),
        dilation=dilation,
        bias=f"{name}.conv.bias" in checkpoint.tensors,
    )
    layers.add(convolution, f"{name}.conv")
    if f"{name}.batchnorm.weight" in checkpoint.tensors:
        layers.add(BatchNorm(channels=outputs), f"{name}.batchnorm")
    layers.add(_activation(definition, index))
    pooling = definition.poolings[index]
    if pooling[0] * pooling[1] > 1:
        layers.add(Pooling(kind="max-pooling", kernel=pooling, stride=pooling))
    return outputs, (kernel[0], kernel[1])


def _activation(definition: Definition, index: int) -> Activation:
    name = definition.activations[index]
    if name not in _ACTIVATIONS:
        raise InputError(
            f"{definition.source} has the activation {name[:40]}, which is not supported.",
            f"Supported are {', '.join(_ACTIVATIONS)}.",
        )
    return Activation(function=_ACTIVATIONS[name])


def _add_sequence(
    layers: Listing, checkpoint: Checkpoint, definition: Definition, channels: int, kernels: list[Pair]
) -> int:
    """The step from images to sequences; the height of the lines that it takes, in pixels."""
    features = checkpoint.size("rnn.weight_ih_l0", 1)
    rows = features // max(1, channels)
    sequencer = _SEQUENCER.fullmatch(definition.sequencer or f"{'none' if definition.height else 'avgpool'}-{rows}")
    if sequencer is None or rows * channels != features or int(sequencer[2]) != rows:
        raise InputError(
            f"The recurrent layers of {checkpoint.path} take {features} features of {channels} channels.",
            f"That does not fit the sequencer {definition.sequencer or 'of PyLaia'} of {definition.source}.",
            "Put the model's own files there, or move these away.",
        )
    adaptive = sequencer[1] != "none"
    if adaptive:
        layers.add(Rows(rows=rows, function="max" if sequencer[1] == "maxpool" else "mean"))
    layers.add(Sequence())
    candidates = [definition.height] if definition.height else range(1, MAX_HEIGHT + 1)
    fitting = [height for height in candidates if _rows_after(height, definition, kernels) == rows]
    if not fitting:
        raise InputError(
            f"Lines of {definition.height or 'no'} pixels leave {rows} rows of features in {checkpoint.path}.",
            f"The definition of its network is that of {definition.source}.",
            "Put the model's own files there, or move these away.",
        )
    return fitting[0]


def _rows_after(height: int, definition: Definition, kernels: list[Pair]) -> int:
    """Rows that the convolutions leave of a line of so many pixels."""
    for index, (size, _) in enumerate(kernels):
        dilation = definition.dilations[index][0]
        margins = (size - 1) // 2 * dilation * 2
        height = (height + margins - dilation * (size - 1) - 1) // definition.strides[index][0] + 1
        pooling = definition.poolings[index]
        height //= pooling[0] if pooling[0] * pooling[1] > 1 else 1
    return height


def _add_reading(layers: Listing, checkpoint: Checkpoint) -> int:
    """Recurrent layers and head; the number of classes."""
    hidden = checkpoint.size("rnn.weight_hh_l0", 1)
    gates = checkpoint.size("rnn.weight_ih_l0", 0) // max(1, hidden)
    if gates not in _GATES:
        raise InputError(
            f"The recurrent layers of {checkpoint.path} are neither LSTMs nor GRUs.",
            f"Their weights have {gates} times as many rows as there are units; those of an LSTM have 4, of a GRU 3.",
        )
    count = checkpoint.count(r"rnn\.weight_ih_l\d+")
    inputs = checkpoint.size("rnn.weight_ih_l0", 1)
    layers.add(Recurrent(kind=_GATES[gates], inputs=inputs, hidden=hidden, layers=count), {"rnn": "rnn"})
    outputs = checkpoint.size("linear.weight", 0)
    layers.add(Linear(inputs=2 * hidden, outputs=outputs), "linear")
    return outputs


FAMILY = WeightsFamily(
    name="pylaia",
    about="PyLaia's LaiaCRNN: convolutions, rows pooled or joined, bidirectional LSTMs or GRUs.",
    files="weights.ckpt, with PyLaia's `model` and syms.txt beside it",
    example="import weights.ckpt -o pylaia.safetensors",
    names=(
        rf"conv\.\d+\.(conv{WEIGHTS}|batchnorm{NORM})",
        r"rnn\.(weight|bias)_[ih]h_l\d+(_reverse)?",
        rf"linear{WEIGHTS}",
    ),
    load=_load,
)
