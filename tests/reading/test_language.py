"""The language model of a spec, class by class."""

from __future__ import annotations

import math

import numpy as np
import pytest
from pydantic import ValidationError

from crnn_deploy.errors import InputError
from crnn_deploy.language.learning import learn
from crnn_deploy.language_model import LanguageModel
from crnn_deploy.ngrams import NODE, ClassLanguage, Ngrams, packed
from crnn_deploy.preprocessing import Preprocessing
from crnn_deploy.reading import decoding
from crnn_deploy.reading.decoding import BeamSearch, beam_search
from crnn_deploy.reading.language import language_of
from crnn_deploy.spec import ModelSpec

MODEL = learn(["TOTAL", "TOTAL 1", "LOT"], 4, 1).model_copy(update={"weight": 0.5, "bonus": 0.25})
CHARSET = ("A", "L", "O", "T", "0", "TO", " ")
SPEC = ModelSpec(name="lm", charset=CHARSET, preprocessing=Preprocessing(height=8), language_model=MODEL)


def test_a_class_costs_what_its_characters_cost() -> None:
    language, ngrams = ClassLanguage(MODEL, SPEC.alphabet), Ngrams(MODEL)
    t, state = ngrams.after(ngrams.start, "T")
    o, state = ngrams.after(state, "O")
    factor, after = language.grown(language.start, 6)
    assert after == state
    assert factor == pytest.approx(math.exp(2 * 0.25 - 0.5 * (t + o)))
    assert language.grown(language.start, 6) == (factor, after)  # from what it keeps
    assert language.ended(after) == pytest.approx(math.exp(-0.5 * ngrams.after(state, "\n")[0]))


def test_look_alikes_are_read_as_the_language_has_them() -> None:
    """In four frames O and 0 are about as probable as each other."""
    path = [4, 0, 3, 0, 4, 0, 1, 0, 2, 0]
    logits = 12 * np.eye(8, dtype=np.float32)[path]
    logits[2, 5] = 12.2
    assert BeamSearch(SPEC.model_copy(update={"language_model": None}), 8)(logits[None]) == ["T0TAL"]
    assert BeamSearch(SPEC, 8)(logits[None]) == ["TOTAL"]


def test_a_damaged_language_model_is_told_where_it_is_needed() -> None:
    damaged = SPEC.model_copy(update={"language_model": MODEL.model_copy(update={"table": MODEL.table[:40]})})
    assert beam_search(damaged, None) is None
    with pytest.raises(InputError, match="language model is") as told:
        BeamSearch(damaged, 8)
    assert "greedy" in told.value.fix


def test_only_models_of_single_characters_in_logical_order_take_one() -> None:
    assert language_of(SPEC.model_copy(update={"language_model": None})) is None
    fields = SPEC.model_dump()
    with pytest.raises(ValidationError, match="logical order"):
        ModelSpec.model_validate(fields | {"text_order": "display"})
    with pytest.raises(ValidationError, match="reads lines"):
        ModelSpec.model_validate(fields | {"task": "classify", "charset": (), "class_names": ("a", "b")})


@pytest.mark.parametrize("library", [True, False])
def test_a_language_against_the_network_leaves_it_its_text(library: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """A cost of a thousand nats would be a factor of zero, and nothing would be left in the beam."""
    table = packed(np.array([(0, 0, 255, 1), (0, 255, 255, 0)], NODE))
    against = LanguageModel(characters="\nQ", order=2, table=table, weight=10, bonus=-10)
    if not library:
        monkeypatch.setattr(decoding, "library_function", lambda _: None)
    logits = 900 * np.eye(8, dtype=np.float32)[[4, 0, 3, 0, 4]]
    assert BeamSearch(SPEC.model_copy(update={"language_model": against}), 8)(logits[None]) == ["TOT"]
