"""docTR's CRNNs: recognised from their names, with the vocabulary of the size of the head, equal to a reference."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor, nn

from crnn_deploy.artifact import Artifact
from crnn_deploy.checkpoints.config import ImportConfig
from crnn_deploy.checkpoints.families.doctr.reading import of_size, vocabularies
from crnn_deploy.checkpoints.import_checkpoint import import_checkpoint
from crnn_deploy.data.preprocess import Preprocessor
from crnn_deploy.errors import InputError
from crnn_deploy.models.assembly import load_model

STAGES = ((4, 4), (5, 5), (6, 6, 6), (7, 7, 7), (8, 8, 8))


class Reference(nn.Module):
    """docTR's CRNN as its paper and documentation describe it."""

    def __init__(self, features: nn.Module, channels: int, outputs: int, rows: int = 1) -> None:
        super().__init__()
        self.feat_extractor = features
        self.decoder = nn.LSTM(channels * rows, 6, num_layers=2, bidirectional=True, batch_first=True)
        self.linear = nn.Linear(12, outputs)

    def forward(self, x: Tensor) -> Tensor:
        features = self.feat_extractor(x)
        frames = features.reshape(x.shape[0], -1, features.shape[3]).transpose(1, 2)
        logits: Tensor = self.linear(self.decoder(frames)[0])
        return logits


def vgg() -> nn.Sequential:
    modules: list[nn.Module] = []
    channels = 3
    for number, stage in enumerate(STAGES):
        for outputs in stage:
            modules += [nn.Conv2d(channels, outputs, 3, padding=1), nn.BatchNorm2d(outputs), nn.ReLU()]
            channels = outputs
        modules.append(nn.MaxPool2d((2, 2) if number < 2 else (2, 1)))
    return nn.Sequential(*modules)


class Squeeze(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.fc1, self.fc2 = nn.Conv2d(channels, 3, 1), nn.Conv2d(3, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        scale = self.fc2(torch.relu(self.fc1(x.mean((2, 3), keepdim=True))))
        return x * nn.functional.hardsigmoid(scale)


def unit(
    inputs: int, outputs: int, kernel: int, stride: object, act: type[nn.Module] | None, groups: int = 1
) -> object:
    convolution = nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, groups=groups, bias=False)  # type: ignore[arg-type]
    return nn.Sequential(convolution, nn.BatchNorm2d(outputs, eps=1e-3), *([act()] if act else []))


class Block(nn.Module):
    def __init__(self, inputs: int, outputs: int, kernel: int, stride: object, act: type[nn.Module], se: bool) -> None:
        super().__init__()
        wide = 2 * inputs if outputs != inputs or stride == 1 else inputs
        parts = [unit(inputs, wide, 1, 1, act)] if wide != inputs else []
        parts.append(unit(wide, wide, kernel, stride, act, wide))
        parts += [Squeeze(wide)] if se else []
        self.block = nn.Sequential(*parts, unit(wide, outputs, 1, 1, None))  # type: ignore[arg-type]
        self.adds = stride == 1 and inputs == outputs

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.block(x)
        return x + y if self.adds else y


def mobilenet(small: bool) -> nn.Sequential:
    """Strides and activations of MobileNetV3 small or large, with docTR's three strides of height only."""
    count, first = (11, 4) if small else (15, 7)
    high = {1: 2, 2: (2, 1), 4: (2, 1), 9: (2, 1)} if small else {2: 2, 4: (2, 1), 7: (2, 1), 13: (2, 1)}
    modules = [unit(3, 4, 3, 2, nn.Hardswish)]
    for place in range(1, count + 1):
        act = nn.Hardswish if place >= first else nn.ReLU
        modules.append(Block(4, 4, 5 if place > 3 else 3, high.get(place, 1), act, place % 2 == 0))
    return nn.Sequential(*modules, unit(4, 9, 1, 1, nn.Hardswish))  # type: ignore[arg-type]


def randomised(model: nn.Module) -> nn.Module:
    """With statistics of batch normalisation that are not 0 and 1."""
    torch.manual_seed(1)
    with torch.no_grad():
        model.train()(torch.randn(4, 3, 32, 64))
    return model.eval()


def saved(folder: Path, model: nn.Module) -> Path:
    torch.save(model.state_dict(), folder / "crnn.pt")
    return folder / "crnn.pt"


def importing(checkpoint: Path, **options: Any) -> Artifact:
    output = checkpoint.with_name("out.safetensors")
    return import_checkpoint(ImportConfig(checkpoint=checkpoint, output=output, force=True, **options))


NETWORKS = {"vgg": (vgg, 8), "small": (lambda: mobilenet(True), 9), "large": (lambda: mobilenet(False), 9)}


@pytest.mark.parametrize("name", NETWORKS)
def test_logits_equal_those_of_the_reference(tmp_path: Path, name: str) -> None:
    build, channels = NETWORKS[name]
    model = randomised(Reference(build(), channels, 127))
    artifact = importing(saved(tmp_path, model))
    x = torch.randn(2, 3, 32, 128)
    with torch.no_grad():
        torch.testing.assert_close(load_model(artifact)(x), model(x), atol=1e-4, rtol=0)
    assert artifact.spec.blank == 126
    assert artifact.spec.charset[:3] == ("0", "1", "2")
    assert artifact.spec.preprocessing.mean == (0.694, 0.695, 0.693)


def test_features_of_several_rows_keep_the_order_of_channels(tmp_path: Path) -> None:
    model = Reference(vgg(), 8, 127, rows=2).eval()
    artifact = importing(saved(tmp_path, model))
    assert (artifact.spec.preprocessing.height, artifact.spec.preprocessing.width) == (64, 256)
    x = torch.randn(1, 3, 64, 128)
    with torch.no_grad():
        torch.testing.assert_close(load_model(artifact)(x), model(x), atol=1e-4, rtol=0)


def test_the_configuration_of_the_hub_wins(tmp_path: Path) -> None:
    config = {"arch": "crnn_vgg16_bn", "vocab": "xyz", "mean": [0.5, 0.5, 0.5], "input_shape": [3, 32, 256]}
    (tmp_path / "config.json").write_text(json.dumps(config))
    spec = importing(saved(tmp_path, Reference(vgg(), 8, 4))).spec
    assert spec.charset == ("x", "y", "z")
    assert (spec.preprocessing.width, spec.preprocessing.mean[0]) == (256, 0.5)


def test_a_configuration_of_another_size_is_refused(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text('{"arch": "crnn_vgg16_bn", "vocab": "xy"}')
    with pytest.raises(InputError, match="charset doesn't fit the head"):
        importing(saved(tmp_path, Reference(vgg(), 8, 4)))


@pytest.mark.parametrize(
    "content", ['{"mean": "dark", "arch": "crnn"}', '{"input_shape": [3, "a", 0], "arch": "crnn"}', "{"]
)
def test_a_wrong_configuration_is_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / "config.json").write_text(content)
    with pytest.raises(InputError):
        importing(saved(tmp_path, Reference(vgg(), 8, 127)))


def test_a_language_chooses_among_vocabularies_of_one_size(tmp_path: Path) -> None:
    checkpoint = saved(tmp_path, Reference(vgg(), 8, 111))
    with pytest.raises(InputError, match="charset") as raised:
        importing(checkpoint)
    assert "irish" in str(raised.value)
    assert "Ú" in importing(checkpoint, lang="irish").spec.charset
    with pytest.raises(InputError, match="no vocabulary 'klingon'"):
        importing(checkpoint, lang="klingon")


def test_a_spec_gives_a_vocabulary_of_another_size(tmp_path: Path) -> None:
    checkpoint = saved(tmp_path, Reference(vgg(), 8, 8))
    with pytest.raises(InputError, match="none of docTR's vocabularies has 7"):
        importing(checkpoint)
    (tmp_path / "s.yaml").write_text("charset: abcdefg")
    spec = importing(checkpoint, spec=tmp_path / "s.yaml").spec
    assert ("".join(spec.charset), spec.blank) == ("abcdefg", 7)


def test_published_vocabularies() -> None:
    assert of_size(126)[0] == vocabularies()["french"]
    assert "'french'" in of_size(126)[1]
    assert of_size(100)[0].endswith("°£€¥¢฿")
    assert len(vocabularies()["legacy_french"]) == 123
    assert all(len(set(characters)) == len(characters) for characters in vocabularies().values())


def test_an_lstm_of_other_features_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="takes 9 features"):
        importing(saved(tmp_path, Reference(vgg(), 9, 127)))


def test_wide_lines_become_lower_and_are_padded_below(tmp_path: Path) -> None:
    preprocessing = importing(saved(tmp_path, Reference(vgg(), 8, 127))).spec.preprocessing
    pixels = Preprocessor(preprocessing).pixels(Image.new("RGB", (256, 32), "white"), "line")
    assert pixels.shape == (32, 128, 3)
    assert (pixels[:16] == 255).all()
    assert not pixels[16:].any()
    narrow = Preprocessor(preprocessing)(Image.new("RGB", (64, 32), "white"), "line")
    black = -np.array(preprocessing.mean, np.float32) / np.array(preprocessing.std, np.float32)
    np.testing.assert_allclose(narrow[:, 0, 64], black, rtol=1e-5)
