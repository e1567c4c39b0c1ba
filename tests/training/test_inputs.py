"""The images of a training are checked before anything long begins."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from crnn_deploy.data.sources.opening import open_source
from crnn_deploy.errors import InputError
from crnn_deploy.progress import SILENT
from crnn_deploy.training.inputs import TrainingInputs, check_kind, open_inputs
from crnn_deploy.training.train_config import TrainConfig

from .tiny import draw_classes, draw_lines


def opened(
    data: Path,
    validation: Path | None = None,
    extra: Path | None = None,
    share: float = 0.25,
    seed: int = 0,
    skip_bad: bool = False,
    labels: bool = True,
) -> TrainingInputs:
    config = TrainConfig(
        data=str(data),
        validation=validation and str(validation),
        extra=extra and str(extra),
        output=Path("student.safetensors"),
        validation_share=share,
        seed=seed,
        skip_bad=skip_bad,
    )
    return open_inputs(config, labels, SILENT)


def test_extra_images_are_trained_on_and_none_is_held_out(tmp_path: Path, lines: Path) -> None:
    alone, more = opened(lines), opened(lines, extra=draw_lines(tmp_path / "more", 9, seed=5))
    assert len(more.train) == len(alone.train) + 9
    assert more.facts()["validation"] == alone.facts()["validation"]
    assert not more.has_validation_set
    assert more.train.text(len(alone.train)) == open_source(tmp_path / "more").text(0)


def test_labels_that_are_turned_off_are_hidden_but_not_those_of_extra_images(tmp_path: Path, lines: Path) -> None:
    inputs = opened(lines, extra=draw_lines(tmp_path / "more", 9, seed=5), labels=False)
    assert [part.kind for part in inputs.parts] == ["unlabelled", "text"]
    assert inputs.labelled
    assert {inputs.parts[0].text(i) for i in range(len(inputs.parts[0]))} == {""}
    assert inputs.validation.kind == "unlabelled"
    assert not opened(lines, labels=False).labelled


def test_extra_images_must_not_be_held_out_elsewhere(lines: Path) -> None:
    with pytest.raises(InputError, match="training and validation sets share"):
        opened(lines, extra=lines)


def test_a_part_is_held_out_and_shares_no_image(lines: Path) -> None:
    (lines / "copy.png").write_bytes((lines / "000.png").read_bytes())
    with (lines / "labels.tsv").open("a") as labels:
        labels.write("copy.png\tAB\n")
    inputs = opened(lines)
    parts = [{s.content_hash(i) for i in range(len(s))} for s in (inputs.train, inputs.validation)]
    assert len(inputs.train) + len(inputs.validation) == 41
    assert len(inputs.validation) >= 8
    assert not parts[0] & parts[1]
    assert not inputs.has_validation_set


def test_the_seed_decides_which_part(lines: Path) -> None:
    assert opened(lines).facts() == opened(lines).facts()
    assert opened(lines, seed=1).facts() != opened(lines).facts()


def test_a_validation_set_is_taken_as_it_is(tmp_path: Path, lines: Path) -> None:
    inputs = opened(lines, draw_lines(tmp_path / "val", 7, seed=5))
    assert (len(inputs.train), len(inputs.validation)) == (40, 7)
    assert inputs.has_validation_set
    assert inputs.facts()["validation"]["images"] == 7


def test_validation_must_not_share_images(lines: Path) -> None:
    with pytest.raises(InputError, match="training and validation sets share 40 images"):
        opened(lines, lines)


def test_a_broken_image_stops_or_is_left_out(lines: Path) -> None:
    whole = (lines / "007.png").read_bytes()
    (lines / "007.png").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InputError, match=r"007\.png") as caught:
        opened(lines)
    assert "--skip-bad" in caught.value.fix
    inputs = opened(lines, skip_bad=True)
    assert inputs.skipped == ("007.png",)
    assert inputs.facts()["skipped"] == ["007.png"]
    assert len(inputs.train) + len(inputs.validation) == 39


def test_one_image_cannot_be_split(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="only 1 image"):
        opened(draw_lines(tmp_path / "one", 1, seed=0))


def test_copies_of_one_image_cannot_be_split(tmp_path: Path) -> None:
    np.savez(tmp_path / "same.npz", x=np.zeros((4, 8, 8), np.uint8), y=np.arange(4) % 2)
    with pytest.raises(InputError, match="are the same"):
        opened(tmp_path / "same.npz")


def test_labels_of_the_other_task_are_refused(tmp_path: Path, lines: Path) -> None:
    classes = open_source(draw_classes(tmp_path / "classes.npz"))
    check_kind(classes, "classify", "m")
    with pytest.raises(InputError, match="class labels, but m is a ctc model"):
        check_kind(classes, "ctc", "m")
    with pytest.raises(InputError, match="text labels, but m is a classify model"):
        check_kind(open_source(lines), "classify", "m")


def test_unlabelled_images_suit_both(tmp_path: Path) -> None:
    source = open_source(draw_lines(tmp_path / "plain", 3, seed=0, labelled=False))
    for task in ("ctc", "classify"):
        check_kind(source, task, "m")  # type: ignore[arg-type]
