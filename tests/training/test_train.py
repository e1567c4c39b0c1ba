"""Training from scratch, on labels."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from crnn_deploy.artifact import Artifact
from crnn_deploy.errors import InputError
from crnn_deploy.models.assembly import load_model
from crnn_deploy.training import loop
from crnn_deploy.training.train import train

from .tiny import CRNN, StopAfter, draw_classes, draw_lines, error_of, train_config


@pytest.fixture
def output(tmp_path: Path) -> Path:
    return tmp_path / "made" / "reader.safetensors"


def test_a_crnn_learns_to_read(able_teacher: Artifact, unseen: Path) -> None:
    assert error_of(able_teacher, unseen) < 0.1
    assert able_teacher.spec.charset == ("A", "B", "C", "D")
    assert able_teacher.spec.metrics["validation"]["error"] < 0.1
    (step,) = able_teacher.spec.lineage
    assert step.stage == "train"
    assert step.parent_sha256 is None
    assert step.options["model"]["family"] == "crnn-bigru"
    assert step.notes["training"]["images"] == 190
    assert set(step.notes["history"][0]["losses"]) == {"ctc"}
    assert [path.name for path in able_teacher.path.parent.iterdir()] == ["able.safetensors"]


@pytest.mark.parametrize(
    ("options", "shape"),
    [
        ({"model": {**CRNN, "family": "crnn-bilstm"}}, (1, 10, 5)),
        ({"model": "mobilenet-v1-gru:width=0.25,hidden=8,stride=8"}, (1, 5, 5)),
        ({"charset": "ABCDE"}, (1, 10, 6)),
        ({"losses": [{"kind": "ctc"}, {"kind": "dctc"}]}, (1, 10, 5)),
    ],
    ids=str,
)
def test_family_charset_and_losses_may_be_chosen(
    output: Path, lines: Path, options: dict[str, Any], shape: tuple[int, ...]
) -> None:
    made = train(train_config(lines, output, epochs=1, **options))
    assert load_model(made)(torch.zeros(1, 1, 32, 40)).shape == shape


@pytest.mark.parametrize(("chosen", "order"), [(None, "display"), ("logical", "logical")])
def test_right_to_left_labels_are_learned_from_left_to_right(
    output: Path, lines: Path, chosen: str | None, order: str
) -> None:
    labels = lines / "labels.tsv"
    paths = [line.split("\t") for line in labels.read_text(encoding="utf-8").splitlines()]
    hebrew = (f"{path}\t({text.translate(str.maketrans('ABCD', 'אבגד'))[::-1]}\n" for path, text in paths)
    labels.write_text("".join(hebrew), encoding="utf-8")
    made = train(train_config(lines, output, epochs=1, text_order=chosen))
    assert made.spec.text_order == order
    assert made.spec.charset == (")" if order == "display" else "(", *"אבגד")


def test_a_classifier_learns_its_classes(tmp_path: Path, output: Path) -> None:
    data = draw_classes(tmp_path / "data.npz")
    options = {"model": {"family": "mobilenet-v3-gru", "width": 0.25, "hidden": 8}}
    made = train(train_config(data, output, epochs=6, **options))
    assert made.spec.class_names == ("0", "1")
    assert error_of(made, data) < 0.1


def test_pictures_are_mixed_and_rare_classes_count_more(tmp_path: Path, output: Path) -> None:
    data = draw_classes(tmp_path / "data.npz")
    options = {"model": {"family": "mobilenet-v3-gru", "width": 0.25, "hidden": 8}, "mixup": 0.2, "cutmix": 1.0}
    made = train(
        train_config(data, output, epochs=6, losses=["cross-entropy:label_smoothing=0.1,weights=balanced"], **options)
    )
    assert error_of(made, data) < 0.1
    step = made.spec.lineage[-1]
    assert step.options["losses"][0]["weights"] == "balanced"
    assert step.options["cutmix"] == 1


def test_an_interrupted_training_ends_in_the_same_bytes(
    tmp_path: Path, lines: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop, "_SAVE_SECONDS", 0.0)
    whole = train(train_config(lines, tmp_path / "a" / "reader.safetensors", epochs=2))
    again = train_config(lines, tmp_path / "b" / "reader.safetensors", epochs=2)
    for steps in (3, 2):
        with pytest.raises(KeyboardInterrupt):
            train(again, StopAfter(steps))
    assert train(again).path.read_bytes() == whole.path.read_bytes()


def test_images_without_labels_are_refused(tmp_path: Path, output: Path) -> None:
    with pytest.raises(InputError, match="has no labels") as raised:
        train(train_config(draw_lines(tmp_path / "plain", 8, 0, labelled=False), output))
    assert "crnn-deploy distill" in raised.value.fix


def test_empty_labels_are_refused(output: Path, lines: Path) -> None:
    rows = (lines / "labels.tsv").read_text().splitlines()
    (lines / "labels.tsv").write_text("".join(f"{row.split()[0]}\t\n" for row in rows))
    with pytest.raises(InputError, match=r"All labels of .* are empty"):
        train(train_config(lines, output))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"losses": [{"kind": "ctc"}, {"kind": "frame-kl"}]}, "'frame-kl' needs a teacher"),
        ({"losses": [{"kind": "cross-entropy"}]}, "'cross-entropy' does not go with a ctc model"),
        ({"mixup": 0.2}, "'mixup' is for classifiers"),
        ({"charset": "AB"}, "outside the charset"),
    ],
    ids=str,
)
def test_what_cannot_be_trained_is_refused_and_leaves_nothing(
    output: Path, lines: Path, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        train(train_config(lines, output, **options))
    assert not output.exists()


def test_the_output_must_be_safetensors(output: Path, lines: Path) -> None:
    with pytest.raises(InputError, match=r"must end in \.safetensors"):
        train(train_config(lines, output.with_suffix(".onnx")))


def test_an_existing_output_is_kept_unless_forced(output: Path, lines: Path) -> None:
    output.parent.mkdir()
    output.write_text("mine")
    with pytest.raises(InputError, match="already exists"):
        train(train_config(lines, output, epochs=1))
    assert output.read_text() == "mine"
    assert train(train_config(lines, output, epochs=1, force=True)).spec.name == "reader"
