"""Labels that cannot be learned are named before anything long begins."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from told import Told

from crnn_deploy.data.sources.opening import open_source
from crnn_deploy.errors import InputError
from crnn_deploy.models.config import StudentChoice
from crnn_deploy.models.student import student_spec
from crnn_deploy.preprocessing import Preprocessing
from crnn_deploy.progress import SILENT
from crnn_deploy.spec import ModelSpec
from crnn_deploy.training.labels import check_labels, frames_needed, without_too_long


@pytest.fixture
def spec(spec: ModelSpec) -> ModelSpec:
    return student_spec("student", StudentChoice(), spec)


def relabel(lines: Path, count: int, text: str) -> None:
    """The first lines get another label."""
    rows = (lines / "labels.tsv").read_text().splitlines()
    rows[:count] = [f"{row.split()[0]}\t{text}" for row in rows[:count]]
    (lines / "labels.tsv").write_text("\n".join(rows))


def test_characters_outside_the_charset_are_named(lines: Path, spec: ModelSpec) -> None:
    check_labels(open_source(lines), spec)
    relabel(lines, 2, "Aéß")
    with pytest.raises(InputError, match=r"2 of 40 labels in .* outside the charset: 'ß' 'é'") as raised:
        check_labels(open_source(lines), spec)
    assert "000.png: 'Aéß'" in raised.value.cause
    assert "--charset" in raised.value.fix


def test_one_case_stands_for_both_where_the_charset_knows_no_other(lines: Path) -> None:
    capitals = ModelSpec(name="c", charset="ABCD", preprocessing=Preprocessing(height=32))
    relabel(lines, 2, "aBc")
    check_labels(open_source(lines), capitals)


def test_labels_may_be_decomposed_or_the_charset(lines: Path) -> None:
    for label, charset in (("e\u0301", "\u00e9"), ("\u00e9", "e\u0301")):
        relabel(lines, 40, label)
        check_labels(open_source(lines), ModelSpec(name="c", charset=charset, preprocessing=Preprocessing(height=32)))


def test_the_number_of_classes_must_fit(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    np.savez(tmp_path / "c.npz", x=rng.integers(0, 255, (9, 8, 8), np.uint8), y=np.arange(9) % 3)
    seen = Preprocessing(height=8, width=8)
    three, four = (
        ModelSpec(name="c", task="classify", class_names=tuple(names), preprocessing=seen) for names in ("abc", "abcd")
    )
    check_labels(open_source(tmp_path / "c.npz"), three)
    with pytest.raises(InputError, match=r"3 classes, but c has 4"):
        check_labels(open_source(tmp_path / "c.npz"), four)


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (("cat", "dog", "owl"), ""),
        (("0", "1", "2"), ""),
        (("cat", "owl", "dog"), r"in another order than c.*Class 1 is 'dog' in the data and 'owl' in the network"),
        (("cat", "dog", "cow"), r"other classes than c.*Class 2 is 'owl'"),
    ],
)
def test_class_names_must_fit_in_their_order(tmp_path: Path, names: tuple[str, ...], message: str) -> None:
    (tmp_path / "classes.txt").write_text("cat\ndog\nowl\n")
    np.savez(tmp_path / "c.npz", x=np.zeros((3, 8, 8), np.uint8), y=np.arange(3))
    spec = ModelSpec(name="c", task="classify", class_names=names, preprocessing=Preprocessing(height=8, width=8))
    if not message:
        check_labels(open_source(tmp_path / "c.npz"), spec)
        return
    with pytest.raises(InputError) as raised:
        check_labels(open_source(tmp_path / "c.npz"), spec)
    assert re.search(message, str(raised.value).replace("\n", " "))


@pytest.mark.parametrize(("text", "frames"), [("", 0), ("A", 1), ("AB", 2), ("AA", 3), ("ABBA", 5), ("AAA", 5)])
def test_equal_neighbours_need_a_blank_between_them(text: str, frames: int) -> None:
    assert frames_needed(text) == frames


@given(st.text("AB", max_size=20))
def test_a_text_needs_at_most_a_blank_between_all_characters(text: str) -> None:
    assert len(text) <= frames_needed(text) <= max(0, 2 * len(text) - 1)


def test_lines_that_fit_are_all_kept(lines: Path, spec: ModelSpec) -> None:
    source = open_source(lines)
    kept, left_out = without_too_long(source, spec, SILENT)
    assert kept is source
    assert left_out == []


def test_a_few_labels_that_are_too_long_are_left_out_and_named(lines: Path, spec: ModelSpec) -> None:
    relabel(lines, 2, "AB" * 30)
    told = Told()
    kept, left_out = without_too_long(open_source(lines), spec, told)
    assert left_out == ["000.png", "001.png"]
    assert [kept.item_name(i) for i in range(len(kept))] == [f"{i:03d}.png" for i in range(2, 40)]
    assert "2 labels are longer than the time axis and left out" in told.lines[0]
    assert "000.png" in told.lines[0]
    assert "60 frames are needed" in told.lines[0]


def test_a_label_may_need_every_frame(lines: Path, spec: ModelSpec) -> None:
    source = open_source(lines)
    frames = spec.preprocessing.padded_width(*source.image(0).size) // 4
    relabel(lines, 1, ("AB" * 40)[:frames])
    assert without_too_long(open_source(lines), spec, SILENT)[1] == []
    relabel(lines, 1, ("AB" * 40)[: frames + 1])
    assert without_too_long(open_source(lines), spec, SILENT)[1] == ["000.png"]


def test_many_that_are_too_long_mean_that_something_is_wrong(lines: Path, spec: ModelSpec) -> None:
    relabel(lines, 3, "AB" * 30)
    with pytest.raises(InputError, match=r"3 of 40 labels in .* are longer than the time axis") as raised:
        without_too_long(open_source(lines), student_spec("s", StudentChoice(stride=8), spec), SILENT)
    assert "8 pixels" in raised.value.cause
    assert "smaller stride" in raised.value.fix


def test_the_line_around_its_center_says_how_many_frames_there_are(tmp_path: Path, spec: ModelSpec) -> None:
    """A thin line in a high image: the image's own shape gives five frames, the line more."""
    image = Image.new("L", (60, 100), 255)
    image.paste(0, (5, 48, 55, 52))
    image.save(tmp_path / "a.png")
    (tmp_path / "labels.tsv").write_text("a.png\tAAAA\n")
    lines = open_source(tmp_path)
    with pytest.raises(InputError, match="7 frames are needed, and there are 5"):
        without_too_long(lines, spec, SILENT)
    centered = spec.preprocessing.model_copy(update={"centerline": True})
    assert without_too_long(lines, spec.model_copy(update={"preprocessing": centered}), SILENT)[1] == []
