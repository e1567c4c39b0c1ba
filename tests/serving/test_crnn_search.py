"""The search in packages for Python finds the texts of crnn-deploy's."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from packaged_specs import LANGUAGE_SPECS

from crnn_deploy.native import ort_custom_ops_path
from crnn_deploy.ngrams import ClassLanguage
from crnn_deploy.reading.beam import best_prefix
from crnn_deploy.reading.decoder_choice import USUAL_WIDTH
from crnn_deploy.spec import ModelSpec

LIBRARY = ort_custom_ops_path() or Path("absent")


@pytest.fixture(scope="module")
def search() -> Any:
    """The module of a package, whose copies are beside it."""
    return importlib.import_module("crnn_search")


def softmax(logits: np.ndarray) -> np.ndarray:
    powers = np.exp(logits - logits.max(-1, keepdims=True))
    return (powers / powers.sum(-1, keepdims=True)).astype(np.float32)


@pytest.mark.parametrize("library", [LIBRARY, Path("absent")], ids=["library", "Python"])
@pytest.mark.parametrize("spec", LANGUAGE_SPECS.values(), ids=LANGUAGE_SPECS)
@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10**6), frames=st.integers(1, 40), spread=st.sampled_from([0.4, 1.5, 5.0]))
def test_texts_are_those_of_the_beam_search(
    spec: ModelSpec, library: Path, search: Any, seed: int, frames: int, spread: float
) -> None:
    assert spec.language_model is not None
    logits = np.random.default_rng(seed).normal(0, spread, (frames, spec.num_outputs)).astype(np.float32)
    logits[::2, spec.blank] += 2 * spread
    language = ClassLanguage(spec.language_model, spec.alphabet)
    find = search.search_of(spec, spec.alphabet, library)
    assert find(logits) == best_prefix(logits, spec.blank, USUAL_WIDTH, language)
    shares = softmax(logits)
    assert find(shares) == best_prefix(shares, spec.blank, USUAL_WIDTH, language, logarithmic=False)


def test_a_library_of_another_system_is_left_out(search: Any, tmp_path: Path) -> None:
    spec = LANGUAGE_SPECS["blank last"]
    (tmp_path / "library.so").write_bytes(b"of another system")
    logits = 9 * np.eye(spec.num_outputs, dtype=np.float32)[[0, spec.blank, 1]]
    assert search.search_of(spec, spec.alphabet, tmp_path / "library.so")(logits) == [0, 1]


def test_a_damaged_language_model_is_told(search: Any) -> None:
    spec = LANGUAGE_SPECS["blank last"]
    assert spec.language_model is not None
    damaged = spec.language_model.model_copy(update={"table": spec.language_model.table[:20]})
    with pytest.raises(ValueError, match="table of the language model"):
        search.search_of(spec.model_copy(update={"language_model": damaged}), spec.alphabet, LIBRARY)
