"""Joined lines: what they say is what they show, and what can't be joined is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from crnn_deploy import Reader
from crnn_deploy.api import JoinConfig, join
from crnn_deploy.data.rendering.options import RenderOptions
from crnn_deploy.data.rendering.render import render_lines
from crnn_deploy.data.sources.base import Source
from crnn_deploy.data.sources.opening import open_source
from crnn_deploy.errors import InputError

WORDS = ["TOTAL 12.50", "GST 6%", "CASH", "CHANGE 0.35", "TABLE 14", "INVOICE NO 8731", "THANK YOU", "QTY"]


@pytest.fixture(scope="module")
def lines(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("lines")
    (folder / "words.txt").write_text("\n".join(WORDS))
    options = RenderOptions(count=48, seed=1, text=folder / "words.txt", degradation=0.2)
    return str(render_lines(options, folder / "lines.tar"))


def joined(lines: str, folder: Path, **options: object) -> Source:
    output = folder / "joined.tar"
    fields = {"data": lines, "output": output, "count": 40, "force": True, **options}
    assert join(JoinConfig.model_validate(fields)) == output
    return open_source(str(output))


def test_the_labels_say_what_the_lines_show(lines: str, tmp_path: Path) -> None:
    source, reader = joined(lines, tmp_path), Reader(threads=1, decoder="greedy")
    read = [reader(source.image(index)).text for index in range(len(source))]
    same = [text == source.text(index) for index, text in enumerate(read)]
    assert len(source) == 40
    assert np.mean(same) > 0.7
    assert all(2 <= len(text) <= 40 for text in source.texts(range(40)))


def test_lines_are_joined_of_parts_of_two(lines: str, tmp_path: Path) -> None:
    texts = joined(lines, tmp_path).texts(range(40))
    starts = {word[:length] for word in WORDS for length in range(1, len(word))}
    ends = {word[length:].lstrip() for word in WORDS for length in range(1, len(word))}
    for text in texts:
        assert any(text[:cut] in starts and text[cut:].lstrip() in ends for cut in range(1, len(text))), text
    assert len(set(texts) - set(WORDS)) > 20


def test_the_same_seed_gives_the_same_lines_and_a_larger_count_keeps_the_first(lines: str, tmp_path: Path) -> None:
    few, many = joined(lines, tmp_path, count=5), joined(lines, tmp_path, count=9)
    for index in range(5):
        assert few.text(index) == many.text(index)
        assert few.content_hash(index) == many.content_hash(index)
    assert joined(lines, tmp_path, count=9, seed=1).texts(range(9)) != many.texts(range(9))


def test_the_right_part_gets_the_paper_and_the_height_of_the_left_one(tmp_path: Path) -> None:
    folder = tmp_path / "two"
    (folder / "images").mkdir(parents=True)
    plain = open_source(str(render_lines(RenderOptions(count=12, seed=4, degradation=0), tmp_path / "plain.tar")))
    rows = []
    for index in range(len(plain)):
        pixels = np.asarray(plain.image(index).convert("L"), np.float32)
        dark = index % 2 == 1
        image = Image.fromarray((pixels * 0.5 if dark else pixels).astype(np.uint8))
        image.save(folder / "images" / f"{index}.png")
        rows.append(f"images/{index}.png\t{plain.text(index)}\n")
    (folder / "labels.tsv").write_text("".join(rows))
    source = joined(str(folder), tmp_path, count=30)
    for index in range(30):
        pixels = np.asarray(source.image(index).convert("L"))
        edges = np.median(pixels[:, :2]), np.median(pixels[:, -2:])
        assert abs(edges[0] - edges[1]) < 40


@pytest.mark.parametrize(
    ("source", "message"),
    [("classes", "no lines of text"), ("noise", "can't be cut"), ("missing", "missing")],
)
def test_what_cannot_be_joined(source: str, message: str, tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    if source == "classes":
        for name in ("a", "b"):
            (tmp_path / source / name).mkdir(parents=True)
            Image.fromarray(random.integers(0, 255, (20, 20)).astype(np.uint8)).save(tmp_path / source / name / "0.png")
    elif source == "noise":
        (tmp_path / source).mkdir()
        for index in range(4):
            noise = Image.fromarray(random.integers(0, 255, (24, 90)).astype(np.uint8))
            noise.save(tmp_path / source / f"{index}.png")
        (tmp_path / source / "labels.tsv").write_text("".join(f"{i}.png\tTOTAL {i}\n" for i in range(4)))
    with pytest.raises(InputError, match=message):
        joined(str(tmp_path / source), tmp_path)
    assert not (tmp_path / "joined.tar").exists()


def test_one_line_alone_gives_no_pair(lines: str, tmp_path: Path) -> None:
    first = open_source(lines)
    folder = tmp_path / "one"
    folder.mkdir()
    first.image(0).save(folder / "0.png")
    (folder / "labels.tsv").write_text(f"0.png\t{first.text(0)}\n")
    with pytest.raises(InputError, match=r"fit together|can't be cut"):
        joined(str(folder), tmp_path)


def test_a_model_that_reads_no_lines(lines: str, tmp_path: Path) -> None:
    with pytest.raises(InputError):
        joined(lines, tmp_path, model=tmp_path / "no.onnx")
    assert not (tmp_path / "joined.tar").exists()


def test_an_output_that_exists_is_kept(lines: str, tmp_path: Path) -> None:
    (tmp_path / "joined.tar").write_bytes(b"mine")
    with pytest.raises(InputError, match="exists"):
        joined(lines, tmp_path, force=False)
    assert (tmp_path / "joined.tar").read_bytes() == b"mine"
