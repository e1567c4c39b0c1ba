"""What no package can be made of is told before anything is written."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from conv_reader import conv_reader
from packaged_specs import LANGUAGE
from serving.packaging import made, spec_of

from crnn_deploy.errors import InputError
from crnn_deploy.preprocessing import Preprocessing
from crnn_deploy.spec import ModelSpec
from crnn_deploy.zoo import READER

REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "center line": ({"preprocessing": Preprocessing(height=16, centerline=True)}, "centerline"),
    "display order": ({"text_order": "display"}, "text_order"),
}


@pytest.mark.parametrize(("changes", "message"), REFUSED.values(), ids=REFUSED)
def test_rare_specs_are_refused(changes: dict[str, Any], message: str, pictures: Path, tmp_path: Path) -> None:
    model = conv_reader(tmp_path / "conv.onnx", spec_of().model_copy(update=changes)).path
    with pytest.raises(InputError, match=message):
        made(tmp_path / "new" / "package", model, data=str(pictures))
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("part", ["clips", "vector"])
def test_classifiers_of_more_than_pictures_are_refused(part: str, tmp_path: Path) -> None:
    seen = {"clips": {"max_stills": 4}} if part == "clips" else {"vector": ["age"]}
    spec = ModelSpec(
        name="more",
        task="classify",
        class_names=("a", "b"),
        preprocessing=Preprocessing.model_validate({"height": 8, "width": 8, **seen}),
    )
    with pytest.raises(InputError, match=part):
        made(tmp_path / "package", conv_reader(tmp_path / "conv.onnx", spec).path)


def test_logits_behind_another_output_are_refused(tmp_path: Path) -> None:
    model = conv_reader(tmp_path / "conv.onnx", spec_of(), second_output=True).path
    with pytest.raises(InputError, match="gives frames before its logits"):
        made(tmp_path / "package", model)


def test_a_line_too_narrow_for_the_network_is_refused(tmp_path: Path) -> None:
    model = conv_reader(tmp_path / "conv.onnx", spec_of(min_width=1, width_multiple=1)).path
    with pytest.raises(InputError, match="cannot run"):
        made(tmp_path / "package", model)


@pytest.mark.parametrize(("name", "message"), [("reader.safetensors", "crnn-deploy export"), ("absent.onnx", "absent")])
def test_only_onnx_artifacts_are_taken(name: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(InputError) as refusal:
        made(tmp_path / "package", READER.with_name(name))
    assert message in str(refusal.value)


def test_a_damaged_language_model_is_told_and_nothing_written(pictures: Path, tmp_path: Path) -> None:
    damaged = LANGUAGE.model_copy(update={"table": LANGUAGE.table[:20]})
    model = conv_reader(tmp_path / "conv.onnx", spec_of().model_copy(update={"language_model": damaged})).path
    with pytest.raises(InputError, match="language model is"):
        made(tmp_path / "new" / "package", model, data=str(pictures))
    assert not (tmp_path / "new").exists()
