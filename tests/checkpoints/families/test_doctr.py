"""docTR's CRNNs: recognised from their names, with the vocabulary of the size of the head, equal to a reference."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from checkpoints.families.doctr_networks import Reference, mobilenet, vgg
from PIL import Image
from torch import nn

from crnn_deploy.artifact import Artifact
from crnn_deploy.checkpoints.config import ImportConfig
from crnn_deploy.checkpoints.families.doctr.reading import of_size, vocabularies
from crnn_deploy.checkpoints.import_checkpoint import import_checkpoint
from crnn_deploy.data.preprocess import Preprocessor
from crnn_deploy.errors import InputError
from crnn_deploy.models.assembly import load_model


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
