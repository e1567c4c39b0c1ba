"""Lists the layers of someone else's network, with the names that their weights have there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import Tensor

from crnn_deploy.checkpoints.families.family import Checkpoint
from crnn_deploy.errors import InputError
from crnn_deploy.models.layers.build import FAMILY
from crnn_deploy.models.layers.options import Convolution, Layer, LayersOptions

_COUNTERS = "num_batches_tracked"


def convolution(
    checkpoint: Checkpoint,
    name: str,
    stride: tuple[int, int] = (1, 1),
    margin: tuple[int, int] | None = None,
    depthwise: bool = False,
) -> Convolution:
    """A convolution with the sizes of its weights in a checkpoint, and with a bias if one is there.

    Args:
        name: of the layer, such as `cnn.conv0`.
        margin: zeros above and below, and on the left and the right; None: half of the kernel.
        depthwise: each channel for itself.

    Raises:
        InputError: if the checkpoint has no such weights.
    """
    outputs, inputs, height, width = (checkpoint.size(f"{name}.weight", axis) for axis in range(4))
    groups = outputs if depthwise else 1
    beside = (height // 2, width // 2) if margin is None else margin
    return Convolution(
        inputs=inputs * groups,
        outputs=outputs,
        kernel=(height, width),
        stride=stride,
        padding=(*beside, *beside),
        groups=groups,
        bias=f"{name}.bias" in checkpoint.tensors,
    )


class Listing:
    """Layers in their order; the last one added is the head."""

    def __init__(self) -> None:
        self._layers: list[Layer] = []
        self._prefixes: list[Mapping[str, str]] = []

    def add(self, layer: Layer, weights: str | Mapping[str, str] = "") -> None:
        """Add a layer.

        Args:
            weights: the prefix of its weights, such as `cnn.conv0`; or prefixes for parts of it, such as
                `{"rnn": "rnn.0.lstm"}` of a recurrent layer, or `{"body.0": "conv1", "body.1": "bn1"}` of a residual.
                Empty: it has none.
        """
        self._layers.append(layer)
        self._prefixes.append({"": weights} if isinstance(weights, str) and weights else dict(weights or {}))

    def ends_in(self, kind: type[Layer]) -> bool:
        """Whether the last layer is of a kind."""
        return bool(self._layers) and isinstance(self._layers[-1], kind)

    def architecture(self) -> dict[str, Any]:
        """The field `architecture` of a spec."""
        options = LayersOptions(layers=tuple(self._layers))
        return {"family": FAMILY, "options": options.model_dump(mode="json")}

    def renamed(self, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """The weights with the names of our network.

        Raises:
            InputError: naming a weight that belongs to none of the layers.
        """
        ours = self._renaming()
        renamed = {}
        for name, tensor in tensors.items():
            prefix = next((prefix for prefix in ours if name.startswith(prefix)), None)
            if prefix is not None:
                renamed[ours[prefix] + name.removeprefix(prefix)] = tensor
            elif not name.endswith(_COUNTERS):
                raise InputError(f"The weight {name} belongs to no layer of this family.")
        return renamed

    def _renaming(self) -> dict[str, str]:
        """Our prefix for each of theirs."""
        ours = {}
        for number, prefixes in enumerate(self._prefixes):
            place = "head" if number == len(self._layers) - 1 else f"body.{number}"
            for part, theirs in prefixes.items():
                ours[f"{theirs}."] = f"{place}.{part}." if part else f"{place}."
        return ours
