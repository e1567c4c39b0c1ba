"""`import` raises `min_width` to the narrowest line of which a network leaves something to read."""

from __future__ import annotations

from pathlib import Path

import broken_onnx as graphs
import numpy as np
import pytest
from onnx import helper, numpy_helper
from told import Told

from crnn_deploy.checkpoints.narrowest_width import with_readable_width
from crnn_deploy.checkpoints.onnx.adoption import adopt_onnx
from crnn_deploy.errors import InputError
from crnn_deploy.preprocessing import Preprocessing
from crnn_deploy.spec import LineageStep, ModelSpec


class Reader:
    """A session that fails below `needs` pixels, and reads nothing below `reads`."""

    runtime = "none"

    def __init__(self, needs: int, reads: int, **preprocessing: object) -> None:
        self.spec = ModelSpec(name="x", charset="ab", preprocessing=Preprocessing(height=16, **preprocessing))
        self.needs, self.reads = needs, reads

    def run(self, images: np.ndarray) -> np.ndarray:
        width = images.shape[3]
        if width < self.needs:
            raise InputError("too narrow")
        return np.zeros((1, max(0, width - self.reads + 1), 3), np.float32)


@pytest.mark.parametrize(
    ("needs", "reads", "stated", "raised"),
    [(0, 0, 8, 8), (24, 0, 8, 24), (0, 24, 8, 24), (13, 22, 8, 24), (0, 9, 10, 10), (0, 100, 8, 100)],
)
def test_the_width_is_the_narrowest_that_the_network_reads(needs: int, reads: int, stated: int, raised: int) -> None:
    told = Told()
    spec = with_readable_width(Reader(needs, reads, min_width=stated), told)
    assert spec.preprocessing.min_width == raised
    assert told.lines == (
        [f"min_width is raised from {stated} to {raised} pixels: the network reads nothing narrower."]
        if raised > stated
        else []
    )


def test_a_fixed_width_and_a_network_that_reads_no_narrow_line_keep_their_spec() -> None:
    for reader in (Reader(64, 0, width=32), Reader(1000, 0), Reader(40, 0, max_width=32)):
        assert with_readable_width(reader, Told()) == reader.spec


def test_an_onnx_model_gets_the_width_that_leaves_a_step_for_its_gru(tmp_path: Path) -> None:
    model = graphs.recogniser()
    ends = {"first": [9], "last": [1 << 40], "axis": [0]}
    model.graph.initializer.extend(numpy_helper.from_array(np.array(v), name) for name, v in ends.items())
    graphs.node(model, "gru").input[0] = "kept"
    model.graph.node.insert(4, helper.make_node("Slice", ["s", *ends], ["kept"]))
    (tmp_path / "m.onnx").write_bytes(model.SerializeToString())
    spec = ModelSpec(name="m", charset="abc", preprocessing=Preprocessing(height=16, width_multiple=1))
    made = adopt_onnx(tmp_path / "m.onnx", tmp_path / "o.onnx", spec, LineageStep(stage="import"), force=False)
    assert made.spec.preprocessing.min_width == 19  # 10 steps, of which 9 are lost
