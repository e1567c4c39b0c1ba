from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crnn_deploy.errors import InputError
from crnn_deploy.evaluation.difference import paired_difference, text_agreement
from crnn_deploy.evaluation.predictions import Predictions

REFERENCES = ["total", "tax", "cash", "change"] * 10
GOOD = [*REFERENCES[:-1], "chang"]
BAD = [text[:-1] for text in REFERENCES]


@settings(max_examples=20)
@given(texts=st.lists(st.text(max_size=6), min_size=4, max_size=4))
def test_identical_evaluations_differ_by_exactly_nothing(evaluation_of, texts) -> None:
    same = evaluation_of(REFERENCES[:4], texts)
    for figure in ("cer", "cer_ci", "word_accuracy"):
        difference = paired_difference(same, same, figure, resamples=50)
        assert (difference.delta, difference.low, difference.high) == (0, 0, 0)


def test_a_worse_candidate_has_a_positive_error_difference(evaluation_of) -> None:
    difference = paired_difference(evaluation_of(REFERENCES, BAD), evaluation_of(REFERENCES, GOOD))
    assert difference.figure == "cer_ci"
    assert difference.delta == pytest.approx((40 - 1) / sum(map(len, REFERENCES)))
    assert 0 < difference.low <= difference.delta <= difference.high


def test_swapping_the_models_flips_the_sign(evaluation_of) -> None:
    good, bad = evaluation_of(REFERENCES, GOOD), evaluation_of(REFERENCES, BAD)
    there, back = paired_difference(good, bad), paired_difference(bad, good)
    assert there.delta == -back.delta
    assert there.low == pytest.approx(-back.high)


def test_agreement_asks_what_was_said_and_not_whether_it_is_right(evaluation_of) -> None:
    a, b = evaluation_of(["x", "y", "z", "w"], ["x", "?", "z", "w"]), evaluation_of(["x", "y", "z", "w"], list("x?zW"))
    assert text_agreement(a, b) == 0.75


@pytest.mark.parametrize("other", [REFERENCES[:-1], ["other", *REFERENCES[1:]]], ids=["fewer", "other label"])
def test_different_images_are_refused(evaluation_of, other) -> None:
    ours, theirs = evaluation_of(REFERENCES, REFERENCES), evaluation_of(other, other)
    for compare in (paired_difference, text_agreement):
        with pytest.raises(InputError, match="same images"):
            compare(ours, theirs)


def test_another_order_is_refused_and_names_the_first_difference(evaluation_of) -> None:
    ours = evaluation_of(REFERENCES, REFERENCES)
    turned = [p.model_copy(update={"index": None}) for p in ours.predictions[::-1]]
    shuffled = ours.model_copy(update={"predictions": Predictions.of(turned)})
    with pytest.raises(InputError, match=r"0\.png"):
        paired_difference(ours, shuffled)


def test_a_figure_of_another_task_is_refused(evaluation_of) -> None:
    same = evaluation_of(REFERENCES, REFERENCES)
    with pytest.raises(InputError, match=r"'top1'[\s\S]*cer_ci"):
        paired_difference(same, same, "top1")


def test_models_of_different_normal_forms_can_be_compared(evaluation_of) -> None:
    composed = evaluation_of(["caf\u00e9"], ["caf\u00e9"])
    decomposed = evaluation_of(["cafe\u0301"], ["cafe"])
    assert paired_difference(decomposed, composed, "word_accuracy", resamples=5).delta == -1
