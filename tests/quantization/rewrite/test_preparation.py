from __future__ import annotations

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from tiny_crnn import tiny_spec

from crnn_deploy.artifact import write_onnx
from crnn_deploy.errors import InputError
from crnn_deploy.onnx_graph.simplification import name_nodes
from crnn_deploy.quantization.rewrite.preparation import prepare, read_fp32, require_target


def model(*nodes, opset=20, **tensors):
    values = [helper.make_tensor_value_info(n, TensorProto.FLOAT, ["batch", 1, 16, "w"]) for n in ("images", "logits")]
    constants = [numpy_helper.from_array(array, name) for name, array in tensors.items()]
    graph = helper.make_graph(list(nodes), "g", values[:1], values[1:], constants)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=9)


def branch(*nodes, **tensors):
    result = helper.make_tensor_value_info(nodes[-1].output[0], TensorProto.FLOAT, None)
    constants = [numpy_helper.from_array(array, name) for name, array in tensors.items()]
    return helper.make_graph(list(nodes), "branch", [], [result], constants)


def conditional(body):
    return helper.make_node("If", ["condition"], ["logits"], "if", then_branch=body, else_branch=body)


HALF = np.float16(2)
FP16 = {
    "weights": model(
        helper.make_node("Cast", ["half"], ["two"], to=1),
        helper.make_node("Mul", ["images", "two"], ["logits"]),
        half=HALF,
    ),
    "constants": model(
        helper.make_node("Constant", [], ["half"], value=numpy_helper.from_array(HALF)),
        helper.make_node("Cast", ["half"], ["two"], to=1),
        helper.make_node("Mul", ["images", "two"], ["logits"]),
    ),
}


@pytest.mark.parametrize("half", FP16.values(), ids=FP16)
def test_fp16_is_refused(tmp_path, half):
    with pytest.raises(InputError, match="is FP16"):
        read_fp32(write_onnx(tmp_path / "half.onnx", half, tiny_spec()))


def test_int8_in_a_branch_is_found(tmp_path):
    body = branch(
        helper.make_node("DequantizeLinear", ["q", "s"], ["f"]),
        helper.make_node("Mul", ["images", "f"], ["o"]),
        q=np.int8(3),
        s=np.float32(1),
    )
    quantized = write_onnx(tmp_path / "q.onnx", model(conditional(body), condition=np.array(True)), tiny_spec())
    with pytest.raises(InputError, match="quantized already"):
        read_fp32(quantized)


def test_names_that_quantization_makes_are_refused():
    with pytest.raises(InputError, match="named int8::scale::images"):
        prepare(
            model(
                helper.make_node("Mul", ["images", "int8::scale::images"], ["logits"]),
                **{"int8::scale::images": np.float32(2)},
            )
        )


def test_tensorrt_needs_scales_in_fp16():
    def relu(opset):
        return model(helper.make_node("Relu", ["images"], ["logits"]), opset=opset)

    with pytest.raises(InputError, match="opset is 18"):
        require_target(relu(18), "tensorrt")
    require_target(relu(19), "tensorrt")
    require_target(relu(12), "cpu")


def test_the_model_is_left_as_it_is():
    given = model(helper.make_node("Relu", ["images"], ["logits"]))
    before = given.SerializeToString()
    assert prepare(given).graph.node[0].name
    assert given.SerializeToString() == before


@pytest.mark.parametrize(
    "names", [("", "", "same", "same"), ("Relu_1", "", "Relu_1", ""), ("", "Relu_0", "Relu_0", "")]
)
def test_every_node_gets_a_name_of_its_own(names):
    graph = onnx.GraphProto(node=[helper.make_node("Relu", ["x"], ["y"], name) for name in names])
    name_nodes(graph)
    found = [node.name for node in graph.node]
    assert len(set(found)) == 4
    for name in set(names) - {""}:
        assert found[names.index(name)] == name


def test_portable_needs_qdq_with_a_scale_for_each_channel():
    relu = helper.make_node("Relu", ["images"], ["logits"])
    with pytest.raises(InputError, match="opset is 12"):
        require_target(model(relu, opset=12), "portable")
    require_target(model(relu, opset=13), "portable")


def test_portable_needs_standard_operators():
    gelu = helper.make_node("Gelu", ["images"], ["logits"], domain="com.microsoft")
    with pytest.raises(InputError, match=r"operators of com\.microsoft"):
        require_target(model(gelu), "portable")
    require_target(model(gelu), "cpu")
