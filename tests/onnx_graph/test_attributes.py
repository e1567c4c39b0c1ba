"""What a model or a node says of itself."""

from __future__ import annotations

from onnx import helper

from crnn_deploy.onnx_graph.attributes import attributes_of, opset_of


def test_the_opset_is_that_of_standard_onnx_under_either_of_its_names() -> None:
    graph = helper.make_graph([], "g", [], [])
    for domain in ("", "ai.onnx"):
        imports = [helper.make_opsetid("com.microsoft", 1), helper.make_opsetid(domain, 19)]
        assert opset_of(helper.make_model(graph, opset_imports=imports)) == 19


def test_attributes_have_their_values() -> None:
    node = helper.make_node("GRU", ["x"], ["y"], hidden_size=3, direction="reverse", activations=["Sigmoid", "Tanh"])
    assert attributes_of(node) == {"hidden_size": 3, "direction": b"reverse", "activations": [b"Sigmoid", b"Tanh"]}
