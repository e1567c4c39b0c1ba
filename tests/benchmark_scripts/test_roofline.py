"""`benchmarks/roofline.py`: operations, bytes and limits with known answers, and a whole run of the script."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from costs.network import GROUPS, group, node_costs, work
from costs.profile import Profile, Tensor
from costs.stages import NETWORK, resizing
from costs.work import BYTES, FP32, INT8, Peaks, Rate, Work, cost
from onnx import TensorProto, helper, numpy_helper
from PIL import Image

from crnn_deploy.artifact import open_artifact, read_onnx
from crnn_deploy.data.rendering.options import RenderOptions
from crnn_deploy.data.rendering.render import render_lines
from crnn_deploy.inspection.onnx_facts import OnnxGraph
from crnn_deploy.inspection.onnx_macs import onnx_macs
from crnn_deploy.preprocessing import Preprocessing
from crnn_deploy.zoo import READER

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "roofline.py"
PEAKS = Peaks(
    rates=[Rate(INT8, "slow", 1e9), Rate(INT8, "quick", 4e9), Rate(FP32, "only", 1e9)],
    copies={1000: 4e9, 10_000: 2e9, 100_000: 1e9},
    node_us=0.5,
    profiled_us=2.0,
)
RANDOM = np.random.default_rng(0)
WEIGHTS = {
    "dense": RANDOM.standard_normal((8, 4, 3, 3), np.float32),
    "each": RANDOM.standard_normal((8, 1, 3, 3), np.float32),
    "scale": np.array(0.1, np.float32),
    "zero": np.array(0, np.uint8),
    "shape": np.array([8, 60], np.int64),
    "integers": RANDOM.integers(-9, 9, (60, 7), np.int8),
}
NODES = [
    helper.make_node("Conv", ["x", "dense"], ["a"], "first", pads=[1] * 4),
    helper.make_node("Conv", ["a", "each"], ["b"], "second", pads=[1] * 4, group=8),
    helper.make_node("Relu", ["b"], ["c"], "third"),
    helper.make_node("Reshape", ["c", "shape"], ["d"], "fourth"),
    helper.make_node("QuantizeLinear", ["d", "scale", "zero"], ["e"], "fifth"),
    helper.make_node("MatMulInteger", ["e", "integers"], ["y"], "sixth"),
]
PIXELS = 6 * 10
PLANES = 4 * 8 * PIXELS  # bytes of eight planes in FP32


@pytest.fixture(scope="module")
def profile() -> Profile:
    graph = helper.make_graph(
        NODES,
        "made by hand",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 4, 6, 10])],
        [helper.make_tensor_value_info("y", TensorProto.INT32, [8, 7])],
        [numpy_helper.from_array(array, name) for name, array in WEIGHTS.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)
    return Profile(model, {"x": np.zeros((1, 4, 6, 10), np.float32)}, rounds=5, seconds=1)


def test_operations_and_bytes_of_each_node(profile: Profile) -> None:
    assert [each.node.name for each in profile.nodes] == [node.name for node in NODES]
    assert all(each.us > 0 for each in profile.nodes)
    assert [work(each.node, profile.tensors) for each in profile.nodes] == [
        Work(2 * 8 * PIXELS * 4 * 9, 4 * 4 * PIXELS + 4 * 8 * 4 * 9 + PLANES, FP32),
        Work(2 * 8 * PIXELS * 9, 2 * PLANES + 4 * 8 * 9, FP32),
        Work(0, 2 * PLANES),
        Work(0, 0),
        Work(0, PLANES + 4 + 1 + 8 * PIXELS),
        Work(2 * 8 * 60 * 7, 8 * PIXELS + 60 * 7 + 4 * 8 * 7, INT8),
    ]


def test_nodes_are_grouped_by_what_they_do(profile: Profile) -> None:
    found = [group(each.node, profile.tensors) for each in profile.nodes]
    _, fp32, depthwise, recurrent, products, layouts, rest = GROUPS
    assert found == [fp32, depthwise, rest, layouts, layouts, products]
    qgru = helper.make_node("QGRU", ["x", "w"], ["y"], domain="crnn_deploy")
    assert group(qgru, {}) == recurrent


def test_an_integer_convolution_is_a_group_of_its_own() -> None:
    node = helper.make_node("QLinearConv", ["x", "s", "z", "w", "t", "u", "v", "o"], ["y"])
    assert group(node, {"w": Tensor((8, 4, 3, 3), 1)}) == GROUPS[0]


def test_the_graph_that_runs_has_the_operations_of_the_file() -> None:
    images = np.zeros((1, 1, 32, 64), np.float32)
    found = node_costs(READER, images, PEAKS, rounds=5, seconds=0.1)
    macs = onnx_macs(OnnxGraph(read_onnx(READER)), images.shape)
    assert sum(node.work.operations for node in found) == 2 * macs
    assert {node.work.kind for node in found if node.group == GROUPS[0]} == {INT8}


@pytest.mark.parametrize(
    ("given", "least", "bound"),
    [
        (Work(8000, 2000, INT8), 2.0, INT8),  # by the quicker of the two products
        (Work(8000, 2000, FP32), 8.0, FP32),
        (Work(1000, 8000, INT8), 2.0, BYTES),  # as a copy that reads and writes 1,000 bytes
        (Work(0, 20_000), 10.0, BYTES),
        (Work(0, 1_000_000), 1000.0, BYTES),  # more than any copy
    ],
)
def test_the_scarcer_of_products_and_bytes_is_the_limit(given: Work, least: float, bound: str) -> None:
    assert given.least(PEAKS) == (pytest.approx(least), bound)


def test_the_limit_of_several_pieces_is_the_sum_of_theirs() -> None:
    found = cost("all", 30.0, [Work(8000, 2000, FP32), Work(1000, 8000, INT8)], PEAKS)
    assert (found.least_us, found.bound, found.pieces) == (pytest.approx(10.0), FP32, 2)
    assert (found.operations, found.bytes) == (9000, 10_000)
    assert found.distance == pytest.approx(3.0)
    assert cost("none", 1.0, [Work(0, 0)], PEAKS).distance is None


def test_a_pass_of_resizing_reads_all_pixels_below_the_filter() -> None:
    seen = Preprocessing(height=32, width_multiple=4, resize="bilinear")
    halved = resizing(seen, Image.new("L", (120, 64)))
    assert halved == Work(2 * (64 * 60 * 4 + 32 * 60 * 4), 120 * 64 + 4 * 32 * 60, INT8)
    assert resizing(seen, Image.new("L", (60, 32))).operations == 0
    skipping = seen.model_copy(update={"resize": "linear"})
    assert resizing(skipping, Image.new("L", (120, 64))).operations == 2 * (64 * 60 * 2 + 32 * 60 * 2)


def test_a_whole_run(tmp_path: Path) -> None:
    lines = render_lines(RenderOptions(count=3, seed=1), tmp_path / "lines.tar", False)
    stem = tmp_path / "roofline"
    quick = ["--rounds", "2", "--seconds", "0.01", "--side", "64"]
    command = [sys.executable, str(SCRIPT), str(READER), "--data", str(lines), *quick, "-o", str(stem)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    peaks, row = json.loads(stem.with_suffix(".json").read_text(encoding="utf-8"))["rows"]
    assert all(rate["operations"] > 0 for rate in peaks["peaks"]["rates"])
    stages = {stage["name"]: stage for stage in row["stages"]}
    assert all(stage["us"] > 0 and stage["least_us"] > 0 for stage in stages.values())
    for what in ("operations", "bytes", "pieces"):
        assert sum(each[what] for each in row["groups"]) == stages[NETWORK][what]
        assert sum(each[what] for each in stages.values()) == row["line"][what]
    assert row["input"][:3] == [1, 1, open_artifact(READER).spec.preprocessing.height]
    text = stem.with_suffix(".md").read_text(encoding="utf-8")
    assert f"## {READER.name}" in text
    assert "are above the limit" in text
