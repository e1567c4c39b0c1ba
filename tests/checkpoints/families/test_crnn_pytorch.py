"""The CRNN paper's network under the names of crnn.pytorch gives the logits of the published description."""

from __future__ import annotations

import pytest
import torch
from checkpoints.families.conftest import Importing
from torch import Tensor, nn

from crnn_deploy.errors import InputError
from crnn_deploy.models.assembly import load_model


class Bidirectional(nn.Module):
    """An LSTM in both directions and a linear layer, `[T, N, C]`."""

    def __init__(self, inputs: int, hidden: int, outputs: int) -> None:
        super().__init__()
        self.rnn = nn.LSTM(inputs, hidden, bidirectional=True)
        self.embedding = nn.Linear(2 * hidden, outputs)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.embedding(self.rnn(x)[0])
        return y


class Reference(nn.Module):
    """Table 1 of Shi et al.: seven convolutions, four poolings, two bidirectional LSTMs; logits `[T, N, K]`."""

    def __init__(self, classes: int, colours: int = 1, narrow: int = 16) -> None:
        super().__init__()
        sizes = [size // narrow for size in (64, 128, 256, 256, 512, 512, 512)]
        poolings = {0: nn.MaxPool2d(2, 2), 1: nn.MaxPool2d(2, 2)}
        poolings |= {index: nn.MaxPool2d((2, 2), (2, 1), (0, 1)) for index in (3, 5)}
        self.cnn = nn.Sequential()
        for index, size in enumerate(sizes):
            inputs = sizes[index - 1] if index else colours
            last = index == len(sizes) - 1
            self.cnn.add_module(f"conv{index}", nn.Conv2d(inputs, size, 2 if last else 3, 1, 0 if last else 1))
            if index in (2, 4, 6):
                self.cnn.add_module(f"batchnorm{index}", nn.BatchNorm2d(size))
            self.cnn.add_module(f"relu{index}", nn.ReLU())
            if index in poolings:
                self.cnn.add_module(f"pooling{index}", poolings[index])
        self.rnn = nn.Sequential(Bidirectional(sizes[-1], 8, 8), Bidirectional(8, 8, classes))

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.rnn(self.cnn(x).squeeze(2).permute(2, 0, 1))
        return y


@pytest.fixture
def reference() -> Reference:
    return made(classes=37)


def made(classes: int, colours: int = 1) -> Reference:
    torch.manual_seed(0)
    network = Reference(classes, colours).eval()
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            assert module.running_mean is not None
            module.running_mean.normal_()
    return network


@pytest.mark.parametrize("prefix", ["", "module.", "model.module."])
@pytest.mark.parametrize("container", ["", "state_dict", "net"])
def test_logits_are_those_of_the_description(
    importing: Importing, reference: Reference, prefix: str, container: str
) -> None:
    weights = {prefix + name: tensor for name, tensor in reference.state_dict().items()}
    artifact = importing({container: weights} if container else weights)
    x = torch.randn(2, 1, 32, 100)
    assert torch.allclose(load_model(artifact)(x), reference(x).transpose(0, 1), atol=1e-4)
    assert artifact.spec.charset == tuple("0123456789abcdefghijklmnopqrstuvwxyz")
    assert (artifact.spec.blank, artifact.spec.preprocessing.width) == (0, 100)


def test_other_alphabets_and_widths_come_from_a_spec(importing: Importing) -> None:
    reference = made(classes=4, colours=3)
    spec = "{charset: xyz, preprocessing: {width: null, width_multiple: 4, min_width: 16}}"
    artifact = importing(reference.state_dict(), spec=spec)
    x = torch.randn(1, 3, 32, 212)
    assert artifact.spec.preprocessing.channels == "RGB"
    assert torch.allclose(load_model(artifact)(x), reference(x).transpose(0, 1), atol=1e-4)
    with pytest.raises(InputError, match="charset"):
        importing(reference.state_dict())


def test_of_other_names_the_difference_is_told(importing: Importing, reference: Reference) -> None:
    weights = {name.replace("embedding", "dense"): tensor for name, tensor in reference.state_dict().items()}
    with pytest.raises(InputError, match="is unknown") as refusal:
        importing(weights)
    assert "The nearest family is crnn-pytorch; 4 weights have other names: rnn.0.dense.weight" in refusal.value.cause
    with pytest.raises(InputError, match="is no checkpoint of the family crnn-pytorch"):
        importing(weights, family="crnn-pytorch")
