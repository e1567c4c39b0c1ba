"""Archives of samples, and folders of such shards, as WebDataset writes them."""

from __future__ import annotations

from pathlib import Path

import pytest
from data.conftest import picture, png, write_tar, write_zip

from crnn_deploy.data.sources.opening import open_source
from crnn_deploy.errors import InputError
from crnn_deploy.progress import Silent


def samples(texts: list[str], suffix: str = "txt", first: int = 0) -> dict[str, bytes]:
    files: dict[str, bytes] = {}
    for number, text in enumerate(texts, first):
        files[f"{number:06}.png"] = png(picture(number))
        files[f"{number:06}.{suffix}"] = text.encode()
    return files


def test_the_text_of_a_sample_is_its_label(tmp_path: Path) -> None:
    files = {"sets/a/7.seg.png": png(picture(1)), "sets/a/7.txt": b"seven\n", "sets/a/7.json": b"{}"}
    source = open_source(write_tar(tmp_path / "s.tar", {**files, "b.PNG": png(picture(2)), "b.txt": "é".encode()}))
    assert source.kind == "text"
    assert {source.item_name(i): source.text(i) for i in range(2)} == {"sets/a/7.seg.png": "seven", "b.PNG": "é"}


def test_numbers_of_classes_are_labels(tmp_path: Path) -> None:
    source = open_source(write_tar(tmp_path / "s.tar", samples(["2", "0\n", "2"], "cls")))
    assert (source.kind, source.class_names) == ("class", ("0", "1", "2"))
    assert [source.class_index(i) for i in range(3)] == [2, 0, 2]


def test_a_folder_of_shards_is_one_set_in_the_order_of_their_names(tmp_path: Path) -> None:
    write_tar(tmp_path / "train-000001.tar", samples(["c", "d"], first=2))
    write_tar(tmp_path / "train-000000.tar", samples(["a", "b"]))
    source = open_source(tmp_path)
    assert [source.text(i) for i in range(len(source))] == ["a", "b", "c", "d"]
    assert source.name == str(tmp_path)


def test_shards_may_lack_the_last_classes(tmp_path: Path) -> None:
    write_tar(tmp_path / "0.tar", samples(["1", "0"], "cls"))
    write_tar(tmp_path / "1.tar", samples(["3"], "cls", first=2))
    source = open_source(tmp_path)
    assert source.class_names == ("0", "1", "2", "3")
    assert [source.class_index(i) for i in range(3)] == [1, 0, 3]


def test_parts_are_not_mixed(tmp_path: Path) -> None:
    write_tar(tmp_path / "train-000000.tar", samples(["a"]))
    write_tar(tmp_path / "val-000000.tar", samples(["b"]))
    with pytest.raises(InputError, match="several parts"):
        open_source(tmp_path)


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({**samples(["a", "b"]), "x.png": png(picture(9))}, r"1 images .* have no \.txt"),
        (samples(["a\nb"]), "2 lines"),
        (samples(["cat"], "cls"), "no number of a class"),
        (samples(["-1"], "cls"), "no number of a class"),
        (samples(["9" * 30], "cls"), "no number of a class"),
        ({**samples(["1"], "cls"), **samples(["a"], first=5)}, "no .cls"),
        (samples(["\xff"]) | {"000000.txt": b"\xff\xfe\xff"}, "000000.txt"),
    ],
)
def test_a_wrong_label_is_an_error(tmp_path: Path, files: dict[str, bytes], message: str) -> None:
    with pytest.raises(InputError, match=message):
        open_source(write_tar(tmp_path / "s.tar", files))


@pytest.mark.parametrize("write", [write_tar, write_zip])
def test_other_archives_are_no_samples(tmp_path: Path, write: object) -> None:
    """A file without an image of its name may hold the labels of all."""
    files = {"a.png": png(picture(1)), "labels.txt": b"a.png\tword\n"}
    assert callable(write)
    source = open_source(write(tmp_path / f"s.{'tar' if write is write_tar else 'zip'}", files), Silent())
    assert source.text(0) == "word"
