from __future__ import annotations

import numpy as np
import onnxruntime as ort
import pytest
from engine.graphs import as_exported, model, run
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from onnx import helper

from crnn_deploy.engine.lowering.lower import lower
from crnn_deploy.engine.lowering.result import LoweringOptions
from crnn_deploy.engine.proof.rounding import half_tensors, rounded, widened


def typed(factor=1.0):
    """`x` [n] times a factor, plus one, in FP16."""
    nodes = [
        helper.make_node("Mul", ["x", "factor"], ["a"], "times"),
        helper.make_node("Add", ["a", "one"], ["y"], "plus"),
    ]
    graph = model(nodes, {"x": ["n"]}, {"y": ["n"]}, {"factor": np.float32(factor), "one": np.float32(1)})
    return lower(graph, LoweringOptions(precision="fp16")).model


@given(hnp.arrays(np.float32, 5, elements=st.floats(-100, 100, width=32)), st.floats(0.125, 8, width=16))
def test_rounds_wherever_the_typed_graph_is_fp16(x, factor):
    expected = (x.astype(np.float16) * np.float16(factor)) + np.float16(1)
    np.testing.assert_array_equal(run(rounded(typed(factor)), {"x": x})[0], expected.astype(np.float32))


@pytest.mark.parametrize("level", ["ORT_DISABLE_ALL", "ORT_ENABLE_BASIC", "ORT_ENABLE_ALL"])
def test_onnx_runtime_removes_no_rounding(level):
    options = ort.SessionOptions()
    options.graph_optimization_level = getattr(ort.GraphOptimizationLevel, level)
    content = rounded(typed()).SerializeToString()
    session = ort.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    x = np.array([1 + 2**-12, 2**-12], np.float32)
    np.testing.assert_array_equal(session.run(None, {"x": x})[0], [2, 1])


def test_what_overflows_is_infinite_when_rounded_and_finite_when_wide():
    x = np.array([6e4], np.float32)
    assert np.isinf(run(rounded(typed(2)), {"x": x})[0]).all()
    np.testing.assert_allclose(run(widened(typed(2)), {"x": x})[0], 120_001)


def test_half_tensors_are_those_that_nodes_compute():
    assert half_tensors(typed()) == ["engine::half::x", "engine::half::a", "engine::half::y"]


@pytest.mark.parametrize("plugin", [True, False])
def test_recurrences_run_too(plugin):
    """ONNX Runtime 1.31 crashes on the typed graph of a GRU."""
    graph = as_exported(2)
    form = rounded(lower(graph, LoweringOptions(precision="fp16", plugin=plugin)).model)
    data = {"x": np.random.default_rng(0).standard_normal((3, 6, 8)).astype(np.float32)}
    found, expected = run(form, data)[0], run(graph, data)[0]
    np.testing.assert_allclose(found, expected, rtol=0, atol=5e-3)
    assert not np.array_equal(found, expected)
