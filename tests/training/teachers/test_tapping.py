"""Where the head of a network is, and that some have none."""

from __future__ import annotations

import onnx
import pytest
import torch
from torch import nn

from crnn_deploy.errors import InputError
from crnn_deploy.training.teachers.tapping import HeadTap, add_head_input


def test_the_tap_keeps_what_the_last_layer_with_that_many_outputs_reads() -> None:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 3), nn.LogSoftmax(-1))
    tap = HeadTap(model, 3, "model")
    images = torch.randn(2, 4)
    model(images)
    assert tap.size == 3
    assert torch.equal(tap.take(), model[:2](images))


def test_a_network_without_such_a_layer_is_refused() -> None:
    with pytest.raises(InputError, match="The features of model cannot be read") as raised:
        HeadTap(nn.Sequential(nn.Linear(4, 3), nn.Conv2d(3, 5, 1)), 5, "model")
    assert "'features'" in raised.value.fix


def graph(*nodes: onnx.NodeProto) -> onnx.ModelProto:
    weights = [
        onnx.helper.make_tensor(n, onnx.TensorProto.FLOAT, s, [1.0] * 6) for n, s in (("w", (2, 3)), ("b", (6,)))
    ]
    tensors = [onnx.helper.make_tensor_value_info(n, onnx.TensorProto.FLOAT, None) for n in ("images", "logits")]
    return onnx.helper.make_model(onnx.helper.make_graph(list(nodes), "g", tensors[:1], tensors[1:], weights))


def node(kind: str, inputs: list[str], output: str) -> onnx.NodeProto:
    return onnx.helper.make_node(kind, inputs, [output])


def test_in_onnx_the_head_is_found_behind_what_follows_it() -> None:
    model = graph(
        node("Relu", ["images"], "features"),
        node("MatMul", ["features", "w"], "product"),
        node("Add", ["product", "b"], "sum"),
        node("Transpose", ["sum"], "turned"),
        node("Softmax", ["turned"], "logits"),
    )
    assert add_head_input(model, "logits", "model") == "features"
    assert [output.name for output in model.graph.output] == ["logits", "features"]


@pytest.mark.parametrize("kind", ["DequantizeLinear", "Cast", "Transpose", "Identity", "Constant"])
def test_the_matrix_of_a_head_may_be_stored_in_another_form(kind: str) -> None:
    model = graph(
        node("Relu", ["images"], "features"),
        node(kind, [] if kind == "Constant" else ["w"], "weights"),
        node("MatMul", ["features", "weights"], "logits"),
    )
    assert add_head_input(model, "logits", "model") == "features"


def test_a_product_of_two_results_is_no_head() -> None:
    model = graph(node("Relu", ["images"], "keys"), node("MatMul", ["images", "keys"], "logits"))
    with pytest.raises(InputError, match="The features of model cannot be read"):
        add_head_input(model, "logits", "model")


@pytest.mark.parametrize("last", ["Conv", "Relu"])
def test_an_onnx_file_without_a_head_is_refused(last: str) -> None:
    model = graph(node("MatMul", ["images", "w"], "hidden"), node(last, ["hidden"], "logits"))
    with pytest.raises(InputError, match="The features of model cannot be read"):
        add_head_input(model, "logits", "model")
