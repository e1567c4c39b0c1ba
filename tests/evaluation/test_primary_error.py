"""One decision which error counts, for lines and for classes."""

from __future__ import annotations

import pytest

from crnn_deploy.errors import InputError
from crnn_deploy.evaluation.difference import paired_difference
from crnn_deploy.evaluation.primary_error import (
    error_counts,
    error_rise,
    primary_error,
    primary_figure,
    primary_figure_of,
)
from crnn_deploy.evaluation.result import Accuracy, DatasetFacts, Evaluation, Prediction

LINES = Accuracy(cer=0.5, cer_ci=0.25, ci95={}, count=4)
CLASSES = Accuracy(top1=0.75, ci95={}, count=4)


def evaluation(kind: str, texts: list[str], references: list[str]) -> Evaluation:
    return Evaluation(
        artifact="model.onnx",
        runtime="fake",
        dataset=DatasetFacts(name="memory", count=len(texts), kind=kind, fingerprint="0"),
        accuracy=LINES if kind == "text" else CLASSES,
        predictions=tuple(
            Prediction(item=str(i), reference=r, text=t) for i, (r, t) in enumerate(zip(references, texts, strict=True))
        ),
    )


def test_lines_count_by_their_case_insensitive_cer_and_classes_by_what_top1_misses() -> None:
    assert (primary_figure(LINES), primary_error(LINES)) == ("cer_ci", 0.25)
    assert (primary_figure(CLASSES), primary_error(CLASSES)) == ("top1", 0.25)
    assert [primary_figure_of(task) for task in ("ctc", "classify")] == ["cer_ci", "top1"]


def test_without_a_figure_there_is_no_error() -> None:
    with pytest.raises(ValueError, match="neither"):
        primary_error(Accuracy(ci95={}, count=1))


def test_errors_are_counted_for_each_image() -> None:
    lines = error_counts("cer_ci", ["Total", "tax"], ["tota", "TAX"])
    assert (lines.counted.tolist(), lines.possible.tolist()) == ([1, 0], [5, 3])
    classes = error_counts("top1", ["cat", "owl"], ["cat", "Cat"])
    assert (classes.counted.tolist(), classes.possible.tolist()) == ([0, 1], [1, 1])


def test_a_rise_is_positive_where_the_candidate_is_worse() -> None:
    references = ["cat", "dog", "owl", "cat"] * 5
    worse = [*references[:-2], "", ""]
    for kind, name in (("text", "cer_ci"), ("class", "top1_error")):
        rise = error_rise(evaluation(kind, worse, references), evaluation(kind, references, references))
        assert rise.figure == name
        assert rise.delta == pytest.approx(0.1)
        assert 0 <= rise.low <= rise.delta <= rise.high


def test_a_rise_in_the_error_of_classes_is_what_their_top1_falls_by() -> None:
    references = ["cat", "dog", "owl", "cat"] * 5
    worse, same = evaluation("class", ["cat"] * 20, references), evaluation("class", references, references)
    rise, fall = error_rise(worse, same), paired_difference(worse, same, "top1")
    assert (rise.delta, rise.low, rise.high) == pytest.approx((-fall.delta, -fall.high, -fall.low))


def test_the_rise_of_lines_is_the_paired_difference_in_their_cer() -> None:
    references = ["Total", "tax", "cash", "change"] * 5
    other, same = evaluation("text", ["t"] * 20, references), evaluation("text", references, references)
    assert error_rise(other, same) == paired_difference(other, same, "cer_ci")


def test_different_images_are_refused() -> None:
    one, other = evaluation("text", ["a"], ["a"]), evaluation("text", ["b"], ["b"])
    with pytest.raises(InputError, match="same images"):
        error_rise(one, other)
