from __future__ import annotations

import numpy as np
import pytest
from tiny_crnn import tiny_spec

from crnn_deploy.errors import GateError
from crnn_deploy.evaluation.model_comparison import compare_sessions
from crnn_deploy.export.parity import random_batches, require_parity
from crnn_deploy.export.shapes import trace_shape, unseen_shapes
from crnn_deploy.preprocessing import Preprocessing


class Fixed:
    """A session that gives one class per frame, plus a disturbance."""

    runtime = "test"

    def __init__(self, spec, frames=4, classes=(1, 0, 2, 0), scale=10.0, noise=0.0):
        self.spec = spec
        self.logits = np.full((frames, spec.num_outputs), noise, np.float32)
        self.logits[np.arange(frames), classes] += scale

    def run(self, images):
        return np.repeat(self.logits[np.newaxis], len(images), axis=0)


def batches():
    return [np.zeros((2, 1, 16, 32), np.float32), np.zeros((3, 1, 16, 64), np.float32)]


def test_rounding_is_accepted_and_reported():
    spec = tiny_spec()
    parity = compare_sessions(Fixed(spec), Fixed(spec, noise=1e-5), batches())
    require_parity(parity)
    assert parity.images == 5
    assert parity.max_difference == pytest.approx(1e-5, rel=0.1)
    assert parity.relative_difference == pytest.approx(1e-6, rel=0.1)


def test_other_text_is_refused():
    spec = tiny_spec()
    parity = compare_sessions(Fixed(spec), Fixed(spec, classes=(1, 0, 3, 0)), batches())
    assert parity.changed == 5
    with pytest.raises(GateError, match="5 of 5 images"):
        require_parity(parity)


@pytest.mark.parametrize("noise", [0.1, np.nan])
def test_other_logits_are_refused_even_with_the_same_text(noise):
    spec = tiny_spec()
    with pytest.raises(GateError):
        require_parity(compare_sessions(Fixed(spec), Fixed(spec, noise=noise), batches()))


def test_other_shape_is_refused():
    spec = tiny_spec()
    with pytest.raises(GateError, match="frozen"):
        compare_sessions(Fixed(spec), Fixed(spec, frames=5, classes=(1, 0, 2, 0, 0)), batches())


@pytest.mark.parametrize("multiple", [1, 4, 32])
@pytest.mark.parametrize("height", [16, 32, 64])
def test_widths_are_unseen_odd_multiples_that_the_preprocessing_can_give(multiple, height):
    preprocessing = Preprocessing(height=height, width_multiple=multiple)
    traced, shapes = trace_shape(preprocessing), unseen_shapes(preprocessing)
    widths = {width for *_, width in shapes}
    assert traced[3] not in widths
    assert all(width // multiple % 2 == 1 and width % multiple == 0 for width in widths)
    assert {batch for batch, *_ in shapes}.isdisjoint({traced[0]})


def test_fixed_width_varies_the_batch_only():
    assert {shape[3] for shape in unseen_shapes(Preprocessing(height=32, width=100))} == {100}


def test_random_images_are_the_same_every_time():
    first, second = (list(random_batches(Preprocessing(height=8))) for _ in range(2))
    assert all(np.array_equal(a, b) for a, b in zip(first, second, strict=True))
