"""The most probable path in the library against the same in Python."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crnn_deploy.native import best_path as native
from crnn_deploy.native import library_function
from crnn_deploy.preprocessing import Preprocessing
from crnn_deploy.reading import best_path as python
from crnn_deploy.reading.best_path import Run, best_path
from crnn_deploy.spec import ModelSpec

pytestmark = pytest.mark.skipif(not native.available(), reason="the library is not built here")


def spec_of(classes: int, blank: int = 0, temperature: float = 1.0) -> ModelSpec:
    charset = tuple(chr(0x4E00 + index) for index in range(classes - 1))
    seen = Preprocessing(height=16)
    return ModelSpec(name="test", charset=charset, blank=blank, temperature=temperature, preprocessing=seen)


def in_python(output: np.ndarray, spec: ModelSpec) -> tuple[list[Run], float]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(python.native, "available", lambda: False)
        return best_path(output, spec)


def assert_alike(output: np.ndarray, spec: ModelSpec) -> None:
    runs, confidence = best_path(output, spec)
    expected, of_line = in_python(output, spec)
    assert [(label, first, end) for label, _, first, end in runs] == [
        (label, first, end) for label, _, first, end in expected
    ]
    tolerance = 1e-5 + 5e-7 * float(np.abs(output).max()) / spec.temperature  # NumPy divides before it subtracts
    np.testing.assert_allclose([run[1] for run in runs], [run[1] for run in expected], rtol=tolerance)
    assert confidence == pytest.approx(of_line, rel=len(output) * tolerance)


@settings(max_examples=200, deadline=None)
@given(
    frames=st.integers(1, 40),
    classes=st.integers(2, 90),
    scale=st.sampled_from([0.0, 0.1, 3.0, 60.0, 1e4]),
    temperature=st.sampled_from([0.2, 1.0, 1.37, 20.0]),
    seed=st.integers(0, 2**32),
)
def test_random_lines(frames: int, classes: int, scale: float, temperature: float, seed: int) -> None:
    random = np.random.default_rng(seed)
    output = (random.standard_normal((frames, classes)) * scale).astype(np.float32)
    output = np.repeat(output, random.integers(1, 4, frames), axis=0)  # the same class in neighbouring frames
    assert_alike(output, spec_of(classes, int(random.integers(classes)), temperature))


@pytest.mark.usefixtures("level")
def test_each_level() -> None:
    output = np.random.default_rng(0).standard_normal((30, 71)).astype(np.float32) * 5
    output[:, 3] += 4
    assert_alike(output, spec_of(71, 3, 1.2))


def test_a_line_of_blanks_has_the_confidence_of_its_frames() -> None:
    output = np.zeros((3, 4), np.float32)
    output[:, 0] = np.log(3.0)  # half of each frame
    runs, confidence = best_path(output, spec_of(4))
    assert runs == []
    assert confidence == pytest.approx(1 / 8)


def test_known_runs() -> None:
    output = np.full((6, 3), -40.0, np.float32)
    for frame, label in enumerate([1, 1, 0, 1, 2, 2]):
        output[frame, label] = 0.0
    runs, confidence = best_path(output, spec_of(3))
    assert [(label, first, end) for label, _, first, end in runs] == [(1, 0, 2), (1, 3, 4), (2, 4, 6)]
    assert confidence == pytest.approx(1.0)


def test_of_equal_numbers_the_first_counts_as_in_numpy() -> None:
    assert_alike(np.zeros((4, 9), np.float32), spec_of(9, 5))
    assert best_path(np.zeros((4, 9), np.float32), spec_of(9, 5))[0][0][0] == 0


def test_an_output_that_is_not_contiguous() -> None:
    output = np.random.default_rng(1).standard_normal((9, 20)).astype(np.float32)
    assert_alike(output[:, ::2], spec_of(10))
    assert_alike(output.T.copy().T, spec_of(20))


def test_an_output_that_cannot_be_written_to() -> None:
    output = np.random.default_rng(1).standard_normal((9, 20)).astype(np.float32)
    output.flags.writeable = False
    assert_alike(output, spec_of(20))


def test_probabilities_are_read_as_such() -> None:
    shares = np.random.default_rng(2).dirichlet(np.ones(7), 5).astype(np.float32)
    runs, _ = best_path(shares, spec_of(7))
    assert [run[1] for run in runs] == [share for share in shares.max(1).tolist() if share in {r[1] for r in runs}]
    assert_alike(shares, spec_of(7))


def test_kernels_that_are_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CRNN_DEPLOY_KERNELS", "magic")
    assert library_function("crnn_deploy_best_path") is not None
    with pytest.raises(RuntimeError, match="kernels"):
        best_path(np.zeros((2, 3), np.float32), spec_of(3))
