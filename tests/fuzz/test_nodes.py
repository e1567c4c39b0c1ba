"""Random nodes of the custom ops: they fit or are refused, and a wrong result is noticed."""

from __future__ import annotations

import itertools
from collections import Counter
from random import Random
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from fuzz.node_worker import _result, _run
from fuzz.nodes import convolution, linear, pool, recurrent
from fuzz.nodes.every import draw

from crnn_deploy.native import KERNELS_VARIABLE, kernel_level, ort_custom_ops_path

pytestmark = pytest.mark.skipif(ort_custom_ops_path() is None, reason="the library is not built here")

LEVEL = "amx-emulated"  # every processor has it, and it has kernels for all ops
KINDS = (recurrent, linear, convolution, pool)


@pytest.fixture(autouse=True)
def level(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(KERNELS_VARIABLE, LEVEL)
    assert kernel_level() == LEVEL


def good(kind: ModuleType, count: int) -> list[Any]:
    """Cases that fit, with more than a few numbers."""
    cases = (kind.draw(Random(number), np.random.default_rng(number)) for number in itertools.count())
    return [*itertools.islice((case for case in cases if not case.wrong and case.fed["X"].size > 100), count)]


def test_a_seed_and_a_number_always_give_the_same_case() -> None:
    for number in range(50):
        one, other = (draw(Random(f"0 {number}")) for _ in range(2))
        assert str(one) == str(other)
        assert all(np.array_equal(array, other.fed[name], equal_nan=True) for name, array in one.fed.items())


def test_most_cases_fit_and_none_is_a_finding() -> None:
    results = [_result(draw(Random(f"0 {number}")), LEVEL) for number in range(60)]
    assert [result for result in results if "finding" in result] == []
    ended = Counter(result["ended"] for result in results)
    assert ended["agrees"] > 30
    assert ended["refused"] > 10


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_a_wrong_result_is_noticed(kind: ModuleType) -> None:
    noticed = 0
    for case in good(kind, 10):
        got = _run(case)
        assert case.finding(got, ours=True) == ""
        noticed += bool(case.finding({name: array + array.dtype.type(9) for name, array in got.items()}, ours=True))
    assert noticed >= 3  # of recurrent layers with large inputs only a crash would be


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_everything_that_is_made_wrong_is_named(kind: ModuleType) -> None:
    (case,) = good(kind, 1)
    for spoiler in case.spoilers:
        assert spoiler(Random(0), case).wrong
