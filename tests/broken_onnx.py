"""A small line recogniser in ONNX, and ways to break it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from onnx import ModelProto, NodeProto, TensorProto, helper, numpy_helper

SPEC = '{"schema_version":1,"name":"m","charset":["a","b","c"],"preprocessing":{"height":16,"width_multiple":4}}'
SPEC_YAML = "charset: abc\npreprocessing: {height: 16, width_multiple: 4}\n"

Change = Callable[[ModelProto], Any]


def unchanged(_model: ModelProto) -> None:
    """Break nothing."""


def recogniser(change: Change = unchanged, opset: int = 17) -> ModelProto:
    """`[n, 1, 16, w]` → `[n, w/2, 4]`: a convolution, a bidirectional GRU and a head; an artifact with its spec."""
    nodes = [
        helper.make_node("Conv", ["x", "kernel", "conv_bias"], ["c"], "conv", strides=[2, 2], pads=[1, 1, 1, 1]),
        helper.make_node("Relu", ["c"], ["r"], "relu"),
        helper.make_node("ReduceMean", ["r"], ["m"], "mean", axes=[2], keepdims=0),
        helper.make_node("Transpose", ["m"], ["s"], "to_steps", perm=[2, 0, 1]),
        helper.make_node(
            *("GRU", ["s", "W", "R", "B"], ["Y"], "gru"),
            hidden_size=6,
            direction="bidirectional",
            linear_before_reset=1,
        ),
        helper.make_node("Transpose", ["Y"], ["Yt"], "to_lines", perm=[2, 0, 1, 3]),
        helper.make_node("Reshape", ["Yt", "sizes"], ["f"], "reshape"),
        helper.make_node("MatMul", ["f", "head"], ["p"], "product"),
        helper.make_node("Add", ["p", "head_bias"], ["y"], "bias"),
    ]
    shapes = {"kernel": (8, 1, 3, 3), "conv_bias": (8,), "W": (2, 18, 8), "R": (2, 18, 6), "B": (2, 36)}
    shapes |= {"head": (12, 4), "head_bias": (4,)}
    random = np.random.default_rng(0)
    weights = {name: random.standard_normal(shape).astype(np.float32) * 0.5 for name, shape in shapes.items()}
    graph = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 1, 16, "w"])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", "t", 4])],
        [numpy_helper.from_array(value, name) for name, value in (weights | {"sizes": np.array([0, 0, 12])}).items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)
    model.metadata_props.add(key="crnn_deploy.spec", value=SPEC)
    change(model)
    return model


def node(model: ModelProto, name: str) -> NodeProto:
    return next(each for each in model.graph.node if each.name == name)


def weight(model: ModelProto, name: str) -> TensorProto:
    return next(each for each in model.graph.initializer if each.name == name)


def with_values(model: ModelProto, name: str, values: Any) -> None:
    """Replace the numbers of a weight."""
    weight(model, name).CopyFrom(numpy_helper.from_array(np.asarray(values), name))


def with_one_value(model: ModelProto, name: str, value: float) -> None:
    """Set the first number of a weight."""
    values = numpy_helper.to_array(weight(model, name)).copy()
    values.flat[0] = value
    with_values(model, name, values)


def before_bias(model: ModelProto, op: str, constant: Any) -> None:
    """Compute the bias of the head from a constant, by an operator that makes tensors of any size."""
    model.graph.initializer.extend([numpy_helper.from_array(np.asarray(constant), "amount")])
    inputs = ["amount"] if op == "ConstantOfShape" else ["head_bias", "amount"]
    node(model, "bias").input[1] = "mean_bias"
    made = helper.make_node(op, inputs, ["made"])
    mean = helper.make_node("ReduceMean", ["made"], ["mean_bias"], keepdims=0)
    for each in (mean, made):
        model.graph.node.insert(0, each)


def as_function(model: ModelProto, *bodies: tuple[str, list[NodeProto]]) -> None:
    """Define functions from `a` to `b`, and call the first one in place of the ReLU."""
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("local", 1)]
    model.functions.extend(helper.make_function("local", name, ["a"], ["b"], body, opsets) for name, body in bodies)
    model.opset_import.append(opsets[1])
    node(model, "relu").domain, node(model, "relu").op_type = "local", bodies[0][0]


def call(name: str, source: str = "a", result: str = "b") -> NodeProto:
    return helper.make_node(name, [source], [result], domain="local")


def with_input(model: ModelProto, kind: int = TensorProto.FLOAT, **sizes: int) -> None:
    """Change the type of the input, and cast it to FP32 then; or some of its sizes, by names such as `batch`."""
    image = model.graph.input[0].type.tensor_type
    image.elem_type = kind
    for axis, name in enumerate(("batch", "channels", "height", "width")):
        if name in sizes:
            image.shape.dim[axis].dim_value = sizes[name]
    if kind != TensorProto.FLOAT:
        model.graph.node.insert(0, helper.make_node("Cast", ["x"], ["as_floats"], "cast", to=TensorProto.FLOAT))
        node(model, "conv").input[0] = "as_floats"


def endless(model: ModelProto) -> None:
    """Pass the bias of the head through a loop without an end."""
    kinds = {"i": (TensorProto.INT64, []), "go": (TensorProto.BOOL, []), "v": (TensorProto.FLOAT, None)}
    inputs = [helper.make_tensor_value_info(name, *kind) for name, kind in kinds.items()]
    results = [helper.make_tensor_value_info(f"{name}_out", *kinds[name]) for name in ("go", "v")]
    steps = [helper.make_node("Identity", [name], [f"{name}_out"]) for name in ("go", "v")]
    model.graph.initializer.append(numpy_helper.from_array(np.array(True), "start"))
    body = helper.make_graph(steps, "body", inputs, results)
    model.graph.node.insert(0, helper.make_node("Loop", ["", "start", "head_bias"], ["late"], "loop", body=body))
    node(model, "bias").input[1] = "late"


def with_ids(model: ModelProto, first: bool = False) -> None:
    """Add an output with the best class of each frame."""
    model.graph.node.append(helper.make_node("ArgMax", ["y"], ["ids"], axis=2, keepdims=0))
    logits = model.graph.output.pop()
    ids = helper.make_tensor_value_info("ids", TensorProto.INT64, ["n", "t"])
    model.graph.output.extend([ids, logits] if first else [logits, ids])


def sparse_bias(model: ModelProto) -> None:
    tensor = numpy_helper.from_array(np.ones(1, np.float32), "head_bias")
    sparse = helper.make_sparse_tensor(tensor, numpy_helper.from_array(np.array([1]), "at"), [4])
    model.graph.initializer.remove(weight(model, "head_bias"))
    model.graph.sparse_initializer.append(sparse)


def _retyped(kind: int, data: bytes) -> Change:
    def change(model: ModelProto) -> None:
        weight(model, "head").data_type = kind
        weight(model, "head").raw_data = data

    return change


def _raw(change: Callable[[bytes], bytes]) -> Change:
    def changed(model: ModelProto) -> None:
        weight(model, "head").raw_data = change(weight(model, "head").raw_data)

    return changed


def _texts(model: ModelProto) -> None:
    weight(model, "head").ClearField("raw_data")
    weight(model, "head").data_type = TensorProto.STRING
    weight(model, "head").string_data.extend([b"a"] * 48)


def _dims(*sizes: int) -> Change:
    return lambda model: weight(model, "head").dims.__setitem__(slice(None), sizes)


def _attribute(name: str, of: str, value: Any) -> Change:
    def change(model: ModelProto) -> None:
        kept = [attribute for attribute in node(model, of).attribute if attribute.name != name]
        del node(model, of).attribute[:]
        node(model, of).attribute.extend([*kept, *([] if value is None else [helper.make_attribute(name, value)])])

    return change


REFUSED: dict[str, tuple[Change, str]] = {
    "no weights": (lambda m: m.graph.ClearField("initializer"), "is not in the model"),
    "one weight missing": (lambda m: m.graph.initializer.remove(weight(m, "R")), "The tensor R"),
    "weight without a name": (lambda m: setattr(weight(m, "R"), "name", ""), "The tensor R"),
    "circle": (lambda m: node(m, "conv").input.__setitem__(0, "r"), "depends on its own result"),
    "result made twice": (lambda m: m.graph.node.append(helper.make_node("Relu", ["x"], ["p"])), "'p'"),
    "weight given twice": (lambda m: m.graph.initializer.append(weight(m, "head")), "'head'"),
    "unknown operator": (lambda m: setattr(node(m, "relu"), "op_type", "Foo"), "Foo"),
    "unknown domain": (lambda m: setattr(node(m, "relu"), "domain", "other"), "other"),
    "unknown type": (lambda m: setattr(weight(m, "head"), "data_type", 99), "head"),
    "no type": (lambda m: setattr(weight(m, "head"), "data_type", 0), "head"),
    "negative sizes": (_dims(-12, -4), "head"),
    "sizes that overflow": (_dims(1 << 62, 1 << 62), "head"),
    "sizes without numbers": (_dims(1 << 20, 1 << 20), "head"),
    "many axes": (_dims(12, 4, *[1] * 5000), "head"),
    "too few bytes": (_raw(lambda data: data[:-7]), "head"),
    "too many bytes": (_raw(lambda data: data + b"more"), "head"),
    "numbers in a wrong field": (
        lambda m: (weight(m, "head").ClearField("raw_data"), weight(m, "head").int32_data.extend(range(48))),
        "head",
    ),
    "text": (_texts, "STRING"),
    "complex": (_retyped(TensorProto.COMPLEX128, bytes(48 * 16)), "COMPLEX128"),
    "float8": (_retyped(TensorProto.FLOAT8E4M3FN, bytes(48)), "FLOAT8"),
    "int4": (_retyped(TensorProto.INT4, bytes(24)), "INT4"),
    "integers": (_retyped(TensorProto.INT64, bytes(48 * 8)), "cannot load"),
    "NaN": (lambda m: with_one_value(m, "head", np.nan), "head holds numbers that are NaN"),
    "NaN in a bias": (lambda m: with_one_value(m, "head_bias", np.nan), "head_bias holds numbers that are NaN"),
    "infinite": (lambda m: with_one_value(m, "W", -np.inf), "W holds numbers that are infinite"),
    "sparse": (sparse_bias, "head_bias is sparse"),
    "function that calls itself": (lambda m: as_function(m, ("F", [call("F")])), "calls itself"),
    "functions that call each other": (
        lambda m: as_function(m, ("F", [call("G")]), ("G", [call("F")])),
        "calls itself",
    ),
    "functions that double": (
        lambda m: as_function(
            m, *((f"F{i}", [call(f"F{i + 1}", "a", "q"), call(f"F{i + 1}", "q", "b")]) for i in range(40)), ("F40", [])
        ),
        "written out",
    ),
    "chain of functions": (
        lambda m: as_function(m, *((f"F{i}", [call(f"F{i + 1}")]) for i in range(2000)), ("F2000", [])),
        "call each other",
    ),
    "no opset": (lambda m: m.ClearField("opset_import"), "which version of ONNX"),
    "opset 0": (lambda m: setattr(m.opset_import[0], "version", 0), "which version of ONNX"),
    "opset 999": (lambda m: setattr(m.opset_import[0], "version", 999), "999"),
    "IR version 0": (lambda m: setattr(m, "ir_version", 0), "which version of ONNX"),
    "IR version 999": (lambda m: setattr(m, "ir_version", 999), "999"),
    "no input": (lambda m: m.graph.ClearField("input"), "The tensor x"),
    "no output": (lambda m: m.graph.ClearField("output"), "no output"),
    "output that is not made": (lambda m: setattr(m.graph.output[0], "name", "nowhere"), "nowhere"),
    "output of sizes": (lambda m: setattr(m.graph.output[0], "name", "sizes"), ""),
    "no graph": (lambda m: m.ClearField("graph"), "holds no graph"),
    "operator without inputs": (lambda m: node(m, "gru").ClearField("input"), "gru"),
    "operator without results": (lambda m: node(m, "gru").ClearField("output"), "gru"),
    "no hidden size": (_attribute("hidden_size", "gru", None), "gru"),
    "huge hidden size": (_attribute("hidden_size", "gru", 1 << 40), "The limit is"),
    "direction that is a number": (_attribute("direction", "gru", 3), "direction in a wrong form"),
    "direction that is no text": (_attribute("direction", "gru", b"\xff\xfe"), "cannot load"),
    "no groups": (_attribute("group", "conv", 0), "cannot run"),
    "huge padding": (_attribute("pads", "conv", [1 << 31] * 4), "The limit is"),
    "axes that are not there": (_attribute("perm", "to_steps", [7, 0, 1]), "cannot load"),
    "huge constant of a shape": (lambda m: before_bias(m, "ConstantOfShape", [1 << 34, 4]), "The limit is"),
    "huge tile": (lambda m: before_bias(m, "Tile", [1 << 40]), "The limit is"),
    "huge expand": (lambda m: before_bias(m, "Expand", [1 << 15, 1 << 14, 4]), "The limit is"),
    "two inputs": (
        lambda m: m.graph.input.append(helper.make_tensor_value_info("lengths", TensorProto.INT64, ["n"])),
        "does not take one image",
    ),
    "three axes": (lambda m: m.graph.input[0].type.tensor_type.shape.dim.pop(), "cannot load"),
    "input without a type": (lambda m: m.graph.input[0].ClearField("type"), ""),
    "another height": (lambda m: with_input(m, height=20), "cannot run"),
    "another width": (lambda m: with_input(m, width=64), "cannot run"),
    "name that is no text": (lambda m: m.MergeFromString(b"\x72\x07\x0a\x02\xff\xfe\x12\x01a"), "UTF-8"),
}
"""What breaks an artifact → how, and what its refusal says."""
