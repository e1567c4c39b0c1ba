"""EasyOCR's recognisers of both generations: logits, charsets by language, what is never read, and custom models."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from checkpoints.families.conftest import Importing
from checkpoints.families.four_stages import FourStages, with_random_weights
from torch import Tensor

from crnn_deploy.artifact import Artifact
from crnn_deploy.checkpoints.families.easyocr_charsets import Published, published
from crnn_deploy.errors import InputError
from crnn_deploy.models.assembly import load_model

FEATURES = {1: "resnet", 2: "vgg"}


def made(generation: int, classes: int) -> FourStages:
    return with_random_weights(FourStages(FEATURES[generation], 32, 32, classes))


def weights_of(generation: int, classes: int) -> dict[str, Tensor]:
    return {f"module.{name}": tensor for name, tensor in made(generation, classes).state_dict().items()}


def family_of(artifact: Artifact) -> str:
    return str(artifact.spec.lineage[0].options["family"])


def lowered(artifact: Artifact) -> set[int]:
    """Classes that are never read: those whose bias differs from that of the checkpoint."""
    bias = load_model(artifact).state_dict()["head.bias"]
    return set((bias < -900).nonzero().flatten().tolist())


@pytest.mark.parametrize("model", published(), ids=lambda model: model.name)
def test_the_name_of_the_file_tells_the_charset(importing: Importing, model: Published) -> None:
    network = made(model.generation, model.outputs)
    artifact = importing(network.state_dict(), name=model.file)
    assert family_of(artifact) == f"easyocr-g{model.generation}"
    assert "".join(artifact.spec.charset) == model.characters
    assert artifact.spec.preprocessing.height == 64
    assert artifact.spec.text_order == ("display" if model.name.startswith("arabic") else "logical")
    x = torch.rand(2, 1, 64, 96) * 2 - 1
    ours, theirs = load_model(artifact)(x), network(x)
    unread = lowered(artifact)
    read = [index for index in range(model.outputs) if index not in unread]
    assert torch.allclose(ours[..., read], theirs[..., read], atol=1e-4)


def test_characters_of_other_languages_are_never_read(importing: Importing) -> None:
    artifact = importing(weights_of(1, 177), name="thai.pth")
    assert lowered(artifact) == {1, 2, 3, 4}, "the separators"
    artifact = importing(weights_of(1, 177), name="renamed.pth", lang="th")
    unread = {artifact.spec.alphabet[index] for index in lowered(artifact)}
    assert {"a", "Z", "\xa2"} <= unread
    assert not {"ก", "0", "?", ""} & unread
    x = torch.rand(1, 1, 64, 96)
    assert not set(load_model(artifact)(x).argmax(2).flatten().tolist()) & lowered(artifact)


def test_of_a_repeated_character_only_the_first_class_is_not_read(importing: Importing) -> None:
    artifact = importing(weights_of(1, 188), name="devanagari.pth", lang="en")
    places = [index for index, text in enumerate(artifact.spec.alphabet) if text == "अ"]
    assert len(places) > 1
    assert lowered(artifact) & set(places) == {places[0]}


def test_several_languages_are_read_together(importing: Importing) -> None:
    alone = lowered(importing(weights_of(2, 352), lang="fr"))
    artifact = importing(weights_of(2, 352), lang="fr, pl")
    assert lowered(artifact) < alone
    assert artifact.spec.alphabet.index("ł") in alone - lowered(artifact)


def test_without_name_and_language_the_size_of_the_head_tells(importing: Importing) -> None:
    artifact = importing(weights_of(2, 208), name="mine.pth")
    assert "Ж" in artifact.spec.charset
    assert not lowered(artifact)


@pytest.mark.parametrize(
    ("generation", "classes", "language", "message"),
    [
        (2, 97, "xx", "is no language of EasyOCR"),
        (2, 97, "th", "no recogniser of generation 2 for th"),
        (1, 177, "th,ja", "no recogniser of generation 1 for th, ja"),
        (2, 97, "ja", r"has 97 outputs, .* japanese_g2 2,215"),
        (1, 177, "ja", r"has 177 outputs, .* japanese_g1 3,111"),
    ],
)
def test_a_language_that_does_not_fit_is_refused(
    importing: Importing, generation: int, classes: int, language: str, message: str
) -> None:
    with pytest.raises(InputError, match=message):
        importing(weights_of(generation, classes), lang=language)


def test_a_head_of_no_published_size_needs_a_spec(importing: Importing) -> None:
    with pytest.raises(InputError, match="charset doesn't fit the head") as refusal:
        importing(weights_of(1, 5))
    assert "--lang" in refusal.value.fix
    assert importing(weights_of(1, 5), spec="charset: abcd").spec.charset == ("a", "b", "c", "d")


CUSTOM = """
network_params: {input_channel: 1, output_channel: 32, hidden_size: 32}
imgH: 48
lang_list: [en]
character_list: 0123456789!"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~ abc
"""


@pytest.fixture
def custom(tmp_path: Path) -> Path:
    file = tmp_path / "given.yaml"
    file.write_text(CUSTOM, encoding="utf-8")
    return file


@pytest.mark.usefixtures("custom")
def test_a_custom_model_brings_its_file(importing: Importing) -> None:
    artifact = importing(weights_of(2, 47), lang="en")
    assert "".join(artifact.spec.charset) == "0123456789!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~ abc"
    assert artifact.spec.preprocessing.height == 48
    with pytest.raises(InputError, match="no language of the custom model"):
        importing(weights_of(2, 47), lang="de")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("hidden_size: 32", "hidden_size: 256", "says hidden_size: 256, and the weights in .* have 32"),
        ("0123456789!", "123456789 #", "character_list must be a text"),
        ("imgH: 48", "imgH: high", "imgH must be a number of pixels"),
        ("imgH: 48", "imgH: 48\nimgH: 48", "stands there twice"),
        (" abc", " abcd", "charset doesn't fit the head"),
    ],
)
def test_a_custom_file_that_does_not_fit_is_refused(
    importing: Importing, custom: Path, old: str, new: str, message: str
) -> None:
    custom.write_text(CUSTOM.replace(old, new), encoding="utf-8")
    with pytest.raises(InputError, match=message):
        importing(weights_of(2, 47))


def test_a_spec_of_the_same_name_is_no_custom_model(importing: Importing, custom: Path) -> None:
    custom.write_text("charset: abcd", encoding="utf-8")
    assert importing(weights_of(2, 97)).spec.num_outputs == 97


@pytest.mark.parametrize("generation", [1, 2])
def test_deep_text_is_told_apart(importing: Importing, generation: int) -> None:
    assert family_of(importing(weights_of(generation, 37))) == "deep-text"
    network = with_random_weights(FourStages(FEATURES[generation], 32, 16, 60))
    spec = "charset: [" + ", ".join(f"c{index}" for index in range(59)) + "]"
    assert family_of(importing(network.state_dict(), spec=spec)) == "deep-text"
    assert family_of(importing(weights_of(generation, 60), spec=spec)) == f"easyocr-g{generation}"
    artifact = importing(weights_of(generation, 60), spec=spec, family="deep-text")
    assert artifact.spec.preprocessing.width == 100
    small = "charset: 0123456789abcdefghijklmnopqrstuvwxyz"
    artifact = importing(weights_of(generation, 37), spec=small, family=f"easyocr-g{generation}")
    assert artifact.spec.preprocessing.height == 64


def test_the_real_checkpoint_is_as_before(importing: Importing, shared_data: Path) -> None:
    weights = torch.load(shared_data / "checkpoints/easyocr_english_g2/english_g2.pth", "cpu", weights_only=True)
    for options in ({}, {"lang": "en"}):
        artifact = importing(weights, name="english_g2.pth", **options)
        stored = load_model(artifact).state_dict()
        assert torch.equal(stored["head.bias"], weights["module.Prediction.bias"])
        assert artifact.spec.alphabet[-26:] == tuple("abcdefghijklmnopqrstuvwxyz")
