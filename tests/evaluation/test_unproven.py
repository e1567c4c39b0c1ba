"""Readings that prove nothing are told, and only those."""

from __future__ import annotations

import numpy as np
import pytest
import tiny_crnn

from crnn_deploy.evaluation.model_comparison import compare_logits
from crnn_deploy.evaluation.unproven import why_unproven


@pytest.mark.parametrize(
    ("texts", "labels", "reason"),
    [
        (["", "", ""], None, "reads nothing in any of 3 images"),
        ([" ", ""], None, "reads nothing in any of 2 images"),
        ([""], None, "reads nothing in the only image"),
        (["", *["a"], *[""] * 18], None, "reads almost nothing: it finds text in 1 of 20 images"),
        (["a", *[""] * 9], None, "reads almost nothing: it finds text in 1 of 10 images"),
        (["a", "b", *[""] * 9], None, ""),
        (["axxxxxxxxx", ""], ["abcdefghij", ""], "reads almost nothing right: its CER is 90.00\u00a0% on 2 images"),
        (["abxxxxxxxx", ""], ["abcdefghij", ""], ""),
        (["ab", "ab"], None, "reads the same in each of 2 images: 'ab'"),
        (["xy", "zx"], ["ab", "cd"], "reads almost nothing right: its CER is 100.00\u00a0% on 2 images"),
        (["ab", "cd", ""], None, ""),
        (["ab"], None, ""),
        (["ab", "cx"], ["ab", "cd"], ""),
        (["AB", "CD"], ["ab", "cd"], ""),
        ([], None, ""),
    ],
)
def test_of_lines(texts: list[str], labels: list[str] | None, reason: str) -> None:
    assert why_unproven("ctc", texts, labels) == reason


@pytest.mark.parametrize(
    ("names", "reason"),
    [
        (["cat", "cat"], "gives each of 2 images the same class, 'cat'"),
        (["cat"], ""),
        (["cat", "dog", "cat"], ""),
    ],
)
def test_of_classes(names: list[str], reason: str) -> None:
    assert why_unproven("classify", names, names) == reason


@pytest.mark.parametrize(("difference", "constant"), [(0.0, True), (1e-7, True), (0.01, False)])
def test_outputs_that_do_not_depend_on_the_image_are_told(difference: float, constant: bool) -> None:
    spec = tiny_crnn.tiny_spec()
    logits = np.zeros((2, 4, spec.num_outputs), np.float32)
    logits[:, 1, 3] = 5
    logits[1] += difference
    comparison = compare_logits([(logits, logits)], spec)
    assert comparison.constant is constant
    assert ("the same outputs for every image" in comparison.unproven) is constant


def test_widths_do_not_make_equal_outputs_differ() -> None:
    spec = tiny_crnn.tiny_spec()
    pairs = [(frames, frames) for frames in (np.ones((1, count, spec.num_outputs), np.float32) for count in (3, 9))]
    assert compare_logits(pairs, spec).constant
