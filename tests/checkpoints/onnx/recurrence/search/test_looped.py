"""Recurrent layers that arrive as Loop or Scan, as converters from TensorFlow write them."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
import pytest
from onnx import numpy_helper, parser

from crnn_deploy.artifact import Artifact, read_onnx
from crnn_deploy.checkpoints.config import ImportConfig
from crnn_deploy.checkpoints.import_checkpoint import import_checkpoint
from crnn_deploy.runtime.opening import open_session

D, H = 8, 5
SPEC = "name: looped\ncharset: abcd\noutput_layout: TNC\npreprocessing: {height: 8, width_multiple: 1}\n"

GRU = """
    all = Gemm(x, W, b)
    xz, xr, xn = Split<axis = 1>(all, thirds)
    of_h = Gemm(h, R, c)
    hz, hr, hn = Split<axis = 1>(of_h, thirds)
    az = Add(xz, hz)
    ar = Add(xr, hr)
    z = Sigmoid(az)
    r = Sigmoid(ar)
    rn = Mul(r, hn)
    an = Add(xn, rn)
    n = Tanh(an)
    kept = Mul(z, h)
    rest = Sub(one, z)
    fresh = Mul(rest, n)
    new = Add(kept, fresh)
"""

LSTM = """
    joined = Concat<axis = -1>(x, h)
    all = Gemm(joined, V, d)
    ai, af, ag, ao = Split<axis = 1>(all, quarters)
    ci = Clip(ai, zero, six)
    cf = Clip(af, zero, six)
    co = Clip(ao, zero, six)
    i = Mul(ci, sixth)
    f = Mul(cf, sixth)
    o = Mul(co, sixth)
    g = Tanh(ag)
    kept = Mul(f, s)
    fresh = Mul(i, g)
    new_s = Add(kept, fresh)
    squashed = Tanh(new_s)
    new = Mul(o, squashed)
"""

LOOP = """
    y0, y = Loop(count, yes, zeros) <body = step (int64 at, bool go, float[n, 5] h)
        => (bool more, float[n, 5] new, float[n, 5] out) {
      more = Identity(go)
      place = %s
      x = Gather(steps, place)
      %s
      out = Identity(new)
    }>
"""

SCAN = """
    y0, y1, y = Scan(zeros, zeros, steps) <num_scan_inputs = 1, scan_input_directions = [%d],
        scan_output_directions = [%d], body = step (float[n, 5] h, float[n, 5] s, float[n, 8] x)
        => (float[n, 5] new, float[n, 5] new_s, float[n, 5] out) {
      %s
      out = Identity(new)
    }>
"""


def model(recurrence: str) -> onnx.ModelProto:
    text = f"""<ir_version: 8, opset_import: ["": 17]>
    lines (float[n, 1, 8, w] image) => (float[t, n, 5] y) {{
        rows = Squeeze(image, second)
        steps = Transpose<perm = [2, 0, 1]>(rows)
        shape = Shape(steps)
        count = Gather(shape, zeroth)
        images = Gather(shape, second)
        sizes = Concat<axis = 0>(images, units)
        zeros = ConstantOfShape(sizes)
        {recurrence}
    }}"""
    made = parser.parse_model(text)
    random = np.random.default_rng(0)
    values: dict[str, object] = {
        **{"minus": [-1], "start": [-(2**62)], "zeroths": [0]},
        **{"second": [1], "units": [H], "zeroth": 0, "first": 1, "thirds": [H] * 3, "quarters": [H] * 4, "yes": True},
        **{"one": np.float32(1), "zero": np.float32(0), "six": np.float32(6), "sixth": np.float32(1 / 6)},
        **{"W": (D, 3 * H), "R": (H, 3 * H), "b": (3 * H,), "c": (3 * H,), "V": (D + H, 4 * H), "d": (4 * H,)},
    }
    for name, value in values.items():
        array = random.normal(size=value).astype(np.float32) if isinstance(value, tuple) else np.array(value)
        made.graph.initializer.append(numpy_helper.from_array(array, name))
    return made


def imported(folder: Path, given: onnx.ModelProto) -> Artifact:
    (folder / "given.onnx").write_bytes(given.SerializeToString())
    (folder / "s.yaml").write_text(SPEC)
    config = ImportConfig(checkpoint=folder / "given.onnx", spec=folder / "s.yaml", output=folder / "o.onnx")
    return import_checkpoint(config)


def operators(artifact: Artifact) -> Counter[str]:
    return Counter(node.op_type for node in read_onnx(artifact.path).graph.node)


def check_same(artifact: Artifact, given: onnx.ModelProto) -> None:
    session = ort.InferenceSession(given.SerializeToString(), providers=["CPUExecutionProvider"])
    for width in (7, 30):
        images = np.random.default_rng(width).normal(size=(3, 1, 8, width)).astype(np.float32)
        (expected,) = session.run(["y"], {"image": images})
        np.testing.assert_allclose(open_session(artifact).run(images), expected.transpose(1, 0, 2), atol=1e-5)


TURNED = """
    forth = Slice(steps, minus, start, zeroths, minus)
    y0, back = Loop(count, yes, zeros) <body = step (int64 at, bool go, float[n, 5] h)
        => (bool more, float[n, 5] new, float[n, 5] out) {
      more = Identity(go)
      x = Gather(forth, at)
      %s
      out = Identity(new)
    }>
    y = Slice(back, minus, start, zeroths, minus)
"""

FORWARD, BACKWARD = "Identity(at)", "Sub(last, at)"
MODELS = {
    "loop": (LOOP % (FORWARD, GRU), "GRU"),
    "loop from the end": ("last = Sub(count, first)\n" + LOOP % (BACKWARD, GRU), "GRU"),
    "loop of a turned sequence": (TURNED % GRU, "GRU"),
    "scan": (SCAN % (0, 0, LSTM), "LSTM"),
    "scan from the end": (SCAN % (1, 1, LSTM), "LSTM"),
    "scan that turns": (SCAN % (1, 0, LSTM), "LSTM"),
}


@pytest.mark.parametrize("name", MODELS)
def test_loops_become_nodes_that_read_the_same(name: str, tmp_path: Path) -> None:
    body, kind = MODELS[name]
    given = model(body)
    artifact = imported(tmp_path, given)
    found = operators(artifact)
    assert found[kind] == 1
    assert not found["Loop"] + found["Scan"]
    check_same(artifact, given)


def test_a_layer_between_two_turns_runs_in_the_other_direction(tmp_path: Path) -> None:
    artifact = imported(tmp_path, model(MODELS["loop of a turned sequence"][0]))
    assert not operators(artifact)["Slice"]
    (node,) = (node for node in read_onnx(artifact.path).graph.node if node.op_type == "GRU")
    assert [attribute.s for attribute in node.attribute if attribute.name == "direction"] == [b"reverse"]


@pytest.mark.parametrize(
    ("what", "by"),
    [
        ("fresh = Mul(rest, n)", "fresh = Mul(z, n)"),  # not one less the gate
        ("az = Add(xz, hz)", "az = Mul(xz, hz)"),
        ("place = Identity(at)", "place = Identity(zeroth)"),  # the same step each time
    ],
)
def test_other_loops_stay_as_they_are(what: str, by: str, tmp_path: Path) -> None:
    body = MODELS["loop"][0]
    assert what in body
    given = model(body.replace(what, by))
    artifact = imported(tmp_path, given)
    assert operators(artifact)["Loop"] == 1
    check_same(artifact, given)
