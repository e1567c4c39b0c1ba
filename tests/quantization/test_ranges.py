from __future__ import annotations

import weakref

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper

from crnn_deploy.errors import InputError
from crnn_deploy.quantization.minmax import MinMax
from crnn_deploy.quantization.ranges import collect_ranges


def model_with(weight=0.5):
    """images → conv → relu → logits, with values inside that a fused graph would not show."""
    kernel = np.random.default_rng(0).standard_normal((4, 1, 3, 3)).astype(np.float32) * np.float32(weight)
    graph = helper.make_graph(
        [
            helper.make_node("Conv", ["images", "w"], ["conv"], pads=[1, 1, 1, 1]),
            helper.make_node("Relu", ["conv"], ["logits"]),
        ],
        "test",
        [helper.make_tensor_value_info("images", TensorProto.FLOAT, ["batch", 1, 8, "width"])],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["batch", 4, 8, "width"])],
        [numpy_helper.from_array(kernel, "w")],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=9)


TENSORS = ["images", "conv", "logits"]


def images(count, width=16):
    return np.random.default_rng(1).standard_normal((count, 1, 8, width), np.float32)


@settings(max_examples=20, deadline=None)
@given(st.integers(1, 12))
def test_ranges_do_not_depend_on_the_batch_size(size):
    every = images(12)
    model = model_with()
    alone = collect_ranges(model, TENSORS, [every], MinMax(), threads=1)
    batched = collect_ranges(model, TENSORS, [every[i : i + size] for i in range(0, 12, size)], MinMax(), threads=1)
    for name in TENSORS:
        assert batched[name] == pytest.approx(alone[name], rel=1e-6)


def test_ranges_cover_all_widths_and_inner_tensors():
    parts = [images(2, width) for width in (8, 31, 100)]
    ranges = collect_ranges(model_with(), TENSORS, parts, MinMax(), threads=1)
    assert ranges["images"] == (min(p.min() for p in parts), max(p.max() for p in parts))
    assert ranges["conv"][0] < 0
    assert ranges["logits"] == (0, ranges["conv"][1])


def test_memory_holds_one_batch_whatever_the_number_of_batches():
    alive = weakref.WeakSet()
    most = 0

    class Watching(MinMax):
        def observe(self, name, values):
            alive.add(Traced(values))
            super().observe(name, values)

    class Traced:
        """WeakSet needs hashable members, arrays are not: one that lives as long as its array."""

        def __init__(self, values):
            weakref.finalize(values, lambda: alive.discard(self))
            kept.append(self)

    kept: list[Traced] = []

    def stream():
        nonlocal most
        for _ in range(20):
            yield images(2)
            most = max(most, len(alive))

    collect_ranges(model_with(), TENSORS, stream(), Watching(), threads=1)
    assert len(kept) == 20 * len(TENSORS)
    assert most <= 2 * len(TENSORS)


def test_activations_that_overflow_are_refused():
    with pytest.raises(InputError, match="not finite"):
        collect_ranges(model_with(np.inf), TENSORS, [images(1)], MinMax())
