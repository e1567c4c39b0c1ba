"""LSTMs and GRUs that PyTorch does not have: alone, and as nodes of an ONNX graph."""

from __future__ import annotations

import io
import itertools
import warnings
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from torch import Tensor, nn

from crnn_deploy.errors import GateError, InputError
from crnn_deploy.export.recurrence import check_recurrent_nodes
from crnn_deploy.models.layers.modules import RecurrentLayer, UnevenMaxPooling
from crnn_deploy.models.layers.options import Pooling, Recurrent
from crnn_deploy.models.layers.stepwise import StepwiseRecurrence
from crnn_deploy.validation import parse

CASES = [
    case
    for case in itertools.product(
        ("lstm", "gru"), ("tanh", "relu"), ("sigmoid", "hard-sigmoid", "hard-sigmoid-5"), ("after", "before"), "fb"
    )
    if case[0] == "gru" or case[3] == "after"
]


def options(kind: str, activation: str, gates: str, reset: str, direction: str, **more: Any) -> Recurrent:
    data = {"kind": kind, "inputs": 5, "hidden": 4, "activation": activation, "gates": gates, "reset": reset}
    return parse(Recurrent, {**data, "direction": {"f": "forward", "b": "both"}[direction], **more}, "options")


def exported(model: nn.Module, x: Tensor) -> bytes:
    file = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            model,
            (x,),
            file,
            dynamo=False,
            opset_version=17,
            input_names=["x"],
            dynamic_axes={"x": {0: "batch", 1: "frames"}},
        )
    return file.getvalue()


@pytest.mark.parametrize("case", CASES, ids="-".join)
def test_one_node_computes_the_same(case: tuple[str, ...]) -> None:
    torch.manual_seed(0)
    model = RecurrentLayer(options(*case)).eval()
    data = exported(model, torch.randn(2, 7, 5))
    graph = onnx.load_from_string(data).graph
    assert [node.op_type for node in graph.node].count(case[0].upper()) == 1
    check_recurrent_nodes(graph, model)
    x = torch.randn(3, 11, 5)
    (y,) = onnxruntime.InferenceSession(data).run(None, {"x": x.numpy()})
    np.testing.assert_allclose(y, model(x).detach().numpy(), atol=1e-5)


@pytest.mark.parametrize("kind", ["lstm", "gru"])
@pytest.mark.parametrize("direction", "fb")
def test_frame_by_frame_is_what_pytorch_computes(kind: str, direction: str) -> None:
    model = RecurrentLayer(options(kind, "tanh", "sigmoid", "after", direction))
    stepwise = StepwiseRecurrence(options(kind, "tanh", "sigmoid", "after", direction))
    stepwise.load_state_dict(model.rnn.state_dict())
    x = torch.randn(2, 7, 5)
    torch.testing.assert_close(stepwise(x)[0], model(x))


def test_a_reset_before_the_product_that_no_layer_has_is_an_error() -> None:
    model = RecurrentLayer(options("gru", "tanh", "sigmoid", "before", "f")).eval()
    graph = onnx.load_from_string(exported(model, torch.randn(2, 7, 5))).graph
    with pytest.raises(GateError, match="linear_before_reset"):
        check_recurrent_nodes(graph, RecurrentLayer(options("gru", "relu", "sigmoid", "after", "f")))


@pytest.mark.parametrize(("kind", "more"), [("gru", {"layers": 2}), ("lstm", {})])
def test_what_no_layer_can_be(kind: str, more: dict[str, Any]) -> None:
    with pytest.raises(InputError):
        options(kind, "tanh", "sigmoid", "before", "b", **more)


def test_uneven_pooling_counts_no_padding() -> None:
    layer = UnevenMaxPooling(Pooling(kind="max-pooling", kernel=(2, 3), stride=(1, 2), padding=(0, 0), more=(1, 1)))
    x = -torch.rand(2, 3, 5, 8)
    padded = nn.functional.pad(x, (0, 1, 0, 1), value=-torch.inf)
    torch.testing.assert_close(layer(x), nn.functional.max_pool2d(padded, (2, 3), (1, 2)))


@pytest.mark.parametrize(("kind", "more"), [("mean-pooling", (1, 0)), ("max-pooling", (2, 0))])
def test_uneven_pooling_that_cannot_be(kind: str, more: tuple[int, int]) -> None:
    with pytest.raises(InputError):
        parse(Pooling, {"kind": kind, "kernel": (2, 2), "stride": (1, 1), "more": more}, "pooling")
