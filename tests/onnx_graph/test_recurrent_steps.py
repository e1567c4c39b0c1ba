"""An input of which nothing would be left for a GRU or LSTM is refused before ONNX Runtime ends the process on it."""

from __future__ import annotations

from pathlib import Path

import broken_onnx as graphs
import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from crnn_deploy.artifact import Artifact, open_artifact
from crnn_deploy.errors import InputError
from crnn_deploy.onnx_graph.execution import quiet_options
from crnn_deploy.onnx_graph.recurrent_steps import RecurrentSteps
from crnn_deploy.runtime.opening import open_session


def losing_steps(model: onnx.ModelProto, lost: int = 3) -> None:
    """Cut the first steps off before the GRU, which sees one step for two pixels."""
    ends = {"first": [lost], "last": [1 << 40], "axis": [0]}
    model.graph.initializer.extend(numpy_helper.from_array(np.array(v), name) for name, v in ends.items())
    graphs.node(model, "gru").input[0] = "kept"
    model.graph.node.insert(4, helper.make_node("Slice", ["s", *ends], ["kept"]))


def losing_all_images(model: onnx.ModelProto) -> None:
    """Leave no image of the batch, the second axis."""
    losing_steps(model, 1 << 20)
    graphs.with_values(model, "axis", [1])


def in_a_size_that_onnx_cannot_tell(model: onnx.ModelProto) -> None:
    """Cut off as many steps as there are numbers other than zero in a constant."""
    losing_steps(model)
    model.graph.initializer.append(numpy_helper.from_array(np.array([1, 0, 1, 1]), "marks"))
    model.graph.initializer.remove(graphs.weight(model, "first"))
    count = [
        helper.make_node("NonZero", ["marks"], ["places"]),
        helper.make_node("Shape", ["places"], ["first"], start=1, end=2),
    ]
    for node in reversed(count):
        model.graph.node.insert(0, node)


def in_a_function(model: onnx.ModelProto) -> None:
    """Move the GRU into a function of the model."""
    losing_steps(model)
    gru = graphs.node(model, "gru")
    inner = onnx.NodeProto()
    inner.CopyFrom(gru)
    opsets = [helper.make_opsetid("", 17)]
    model.functions.append(helper.make_function("local", "f", list(gru.input), list(gru.output), [inner], opsets))
    gru.op_type, gru.domain = "f", "local"
    del gru.attribute[:]
    model.opset_import.append(helper.make_opsetid("local", 1))


def as_lstm(model: onnx.ModelProto) -> None:
    losing_all_images(model)
    gru = graphs.node(model, "gru")
    gru.op_type = "LSTM"
    del gru.input[3:]
    del gru.attribute[2:]  # all but direction and hidden_size
    graphs.with_values(model, "W", np.zeros((2, 24, 8), np.float32))
    graphs.with_values(model, "R", np.zeros((2, 24, 6), np.float32))


def steps_of(model: onnx.ModelProto) -> RecurrentSteps:
    return RecurrentSteps(model, quiet_options(1), "m.onnx")


def image(width: int, count: int = 1) -> np.ndarray:
    return np.zeros((count, 1, 16, width), np.float32)


@pytest.mark.parametrize("change", [losing_steps, in_a_size_that_onnx_cannot_tell, in_a_function])
def test_an_input_without_steps_is_refused_before_it_runs(change: graphs.Change) -> None:
    steps = steps_of(graphs.recogniser(change))
    for wide in (image(40), image(8), image(8, count=3)):
        steps.check(wide)
    with pytest.raises(InputError, match="6 pixels wide") as raised:
        steps.check(image(6))
    assert "GRU gru" in raised.value.cause
    assert "min_width" in raised.value.fix


@pytest.mark.parametrize(("change", "kind"), [(losing_all_images, "GRU"), (as_lstm, "LSTM")])
def test_a_graph_that_loses_its_images_is_refused_at_any_width(change: graphs.Change, kind: str) -> None:
    with pytest.raises(InputError, match="400 pixels wide") as raised:
        steps_of(graphs.recogniser(change)).check(image(400))
    assert kind in raised.value.cause


def artifact_of(folder: Path, change: graphs.Change) -> Artifact:
    (folder / "m.onnx").write_bytes(graphs.recogniser(change).SerializeToString())
    return open_artifact(folder / "m.onnx")


def test_a_session_reads_wide_lines_and_refuses_the_one_that_would_end_the_process(tmp_path: Path) -> None:
    session = open_session(artifact_of(tmp_path, losing_steps))
    assert session.run(image(40)).shape == (1, 17, 4)
    with pytest.raises(InputError, match="cannot read an input that is 4 pixels wide"):
        session.run(image(4))
    assert session.run(image(8)).shape == (1, 1, 4)


def test_a_graph_without_recurrent_layers_takes_any_width() -> None:
    model = graphs.recogniser()
    steps = steps_of(model)
    del model.graph.node[:]
    model.graph.node.append(helper.make_node("Identity", ["x"], ["y"]))
    model.graph.output[0].CopyFrom(helper.make_tensor_value_info("y", TensorProto.FLOAT, None))
    steps.check(image(0))
