"""Gradients are of any output, and what has none is refused with the other method as advice."""

from __future__ import annotations

from importlib import util

import pytest
import torch
from explaining.known_models import CLASSES, LINES, Corner, Inks, bright_picture, line, session
from torch import Tensor, nn

from crnn_deploy.errors import InputError
from crnn_deploy.explaining import gradients
from crnn_deploy.explaining.explainer import Explainer
from crnn_deploy.reading.image_notes import NoteTaker

pytest.importorskip("captum")


class Probabilities(nn.Module):
    """Probabilities in place of the logits, with frames first."""

    def forward(self, x: Tensor) -> Tensor:
        return Inks()(x).softmax(-1).transpose(0, 1)


class Rounded(Corner):
    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x).detach()


def test_probabilities_with_frames_first_give_the_saliency_of_logits() -> None:
    spec = LINES.model_copy(update={"output_layout": "TNC"})
    image = line({8: 0, 20: 128}, 40)
    expected, found = (
        Explainer(session(model, each), model).explain(image, "x", "x.png", NoteTaker())[0]
        for model, each in ((Inks(), LINES), (Probabilities(), spec))
    )
    assert found.text == "ab"
    for ours, theirs in zip(found.characters, expected.characters, strict=True):
        assert ours.saliency == pytest.approx(theirs.saliency, abs=0.02)


def test_a_network_without_gradients_is_refused() -> None:
    model = Rounded()
    with pytest.raises(InputError) as refused:
        Explainer(session(model, CLASSES), model).explain(bright_picture(), "x", "x.png", NoteTaker())
    assert "--method occlusion" in refused.value.fix


def test_without_captum_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gradients, "find_spec", lambda name: None if name == "captum" else util.find_spec(name))
    with pytest.raises(InputError) as refused:
        gradients.require_captum()
    assert "crnn-deploy[explain]" in refused.value.fix


def test_no_gradients_stay_in_the_network() -> None:
    model = nn.Sequential(nn.Flatten(), nn.Linear(24 * 24, 2))
    torch.manual_seed(0)
    Explainer(session(model, CLASSES), model).explain(bright_picture(), "x", "x.png", NoteTaker())
    assert all(parameter.grad is None for parameter in model.parameters())
