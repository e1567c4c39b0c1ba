"""The layers of a network in VGSL: its blocks one by one, with the height of the images in between.

What a block computes is what kraken 7.1 computes in evaluation: dropout does nothing, a head in the middle is linear,
`Lr` runs forward, and a `G` block is an LSTM where its weights are those of one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from torch import Tensor

from crnn_deploy.checkpoints.families.kraken.vgsl import Block, Network, refused
from crnn_deploy.checkpoints.families.listing import Listing
from crnn_deploy.limits import MAX_LISTED_LAYERS
from crnn_deploy.models.layers.options import (
    Activation,
    Columns,
    Convolution,
    GroupNorm,
    Layer,
    Linear,
    Pooling,
    Recurrent,
    Sequence,
)
from crnn_deploy.validation import parse

_ACTIVATIONS = {"Cr": "relu", "Ct": "tanh", "Clr": "leaky-relu", "Cl": ""}
_GATES = {4: "lstm", 3: "gru"}


class NetworkListing:
    """Lists the layers of a network; `outputs` is the number of classes of its head.

    Raises:
        InputError: naming a block that cannot be imported.
    """

    def __init__(self, network: Network, tensors: Mapping[str, Tensor]) -> None:
        self.layers = Listing()
        self._tensors = tensors
        self._features, self._height = network.channels, network.height
        self._in_images = True
        if network.height == 1 and network.channels > 3:  # the rows of a line as its channels
            self._begin_sequence()
        self.outputs = 0
        if not 0 < len(network.blocks) < MAX_LISTED_LAYERS // 2:
            raise refused("[…]", f"it has {len(network.blocks):,} blocks")
        for block in network.blocks:
            self._builder(block)(block)
        if not network.blocks[-1].kind == "O":
            raise network.blocks[-1].refused("the last block of a recogniser is its head, such as `O1c80`")

    def _builder(self, block: Block) -> Callable[[Block], None]:
        if block.kind in ("Do", "I"):
            return lambda _: None
        if block.kind in ("O", "Gn", "Mp", "S"):
            return {"O": self._head, "Gn": self._group_norm, "Mp": self._pooling, "S": self._reshape}[block.kind]
        return self._convolution if block.kind[0] == "C" else self._recurrent

    def _convolution(self, block: Block) -> None:
        activation = _ACTIVATIONS.get(block.kind)
        if activation is None:
            raise block.refused("kraken trains with other outputs of such a convolution than it reads with")
        self._need_images(block)
        rows, columns, outputs, *others = block.integers("#,#,#(?:,#,#)?(?:,#,#)?")
        kernel = (rows or 0, columns or 0)
        down, right, dilated_down, dilated_right = (1 if value is None else value for value in others)
        margins = ((kernel[0] - 1) * dilated_down // 2, (kernel[1] - 1) * dilated_right // 2)
        fields = {
            "inputs": self._features,
            "outputs": outputs,
            "kernel": kernel,
            "stride": (down, right),
            "padding": margins * 2,
            "dilation": (dilated_down, dilated_right),
        }
        self._add(block, Convolution, fields, f"{block.name}.co")
        if activation:
            self._add(block, Activation, {"function": activation})
        self._features = outputs or 0
        self._shrink(block, (self._height + 2 * margins[0] - dilated_down * (kernel[0] - 1) - 1) // down + 1)

    def _group_norm(self, block: Block) -> None:
        self._need_images(block)
        (groups,) = block.integers("#")
        self._add(block, GroupNorm, {"channels": self._features, "groups": groups}, f"{block.name}.layer")

    def _pooling(self, block: Block) -> None:
        self._need_images(block)
        rows, columns, down, right = block.integers("#,#(?:,#,#)?")
        kernel, stride = (rows or 0, columns or 0), (down or rows or 0, right or columns or 0)
        self._add(block, Pooling, {"kind": "max-pooling", "kernel": kernel, "stride": stride})
        self._shrink(block, (self._height - kernel[0]) // stride[0] + 1)

    def _reshape(self, block: Block) -> None:
        source, rows, others, high, low = block.integers(r"#\(#x#\)#,#")
        whole = others in (0, self._height)
        if (source, rows, high, low) != (1, 1, 1, 3) or not whole:
            raise block.refused("of all reshapes, only that of the whole height to channels is supported: S1(1x0)1,3")
        if self._in_images:
            self._begin_sequence()

    def _recurrent(self, block: Block) -> None:
        kind = block.kind[1:]
        if kind[-1:] in ("c", "o") and len(kind) > 2:
            raise block.refused("recurrent layers of clstm and ocropy are not supported")
        if kind not in ("fx", "rx", "bx", "fy", "ry", "by", "fys", "rys", "bys"):
            raise block.refused("kraken has no such recurrent layer, or it leaves no time axis")
        (hidden,) = block.integers("#")
        cell = self._cell(block, hidden or 0)
        directions = "both" if kind[0] == "b" else "forward"
        sizes = {"inputs": self._features, "hidden": hidden, "direction": directions}
        if kind[1] == "x":
            if self._height != 1:
                raise block.refused(
                    f"it has {self._height} rows before it, and kraken itself reads lines with only one"
                )
            if self._in_images:
                self._begin_sequence()
            self._add(block, Recurrent, {"kind": cell, **sizes}, {"rnn": f"{block.name}.layer"})
        else:
            self._need_images(block)
            fields = {"cell": cell, **sizes, "result": "last" if kind[2:] else "all"}
            self._add(block, Columns, fields, {"rnn": f"{block.name}.layer"})
        self._features = (hidden or 0) * (2 if kind[0] == "b" else 1)
        self._height = 1 if kind[2:] else self._height

    def _cell(self, block: Block, hidden: int) -> str:
        weights = self._tensors.get(f"{block.name}.layer.weight_hh_l0")
        gates = 4 if weights is None or not hidden or weights.ndim != 2 else weights.shape[0] // hidden
        return _GATES.get(gates, "lstm")

    def _head(self, block: Block) -> None:
        if not block.rest.startswith("1c"):
            raise block.refused("only the head of a text recogniser is supported, such as `O1c80`; this is another one")
        if block.rest.startswith("1ca"):
            raise block.refused("heads with an added constant (`a`) are not supported")
        (outputs,) = block.integers("1c#")
        if self._height != 1:
            raise block.refused(f"{self._height} rows are left before the head, and a line of text has one")
        if self._in_images:
            self._begin_sequence()
        self._add(block, Linear, {"inputs": self._features, "outputs": outputs}, f"{block.name}.lin")
        self._features = self.outputs = outputs or 0

    def _begin_sequence(self) -> None:
        """The rows become features, of which those of one row stand together."""
        self.layers.add(Sequence(order="pixels"))
        self._features, self._height, self._in_images = self._features * self._height, 1, False

    def _need_images(self, block: Block) -> None:
        if not self._in_images:
            raise block.refused("it stands behind the reshape of the height to channels")

    def _shrink(self, block: Block, height: int) -> None:
        if height < 1:
            raise block.refused("no row is left behind it")
        self._height = height

    def _add(self, block: Block, layer: Any, fields: dict[str, Any], weights: str | Mapping[str, str] = "") -> None:
        made: Layer = parse(layer, fields, f"The block `{block.text[:80]}` of the network")
        self.layers.add(made, weights)
