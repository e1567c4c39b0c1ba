"""The compact network has the sizes that its options say."""

from __future__ import annotations

import pytest
import torch

from crnn_deploy.errors import InputError
from crnn_deploy.models.assembly import build
from crnn_deploy.preprocessing import Preprocessing
from crnn_deploy.spec import Architecture, ModelSpec


def spec(**options: object) -> ModelSpec:
    return ModelSpec(
        name="legere",
        charset="abcd",
        preprocessing=Preprocessing(height=32),
        architecture=Architecture(family="legere", options={"stem": 4, "channels": (4,) * 6, "hidden": 8, **options}),
    )


def test_gives_a_quarter_of_the_width_in_frames() -> None:
    assert build(spec())(torch.zeros(3, 1, 32, 64)).shape == (3, 16, 5)


def test_refuses_another_number_of_blocks() -> None:
    with pytest.raises(InputError, match="architecture options"):
        build(spec(channels=(4,) * 5))
