"""The features of a network: the input of its head, the last linear layer."""

from __future__ import annotations

from collections.abc import Mapping

import onnx
from torch import Tensor, nn

from crnn_deploy.errors import InputError
from crnn_deploy.onnx_graph.wiring import Constants, constants_of, producers_of

_BEFORE_A_MATRIX = {"DequantizeLinear", "Cast", "Transpose", "Identity"}
_BEHIND_THE_HEAD = {"Softmax", "LogSoftmax", "Transpose", "Add", "Reshape", "Identity", "Cast", "DequantizeLinear"}


class HeadTap:
    """Keeps the input of the last linear layer with `outputs` outputs, from the last run of the network.

    Raises:
        InputError: if there is no such layer.
    """

    def __init__(self, model: nn.Module, outputs: int, name: str) -> None:
        heads = [m for m in model.modules() if isinstance(m, nn.Linear) and m.out_features == outputs]
        if not heads:
            raise _no_head(name)
        self.size = heads[-1].in_features
        self._features: Tensor | None = None
        heads[-1].register_forward_pre_hook(self._keep)

    def take(self) -> Tensor:
        """Features `[N, T, D]` or `[N, D]` of the last run; they can be taken once."""
        features, self._features = self._features, None
        assert features is not None
        return features

    def _keep(self, _head: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        self._features = inputs[0]


def add_head_input(model: onnx.ModelProto, logits: str, name: str) -> str:
    """Make the input of the head that computes the output `logits` an output of `model`, and return its name.

    Raises:
        InputError: if the output does not come from a product with a constant matrix.
    """
    producers, constants = producers_of(model.graph), constants_of(model.graph)
    tensor = logits
    while (node := producers.get(tensor)) is not None:
        if node.op_type in ("MatMul", "Gemm") and _is_constant(node.input[1], producers, constants):
            model.graph.output.append(onnx.helper.make_tensor_value_info(node.input[0], onnx.TensorProto.FLOAT, None))
            return str(node.input[0])
        computed = [i for i in node.input if i and i not in constants]
        if node.op_type not in _BEHIND_THE_HEAD or len(computed) != 1:
            break
        tensor = computed[0]
    raise _no_head(name)


def _is_constant(name: str, producers: Mapping[str, onnx.NodeProto], constants: Constants) -> bool:
    """Whether a matrix is stored in the file, in any precision or layout."""
    while (node := producers.get(name)) is not None and node.op_type in _BEFORE_A_MATRIX:
        name = node.input[0]
    return name in constants or (node is not None and node.op_type == "Constant")


def _no_head(name: str) -> InputError:
    return InputError(
        f"The features of {name} cannot be read.",
        "Its outputs are not those of a linear layer.",
        "Leave out the loss 'features'.",
    )
