"""The data of a training are checked before anything long begins."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from crnn_deploy.errors import InputError
from crnn_deploy.progress import SILENT
from crnn_deploy.spec import ModelSpec, Preprocessing
from crnn_deploy.training import DistillConfig
from crnn_deploy.training.inputs import prepare


def config(data: Path, **options: object) -> DistillConfig:
    return DistillConfig(teacher=Path("t"), data=str(data), output=Path("s"), **options)  # type: ignore[arg-type]


def test_a_part_is_held_out_and_shares_no_image(lines: Path, spec: ModelSpec) -> None:
    (lines / "copy.png").write_bytes((lines / "000.png").read_bytes())
    with (lines / "labels.tsv").open("a") as labels:
        labels.write("copy.png\tAB\n")
    inputs = prepare(config(lines, validation_share=0.25), spec, SILENT)
    parts = [{s.content_hash(i) for i in range(len(s))} for s in (inputs.train, inputs.validation)]
    assert len(inputs.train) + len(inputs.validation) == 41
    assert len(inputs.validation) >= 8
    assert not parts[0] & parts[1]


def test_a_label_outside_the_charset_is_named(lines: Path, spec: ModelSpec) -> None:
    with (lines / "labels.tsv").open("a") as labels:
        labels.write("000.png\tAé\n")
    with pytest.raises(InputError, match=r"1 of .* labels .*'é'"):
        prepare(config(lines, validation_share=0.01), spec, SILENT)


def test_without_labels_characters_do_not_matter(lines: Path, spec: ModelSpec) -> None:
    with (lines / "labels.tsv").open("a") as labels:
        labels.write("000.png\tAé\n")
    assert not prepare(config(lines, use_labels=False), spec, SILENT).use_labels


def test_a_broken_image_stops_or_is_left_out(lines: Path, spec: ModelSpec) -> None:
    whole = (lines / "007.png").read_bytes()
    (lines / "007.png").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InputError, match=r"007\.png") as caught:
        prepare(config(lines), spec, SILENT)
    assert "--skip-bad" in caught.value.fix
    inputs = prepare(config(lines, skip_bad=True), spec, SILENT)
    assert inputs.skipped == ("007.png",)
    assert len(inputs.train) + len(inputs.validation) == 39


def test_validation_must_not_share_images(lines: Path, spec: ModelSpec) -> None:
    with pytest.raises(InputError, match="training and validation sets share 40 images"):
        prepare(config(lines, validation=str(lines)), spec, SILENT)


def test_classes_for_a_reader_are_refused(tmp_path: Path, spec: ModelSpec) -> None:
    np.savez(tmp_path / "classes.npz", x=np.zeros((4, 8, 8), np.uint8), y=np.arange(4) % 2)
    with pytest.raises(InputError, match="class labels"):
        prepare(config(tmp_path / "classes.npz"), spec, SILENT)


def test_the_number_of_classes_must_fit(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    np.savez(tmp_path / "c.npz", x=rng.integers(0, 255, (9, 8, 8), np.uint8), y=np.arange(9) % 3)
    four = ModelSpec(
        name="c", task="classify", class_names=("a", "b", "c", "d"), preprocessing=Preprocessing(height=8, width=8)
    )
    with pytest.raises(InputError, match="3 classes"):
        prepare(config(tmp_path / "c.npz"), four, SILENT)


def test_nothing_to_learn_from(lines: Path, spec: ModelSpec) -> None:
    with pytest.raises(InputError, match="nothing to learn from"):
        prepare(config(lines, use_labels=False, teacher_weight=0), spec, SILENT)
