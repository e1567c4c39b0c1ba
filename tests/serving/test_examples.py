"""The images that a package comes with: some of the data, or lines that are rendered."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from conv_reader import conv_reader
from PIL import Image
from serving.packaging import classifier_spec, made, spec_of

from crnn_deploy.data.rendering.options import RenderOptions
from crnn_deploy.data.rendering.render import render_lines
from crnn_deploy.errors import InputError
from crnn_deploy.serving import examples
from crnn_deploy.zoo import READER


def test_examples_come_from_the_data(pictures: Path, tmp_path: Path) -> None:
    model = conv_reader(tmp_path / "conv.onnx", spec_of()).path
    (pictures / "bad.png").write_bytes(b"x")
    Image.new("L", (600, 16)).save(pictures / "wide.png")  # `predict` would cut it
    found = made(tmp_path / "package", model, data=str(pictures), examples=5)
    widths = [Image.open(tmp_path / "package" / "examples" / reading.path).width for reading in found.examples]
    assert widths == sorted(widths)
    assert (len(widths), widths[0] < 60, widths[-1] > 160) == (5, True, True)
    few = made(tmp_path / "few", model, data=str(pictures), examples=100)
    assert len(few.examples) == 20


def test_a_classifier_shows_all_classes(pictures: Path, tmp_path: Path) -> None:
    for name in "uvw":
        (tmp_path / "set" / name).mkdir(parents=True)
    for number, file in enumerate(sorted(pictures.iterdir())):
        shutil.copy(file, tmp_path / "set" / "uvw"[number % 3])
    model = conv_reader(tmp_path / "conv.onnx", classifier_spec()).path
    found = made(tmp_path / "package", model, data=str(tmp_path / "set"), examples=3)
    assert len(found.examples) == 3
    assert "which of 6 classes" in (tmp_path / "package" / "README.md").read_text(encoding="utf-8")


def test_a_model_that_reads_nothing_proves_nothing(tmp_path: Path) -> None:
    model = conv_reader(tmp_path / "conv.onnx", spec_of()).path
    (tmp_path / "blank").mkdir()
    for number in range(3):
        Image.new("L", (30, 16), 128).save(tmp_path / "blank" / f"{number}.png")
    found = made(tmp_path / "package", model, data=str(tmp_path / "blank"))
    assert found.unproven.startswith(("reads nothing in ", "reads the same in each of 3 images"))


def test_a_classifier_needs_images(tmp_path: Path) -> None:
    model = conv_reader(tmp_path / "conv.onnx", classifier_spec()).path
    with pytest.raises(InputError) as refusal:
        made(tmp_path / "package", model)
    assert "--data" in refusal.value.fix
    assert not (tmp_path / "package").exists()


def test_a_charset_that_cannot_be_rendered_needs_images(tmp_path: Path) -> None:
    spec = spec_of().model_copy(update={"charset": tuple("αβγδεζηθ")})
    with pytest.raises(InputError, match="charset of conv"):
        made(tmp_path / "package", conv_reader(tmp_path / "conv.onnx", spec).path)


def test_fonts_that_are_missing_are_told_with_both_ways_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(*_: object, **__: object) -> Path:
        raise InputError("The default fonts are missing.", fix="Install them.")

    monkeypatch.setattr(examples, "render_lines", missing)
    with pytest.raises(InputError) as refusal:
        made(tmp_path / "package", READER)
    assert refusal.value.fix.split("\n") == ["Install them.", "Or name some images: --data SOURCE"]


def test_images_that_can_be_no_examples_are_told(tmp_path: Path) -> None:
    (tmp_path / "wide").mkdir()
    Image.new("L", (600, 16)).save(tmp_path / "wide" / "0.png")
    model = conv_reader(tmp_path / "conv.onnx", spec_of()).path
    with pytest.raises(InputError, match="can be an example"):
        made(tmp_path / "package", model, data=str(tmp_path / "wide"))


def test_lines_are_rendered_in_the_characters_of_the_model(tmp_path: Path) -> None:
    spec = spec_of(height=32, max_width=1024).model_copy(update={"charset": tuple("0123456789α")})
    found = made(tmp_path / "package", conv_reader(tmp_path / "conv.onnx", spec).path, examples=2)
    assert len(found.examples) == 2


def test_the_data_may_be_labelled(tmp_path: Path) -> None:
    render_lines(RenderOptions(count=6, seed=4), tmp_path / "lines.tar")
    found = made(tmp_path / "package", READER, data=str(tmp_path / "lines.tar"), examples=3)
    assert [reading.path for reading in found.examples] == ["01.png", "02.png", "03.png"]
