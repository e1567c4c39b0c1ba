"""Weights and number formats are read from graphs in every form that quantisation gives them."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from crnn_deploy.errors import InputError
from crnn_deploy.inspection.onnx_facts import OnnxGraph
from crnn_deploy.inspection.onnx_macs import onnx_macs, product_macs

CONV = np.ones((8, 3, 3, 3), np.float32)
IMAGE = (1, 3, 10, 12)
CONV_MACS = 8 * 8 * 10 * 27


def graph(nodes: list[onnx.NodeProto], inputs: tuple[int, ...] = IMAGE, **constants: np.ndarray) -> OnnxGraph:
    made = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, inputs)],
        [helper.make_empty_tensor_value_info("y")],
        [numpy_helper.from_array(array, name) for name, array in constants.items()],
    )
    return OnnxGraph(helper.make_model(made, opset_imports=[helper.make_opsetid("", 17)], ir_version=8))


def node(kind: str, inputs: str, output: str, **attributes: object) -> onnx.NodeProto:
    return helper.make_node(kind, [name.strip("-") for name in inputs.split()], [output], **attributes)


def test_float_convolution() -> None:
    plain = graph([node("Conv", "x w b", "y")], w=CONV, b=np.ones(8, np.float32))
    assert plain.parameters() == CONV.size + 8
    assert plain.precision() == "fp32"
    assert onnx_macs(plain, IMAGE) == CONV_MACS


def test_products_are_counted_by_name() -> None:
    nodes = [node("Conv", "x w", "c", name="first"), node("Relu", "c", "r"), node("Conv", "r v", "y", name="second")]
    model = graph(nodes, w=CONV, v=np.ones((4, 8, 1, 1), np.float32))
    assert product_macs(model, IMAGE) == {"first": CONV_MACS, "second": 4 * 8 * 10 * 8}


def test_nodes_that_onnx_runtime_fused_are_counted() -> None:
    fused = graph([node("FusedConv", "x w", "y", domain="com.microsoft", activation="Relu")], w=CONV)
    fused.model.opset_import.append(helper.make_opsetid("com.microsoft", 1))
    assert onnx_macs(fused, IMAGE) == CONV_MACS


def quantised(activations: bool) -> OnnxGraph:
    nodes = [node("DequantizeLinear", "wq ws wz", "w", axis=0)]
    if activations:
        nodes += [node("QuantizeLinear", "x s z", "xq"), node("DequantizeLinear", "xq s z", "xd")]
    return graph(
        [*nodes, node("Conv", f"{'xd' if activations else 'x'} w", "y")],
        wq=CONV.astype(np.int8),
        ws=np.ones(8, np.float32),
        wz=np.zeros(8, np.int8),
        s=np.float32(0.1),
        z=np.uint8(128),
    )


def test_qdq_convolution_is_int8_with_its_weights_counted_once() -> None:
    model = quantised(activations=True)
    assert model.precision() == "int8"
    assert model.parameters() == CONV.size
    assert onnx_macs(model, IMAGE) == CONV_MACS


def test_integer_weights_alone_don_t_make_an_integer_product() -> None:
    assert quantised(activations=False).precision() == "fp32"


def test_qlinear_convolution() -> None:
    model = graph(
        [
            node("QuantizeLinear", "x s z", "xq"),
            node("QLinearConv", "xq s z w ws wz s z b", "yq"),
            node("DequantizeLinear", "yq s z", "y"),
        ],
        w=CONV.astype(np.int8),
        ws=np.ones(8, np.float32),
        wz=np.zeros(8, np.int8),
        b=np.ones(8, np.int32),
        s=np.float32(0.1),
        z=np.uint8(128),
    )
    assert model.precision() == "int8"
    assert model.parameters() == CONV.size + 8
    assert onnx_macs(model, IMAGE) == CONV_MACS


def test_gru_with_integer_weights_behind_cast_and_mul_runs_in_float() -> None:
    inputs, hidden, steps = 5, 4, 9
    model = graph(
        [
            *[node("Cast", "wq", "wc", to=TensorProto.FLOAT), node("Mul", "wc ws", "w")],
            *[node("Cast", "rq", "rc", to=TensorProto.FLOAT), node("Mul", "rc rs", "r")],
            helper.make_node("GRU", ["x", "w", "r", "b"], ["", "y"], hidden_size=hidden, linear_before_reset=1),
        ],
        inputs=(steps, 1, inputs),
        wq=np.ones((1, 3 * hidden, inputs), np.int8),
        rq=np.ones((1, 3 * hidden, hidden), np.int8),
        ws=np.ones((1, 3 * hidden, 1), np.float32),
        rs=np.ones((1, 3 * hidden, 1), np.float32),
        b=np.ones((1, 6 * hidden), np.float32),
    )
    assert model.precision() == "fp32"
    assert model.parameters() == 3 * hidden * (inputs + hidden) + 6 * hidden
    assert onnx_macs(model, (steps, 1, inputs)) == steps * 3 * hidden * (inputs + hidden)


def test_mixed_formats_name_the_integers_first() -> None:
    model = quantised(activations=True)
    model.model.graph.initializer.append(numpy_helper.from_array(np.ones((12, 2), np.float32), "m"))
    model.model.graph.node[-1].output[0] = "c"
    model.model.graph.node.append(node("MatMul", "c m", "y"))
    mixed = OnnxGraph(model.model)
    assert mixed.precision() == "int8+fp32"


@pytest.mark.parametrize("transposed", [0, 1])
def test_gemm(transposed: int) -> None:
    shape = (6, 5) if transposed else (5, 6)
    model = graph([node("Gemm", "x w", "y", transA=transposed)], inputs=shape, w=np.ones((6, 7), np.float32))
    assert onnx_macs(model, shape) == 5 * 6 * 7


def test_weights_in_constant_nodes_count_and_single_numbers_don_t() -> None:
    constant = helper.make_node("Constant", [], ["w"], value=numpy_helper.from_array(CONV))
    model = graph([constant, node("Conv", "x w", "c"), node("Mul", "c half", "y")], half=np.float32(0.5))
    assert model.parameters() == CONV.size


def test_running_statistics_are_no_parameters() -> None:
    numbers = {name: np.ones(3, np.float32) for name in ("scale", "bias", "mean", "var")}
    model = graph([node("BatchNormalization", "x scale bias mean var", "y")], **numbers)
    assert model.parameters() == 6


def test_a_model_that_does_not_run_is_explained() -> None:
    model = graph([node("Conv", "x w", "y")], w=CONV)
    with pytest.raises(InputError, match="cannot run the model"):
        onnx_macs(model, (1, 5, 10, 12))


def test_a_number_is_no_image() -> None:
    model = graph([node("Identity", "x", "y")], inputs=())
    with pytest.raises(InputError, match="single number"):
        onnx_macs(model, ())


def test_a_gru_without_a_step_is_not_run() -> None:
    weights = {"W": np.ones((1, 12, 3), np.float32), "R": np.ones((1, 12, 4), np.float32)}
    model = graph([node("GRU", "x W R", "y", hidden_size=4)], inputs=(0, 1, 3), **weights)
    with pytest.raises(InputError, match="cannot read"):
        onnx_macs(model, (0, 1, 3))
