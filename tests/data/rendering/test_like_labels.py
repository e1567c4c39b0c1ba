"""Half of the lines are like labels of a source, in other digits and cases."""

from __future__ import annotations

import io
import re
import string
import tarfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from crnn_deploy.data.rendering.like_labels import LikeLabels, labels_of
from crnn_deploy.data.rendering.options import PRINTABLE, RenderOptions
from crnn_deploy.data.rendering.render import LineRenderer, render_lines, texts_digest
from crnn_deploy.data.rendering.vocabulary import Rng
from crnn_deploy.data.sources.opening import open_source
from crnn_deploy.errors import InputError

LABELS = ["TOTAL 12.50", "TOTAL 98.75", "JALAN INDAH", "x"]


def other(_: Rng) -> str:
    return "other"


def lines(text: LikeLabels, count: int = 400) -> list[str]:
    return [text(np.random.default_rng((3, index))) for index in range(count)]


def source(folder: Path, labels: list[str]) -> Path:
    file = io.BytesIO()
    Image.new("L", (60, 32), 255).save(file, "PNG")
    path = folder / "labelled.tar"
    with tarfile.open(path, "w") as tar:
        table = "".join(f"{index}.png\t{label}\n" for index, label in enumerate(labels)).encode()
        for name, data in [("labels.tsv", table), *((f"{i}.png", file.getvalue()) for i in range(len(labels)))]:
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return path


def test_half_are_like_labels_mostly_with_other_digits_and_some_in_other_case() -> None:
    found = lines(LikeLabels(LABELS, other, PRINTABLE, (2, 40)))
    like = [line for line in found if line != "other"]
    assert 150 < len(like) < 250
    assert {re.sub(r"\d", "0", line.upper()) for line in like} == {"TOTAL 00.00", "JALAN INDAH"}
    sums = [line.split()[1] for line in like if line.upper().startswith("TOTAL")]
    assert len(set(sums)) > len(sums) / 2
    assert {"JALAN INDAH", "Jalan Indah", "jalan indah"} <= set(like)


def test_labels_that_differ_in_digits_only_count_once() -> None:
    many = [f"SUM {number}.00" for number in range(100, 900)]
    found = lines(LikeLabels([*many, "RARE"], other, PRINTABLE, (2, 40)))
    assert sum(line.upper() == "RARE" for line in found) > 60


@given(
    labels=st.lists(st.text(string.printable + "é中", max_size=12), min_size=1),
    shortest=st.integers(1, 4),
    more=st.integers(0, 8),
    seed=st.integers(0, 99),
)
@settings(max_examples=150, deadline=None)
def test_lines_keep_to_charset_and_length(labels: list[str], shortest: int, more: int, seed: int) -> None:
    charset = "ABCabc0123456789 ."
    like = LikeLabels([*labels, "AB 1"], lambda _: "a", charset, (shortest, max(4, shortest + more)))
    line = like(np.random.default_rng(seed))
    assert set(line) <= set(charset)
    assert line == "a" or shortest <= len(line) <= max(4, shortest + more)


def test_no_label_that_fits_is_refused() -> None:
    with pytest.raises(InputError, match="No label") as refused:
        LikeLabels(["中国", "ABC"], other, PRINTABLE, (4, 9))
    assert "4 to 9" in refused.value.cause


def test_lines_are_rendered_like_the_labels_of_a_source(tmp_path: Path) -> None:
    path = source(tmp_path, LABELS)
    assert list(labels_of(str(path))) == LABELS
    options = RenderOptions(count=30, like=str(path), degradation=0)
    render_lines(options, tmp_path / "lines.tar")
    texts = open_source(tmp_path / "lines.tar").texts(np.arange(30))
    assert sum(text.upper().startswith(("TOTAL", "JALAN")) for text in texts) > 5
    more = LineRenderer(options.model_copy(update={"count": 60}))
    assert [more.text(index) for index in range(30)] == texts


def test_a_source_without_labels_is_refused(tmp_path: Path) -> None:
    Image.new("L", (60, 32), 255).save(tmp_path / "a.png")
    with pytest.raises(InputError, match="No label"):
        LineRenderer(RenderOptions(count=1, like=str(tmp_path)))


def test_only_one_text_is_given() -> None:
    with pytest.raises(InputError, match="words of a language") as refused:
        RenderOptions(count=1, like="train.tar", language="zh")
    assert "language, like" in refused.value.cause


def test_what_the_texts_are_is_told_by_a_digest(tmp_path: Path) -> None:
    """So that a run renders again when the labels or the file have changed."""
    assert texts_digest(RenderOptions(count=1)) is None
    by_labels = RenderOptions(count=1, like=str(source(tmp_path, LABELS)))
    before = texts_digest(by_labels)
    assert texts_digest(by_labels) == before
    source(tmp_path, LABELS[1:])
    assert texts_digest(by_labels) != before
    file = tmp_path / "words.txt"
    file.write_text("one\ntwo\n")
    by_file = RenderOptions(count=1, text=file)
    before = texts_digest(by_file)
    file.write_text("one\nthree\n")
    assert texts_digest(by_file) != before
