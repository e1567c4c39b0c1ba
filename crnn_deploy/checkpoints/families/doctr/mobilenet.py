"""docTR's `crnn_mobilenet_v3_small` and `_large`: MobileNetV3 (arXiv 1905.02244) with three strides of height only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from crnn_deploy.checkpoints.families.doctr.decoder import NAMES, with_decoder
from crnn_deploy.checkpoints.families.family import Checkpoint, Recognised, WeightsFamily
from crnn_deploy.checkpoints.families.listing import Listing, convolution
from crnn_deploy.checkpoints.families.tensor_names import NORM, WEIGHTS
from crnn_deploy.models.layers.options import Activation, BatchNorm, Convolution, Gate, Layer, Mean, Residual

_EPSILON = 1e-3  # of torchvision's MobileNetV3
_BOTH, _HEIGHT = (2, 2), (2, 1)
_Function = Literal["relu", "hard-swish"]


@dataclass(frozen=True)
class _Size:
    """What the weights do not say: strides of blocks other than 1, and the first block with hard-swish."""

    strides: dict[int, tuple[int, int]]
    first_hard_swish: int


_SIZES = {  # by the number of blocks
    11: _Size({1: _BOTH, 2: _HEIGHT, 4: _HEIGHT, 9: _HEIGHT}, 4),
    15: _Size({2: _BOTH, 4: _HEIGHT, 7: _HEIGHT, 13: _HEIGHT}, 7),
}
_Part = tuple[Layer, dict[str, str]]  # a layer, and the prefixes of its weights


def _blocks(checkpoint: Checkpoint) -> int:
    """Number of blocks: each ends in a convolution of its own."""
    return len({name.split(".")[1] for name in checkpoint.tensors if ".block." in name})


def _load(checkpoint: Checkpoint) -> Recognised:
    count = _blocks(checkpoint)
    size = _SIZES[count]
    layers = Listing()
    _add(layers, _convolution(checkpoint, "feat_extractor.0", _BOTH, "hard-swish"))
    for place in range(1, count + 1):
        function: _Function = "hard-swish" if place >= size.first_hard_swish else "relu"
        _add_block(layers, checkpoint, place, size.strides.get(place, (1, 1)), function)
    last = f"feat_extractor.{count + 1}"
    _add(layers, _convolution(checkpoint, last, (1, 1), "hard-swish"))
    return with_decoder(layers, checkpoint, checkpoint.size(f"{last}.0.weight", 0))


def _add_block(
    layers: Listing, checkpoint: Checkpoint, place: int, stride: tuple[int, int], function: _Function
) -> None:
    """Expansion, depthwise convolution, gate and projection, of which the first and the third may be missing."""
    name = f"feat_extractor.{place}.block"
    parts: list[_Part] = []
    places = range(checkpoint.count(rf"feat_extractor\.{place}\.block\.\d+\.(0|fc1)\.weight"))
    for part in places:
        if f"{name}.{part}.fc1.weight" in checkpoint.tensors:
            parts.append(_gate(checkpoint, f"{name}.{part}"))
        else:
            last = part == places[-1]
            parts += _convolution(checkpoint, f"{name}.{part}", stride, None if last else function)
    inputs = checkpoint.size(f"{name}.0.0.weight", 0 if _is_depthwise(checkpoint, f"{name}.0") else 1)
    if stride == (1, 1) and inputs == checkpoint.size(f"{name}.{places[-1]}.0.weight", 0):
        weights = {f"body.{i}{_joined(key)}": theirs for i, (_, of) in enumerate(parts) for key, theirs in of.items()}
        layers.add(Residual(body=tuple(layer for layer, _ in parts)), weights)
    else:
        _add(layers, parts)


def _convolution(checkpoint: Checkpoint, name: str, stride: tuple[int, int], function: _Function | None) -> list[_Part]:
    """Convolution, normalisation and activation; only a kernel larger than 1 has the stride."""
    used = stride if checkpoint.size(f"{name}.0.weight", 2) > 1 else (1, 1)
    layer = convolution(checkpoint, f"{name}.0", used, depthwise=_is_depthwise(checkpoint, name))
    parts: list[_Part] = [
        (layer, {"": f"{name}.0"}),
        (BatchNorm(channels=layer.outputs, epsilon=_EPSILON), {"": f"{name}.1"}),
    ]
    return [*parts, (Activation(function=function), {})] if function else parts


def _gate(checkpoint: Checkpoint, name: str) -> _Part:
    """Squeeze and excitation."""
    squeezed, channels = (checkpoint.size(f"{name}.fc1.weight", axis) for axis in (0, 1))
    body = (
        Mean(over="picture"),
        Convolution(inputs=channels, outputs=squeezed, kernel=(1, 1)),
        Activation(function="relu"),
        Convolution(inputs=squeezed, outputs=channels, kernel=(1, 1)),
        Activation(function="hard-sigmoid"),
    )
    return Gate(body=body), {"body.1": f"{name}.fc1", "body.3": f"{name}.fc2"}


def _is_depthwise(checkpoint: Checkpoint, name: str) -> bool:
    return checkpoint.size(f"{name}.0.weight", 1) == 1


def _joined(key: str) -> str:
    return f".{key}" if key else ""


def _add(layers: Listing, parts: Sequence[_Part]) -> None:
    for layer, weights in parts:
        layers.add(layer, weights)


FAMILY = WeightsFamily(
    name="doctr-mobilenet",
    about="docTR's crnn_mobilenet_v3_small and _large: MobileNetV3 features and two BiLSTMs.",
    files="crnn_mobilenet_v3_small.pt, or pytorch_model.bin with config.json beside it",
    example="import crnn_mobilenet_v3_small.pt -o doctr.safetensors",
    names=(
        r"feat_extractor\.\d+\.0\.weight",
        rf"feat_extractor\.\d+\.1{NORM}",
        r"feat_extractor\.\d+\.block\.\d\.0\.weight",
        rf"feat_extractor\.\d+\.block\.\d\.1{NORM}",
        rf"feat_extractor\.\d+\.block\.\d\.fc[12]{WEIGHTS}",
        *NAMES,
    ),
    load=_load,
    fits=lambda checkpoint: _blocks(checkpoint) in _SIZES,
)
