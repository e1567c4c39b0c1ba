"""CRNNs to train from scratch."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import pytest
import torch
from torch import nn

from crnn_deploy.artifact import write_safetensors
from crnn_deploy.errors import InputError
from crnn_deploy.export.config import ExportConfig
from crnn_deploy.export.export import export
from crnn_deploy.models.assembly import build, stride_of
from crnn_deploy.models.config import CrnnChoice, CrnnFamily
from crnn_deploy.models.crnn import crnn_spec
from crnn_deploy.preprocessing import Preprocessing
from crnn_deploy.spec import ModelSpec

LINES = ModelSpec(name="lines", charset="abc", preprocessing=Preprocessing(height=32, channels="RGB"))
FAMILIES: tuple[CrnnFamily, ...] = get_args(CrnnFamily)


def small(family: CrnnFamily) -> CrnnChoice:
    return CrnnChoice(family=family, width=0.25, hidden=8)


@pytest.mark.parametrize("family", FAMILIES)
def test_one_frame_for_every_four_pixels(family: CrnnFamily) -> None:
    spec = crnn_spec("c", small(family), LINES)
    assert build(spec)(torch.zeros(2, 3, 32, 100)).shape == (2, 100 // stride_of(spec), 4)


@pytest.mark.parametrize(("family", "cell"), [("crnn-bilstm", nn.LSTM), ("crnn-bigru", nn.GRU)])
def test_the_paper_s_size_by_default(family: CrnnFamily, cell: type[nn.RNNBase]) -> None:
    model = build(crnn_spec("c", CrnnChoice(family=family), LINES))
    (rnn,) = (module for module in model.modules() if isinstance(module, nn.RNNBase))
    assert (type(rnn), rnn.hidden_size, rnn.num_layers, rnn.bidirectional) == (cell, 256, 2, True)
    convolutions = [module.out_channels for module in model.modules() if isinstance(module, nn.Conv2d)]
    assert convolutions == [64, 128, 256, 256, 512, 512, 512]


def test_a_classifier_gives_one_row_an_image() -> None:
    like = ModelSpec(
        name="c", task="classify", class_names=("cat", "dog"), preprocessing=Preprocessing(height=28, width=28)
    )
    spec = crnn_spec("c", small("crnn-bigru"), like)
    assert spec.preprocessing.width == 32
    assert build(spec)(torch.zeros(3, 1, 32, 32)).shape == (3, 2)


def test_it_learns_a_line_by_heart() -> None:
    torch.manual_seed(0)
    model = build(crnn_spec("c", CrnnChoice(family="crnn-bigru", width=0.25, hidden=16, dropout=0), LINES)).train()
    images, targets = torch.randn(2, 3, 32, 48), torch.tensor([[1, 2, 3], [3, 1, 2]])
    optimizer = torch.optim.Adam(model.parameters(), 5e-3)
    losses = []
    for _ in range(25):
        frames = model(images).log_softmax(2).transpose(0, 1)
        loss = nn.functional.ctc_loss(frames, targets, torch.tensor([12, 12]), torch.tensor([3, 3]))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.2 * losses[0]


@pytest.mark.parametrize("family", FAMILIES)
def test_it_exports(tmp_path: Path, family: CrnnFamily) -> None:
    spec = crnn_spec("c", small(family), LINES)
    parent = write_safetensors(tmp_path / "c.safetensors", build(spec).state_dict(), spec)
    child = export(ExportConfig(model=parent.path, output=tmp_path / "c.onnx"))  # proves itself at unseen widths
    assert child.spec.charset == LINES.charset


def test_unknown_options_are_refused() -> None:
    spec = crnn_spec("c", small("crnn-bilstm"), LINES)
    assert spec.architecture is not None
    wrong = spec.architecture.model_copy(update={"options": {"hiden": 3}})
    with pytest.raises(InputError, match="did you mean 'hidden'"):
        build(spec.model_copy(update={"architecture": wrong}))
