"""Recurrent layers that read and write the INT8 of their neighbours."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import onnx
import onnxruntime as ort
import pytest
from onnx import TensorProto, helper, numpy_helper

from crnn_deploy.native import kernel_level
from crnn_deploy.quantization.rewrite.linear_recurrent import join_neighbours
from crnn_deploy.quantization.rewrite.qdq import insert_qdq
from crnn_deploy.quantization.rewrite.realised import realised_precision
from crnn_deploy.quantization.rewrite.recurrent import quantize_recurrent
from crnn_deploy.quantization.rewrite.scheme import SCHEMES

IMAGES = np.random.default_rng(3).standard_normal((3, 1, 8, 12)).astype(np.float32)
RANGES = {"images": (-3.0, 3.0), "a": (0.0, 9.0), "rows": (-1.0, 1.0)}
LAYERS = {"conv", "rnn", "head"}
GATES = {"GRU": 3, "LSTM": 4}


def network(
    cell: str = "GRU",
    steps: tuple[int, ...] = (2, 0, 1),
    sizes: tuple[int, ...] = (0, 0, -1),
    by_sample: tuple[int, ...] = (1, 0, 2),
    axis: int = 2,
    bias: bool = True,
    outputs: tuple[str, ...] = ("logits",),
    **inputs: Any,
) -> onnx.ModelProto:
    """conv over all rows, `[N, 4, 1, 12]` → squeeze → recurrent layer of 5 units in both directions → head."""
    random = np.random.default_rng(0)
    rows = GATES[cell] * 5
    shapes = {"kernel": (4, 1, 8, 1), "w": (2, rows, 4), "r": (2, rows, 5), "b": (2, 2 * rows), "columns": (10, 6)}
    weights: dict[str, Any] = {name: random.standard_normal(shape).astype(np.float32) for name, shape in shapes.items()}
    weights |= {"bias": random.standard_normal(6).astype(np.float32), "axis": np.array([axis])}
    weights |= {"sizes": np.array(sizes), **{name: np.asarray(value) for name, value in inputs.items()}}
    attributes: dict[str, Any] = {"hidden_size": 5, "direction": "bidirectional"}
    if cell == "GRU":
        attributes["linear_before_reset"] = 1
    product = "product" if bias else "logits"
    nodes = [
        helper.make_node("Conv", ["images", "kernel"], ["c"], "conv"),
        helper.make_node("Relu", ["c"], ["a"], "relu"),
        helper.make_node("Squeeze", ["a", "axis"], ["line"], "squeeze"),
        helper.make_node("Transpose", ["line"], ["x"], "steps", perm=steps),
        helper.make_node(cell, ["x", "w", "r", "b", *inputs], ["y", "y_h"], "rnn", **attributes),
        helper.make_node("Transpose", ["y"], ["t"], "states", perm=[0, 2, 1, 3]),
        helper.make_node("Reshape", ["t", "sizes"], ["m"], "merge"),
        helper.make_node("Transpose", ["m"], ["rows"], "by_sample", perm=by_sample),
        helper.make_node("MatMul", ["rows", "columns"], [product], "head"),
        *([helper.make_node("Add", ["bias", product], ["logits"], "add")] if bias else []),
    ]
    if "y_h" not in outputs:
        nodes[4].output.pop()
    graph = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info("images", TensorProto.FLOAT, ["N", 1, 8, "W"])],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["a", "b", "c"]) for name in outputs],
        [numpy_helper.from_array(values, name) for name, values in weights.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)


def in_int8(model: onnx.ModelProto, layers: set[str] = LAYERS) -> onnx.ModelProto:
    quantized = insert_qdq(model, layers, RANGES, SCHEMES["cpu"])
    quantize_recurrent(quantized, layers)
    return quantized


def joined(model: onnx.ModelProto) -> onnx.ModelProto:
    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    join_neighbours(copy)
    return copy


def result(model: onnx.ModelProto, images: np.ndarray = IMAGES) -> np.ndarray:
    """Without our library."""
    return ort.InferenceSession(model.SerializeToString()).run(["logits"], {"images": images})[0]


def kinds(model: onnx.ModelProto) -> Counter[str]:
    return Counter(node.op_type for node in model.graph.node)


@pytest.mark.parametrize("cell", GATES)
@pytest.mark.parametrize("bias", [True, False], ids=["bias", "no bias"])
def test_nothing_is_left_between_the_layers_and_the_result_is_the_same(cell: str, bias: bool) -> None:
    before = in_int8(network(cell, bias=bias))
    after = joined(before)
    assert not kinds(after).keys() & {"Squeeze", "Reshape", f"Q{cell}"}
    assert kinds(after)[f"QLinear{cell}"] == kinds(after)["Transpose"] == 1
    onnx.checker.check_model(after, full_check=True)
    np.testing.assert_allclose(result(after), result(before), atol=1e-5)
    np.testing.assert_allclose(result(after, IMAGES[:1, :, :, :5]), result(before, IMAGES[:1, :, :, :5]), atol=1e-5)


@pytest.mark.skipif(kernel_level() is None, reason="there are no kernels here")
@pytest.mark.parametrize("cell", GATES)
def test_where_our_kernels_run_three_nodes_do_all_arithmetic(cell: str) -> None:
    realised = realised_precision(joined(in_int8(network(cell))))
    assert realised.int8 == {"MatMulIntegerToFloat": 1, "QLinearConv": 1, f"QLinear{cell}": 1}
    assert not realised.fp32
    assert realised.conversions == 1  # of the image


def test_the_definitions_of_both_ops_are_in_the_file_once() -> None:
    names = [function.name for function in joined(in_int8(network())).functions]
    assert sorted(names) == ["QGRU", "QLinearGRU"]
    assert joined(joined(in_int8(network()))) == joined(in_int8(network()))


KEPT = {
    "a head in FP32": in_int8(network(), LAYERS - {"head"}),
    "a convolution in FP32": in_int8(network(), LAYERS - {"conv"}),
    "a layer in FP32": in_int8(network(), LAYERS - {"rnn"}),
    "another order of axes": in_int8(network(steps=(0, 2, 1))),
    "another reshape": in_int8(network(sizes=(-1, 0, 10))),
    "rows in the order of steps": in_int8(network(by_sample=(0, 1, 2))),
    "another axis": in_int8(network(axis=-2)),
    "initial states": in_int8(network(no_lengths=np.full(3, 12, np.int32), h=np.zeros((2, 3, 5), np.float32))),
    "a last state that is read": in_int8(network(outputs=("logits", "y_h"))),
    "rows that are an output": in_int8(network(outputs=("logits", "m"))),
}


@pytest.mark.parametrize("model", KEPT.values(), ids=KEPT)
def test_other_surroundings_stay_as_they_are(model: onnx.ModelProto) -> None:
    after = joined(model)
    assert list(after.graph.node) == list(model.graph.node)
    assert len(after.functions) == len(model.functions)


def test_a_map_that_others_read_too_stays() -> None:
    model = network(outputs=("logits", "line"))
    before = in_int8(model)
    after = joined(before)
    assert kinds(after)["QLinearGRU"] == kinds(after)["Squeeze"] == 1
    np.testing.assert_allclose(result(after), result(before), atol=1e-5)
