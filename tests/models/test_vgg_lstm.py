"""The VGG-LSTM network has the sizes that its options say."""

from __future__ import annotations

import torch

from crnn_deploy.models.assembly import build
from crnn_deploy.preprocessing import Preprocessing
from crnn_deploy.spec import Architecture, ModelSpec


def spec(**options: object) -> ModelSpec:
    return ModelSpec(
        name="vgg",
        charset="abc",
        preprocessing=Preprocessing(height=64),
        architecture=Architecture(family="easyocr-g2", options={"channels": (8, 8, 8, 16), "hidden": 12, **options}),
    )


def test_gives_a_quarter_of_the_width_less_one_in_frames() -> None:
    model = build(spec())
    assert model(torch.zeros(2, 1, 64, 100)).shape == (2, 24, 4)


def test_layers_come_from_the_options() -> None:
    names = build(spec(layers=3)).state_dict()
    assert {name.split(".")[1] for name in names if name.startswith("sequence.")} == {"0", "1", "2"}


def test_has_the_layer_order_of_the_original() -> None:
    shapes = {name: tuple(tensor.shape) for name, tensor in build(spec()).state_dict().items()}
    assert shapes["features.8.weight"] == (8, 8, 3, 3)
    assert shapes["features.12.running_mean"] == (16,)
    assert shapes["features.18.weight"] == (16, 16, 2, 2)
