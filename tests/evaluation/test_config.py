"""Options of reading and evaluating: one is enough of everything, none is too few."""

from __future__ import annotations

import numpy as np
import pytest
from pydantic import ValidationError

from crnn_deploy.evaluation.config import EvaluateOptions, PredictConfig
from crnn_deploy.preprocessing import Preprocessing
from crnn_deploy.reading.decoding import BeamSearch
from crnn_deploy.reading.options import ReadOptions
from crnn_deploy.spec import ModelSpec


@pytest.mark.parametrize("field", ["batch_size", "beam_width", "limit", "resamples"])
def test_one_is_the_least(field: str) -> None:
    assert getattr(EvaluateOptions.model_validate({field: 1}), field) == 1
    with pytest.raises(ValidationError):
        EvaluateOptions.model_validate({field: 0})


@pytest.mark.parametrize(("field", "most"), [("beam_width", 1024), ("resamples", 100_000)])
def test_what_would_take_hours_is_refused(field: str, most: int) -> None:
    assert getattr(EvaluateOptions.model_validate({field: most}), field) == most
    with pytest.raises(ValidationError):
        EvaluateOptions.model_validate({field: most + 1})


def test_any_seed_from_zero_on_is_taken() -> None:
    assert EvaluateOptions(seed=0).seed == 0
    with pytest.raises(ValidationError):
        EvaluateOptions(seed=-1)


def test_one_image_can_be_predicted_and_none_cannot() -> None:
    assert PredictConfig(images=("a.png",)).images == ("a.png",)
    with pytest.raises(ValidationError):
        PredictConfig(images=())


def test_broken_images_stop_unless_they_are_to_be_skipped() -> None:
    assert not ReadOptions().skip_bad


def test_the_default_beam_finds_what_a_wide_one_finds_in_short_lines() -> None:
    spec = ModelSpec(name="reader", charset="ab", preprocessing=Preprocessing(height=8))
    random = np.random.default_rng(0)
    probabilities = random.dirichlet([0.5] * 3, (20, 4)).astype(np.float32)
    wide = BeamSearch(spec, width=1000)(np.log(probabilities))
    assert BeamSearch(spec, ReadOptions().beam_width)(np.log(probabilities)) == wide
