"""Every layout opens as what it is, and what is wrong with one is told."""

from __future__ import annotations

import tarfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from data.conftest import labelled, picture, png, write_folder, write_tar
from told import Told

from crnn_deploy.data.sources.base import Source
from crnn_deploy.data.sources.opening import open_source
from crnn_deploy.errors import InputError

TEXTS = ["HELLO", "a b", "¼ €", ""]


def write_lmdb(folder: Path, texts: list[str]) -> Path:
    lmdb = pytest.importorskip("lmdb")
    with lmdb.open(str(folder), map_size=1 << 20) as environment, environment.begin(write=True) as transaction:
        transaction.put(b"num-samples", str(len(texts)).encode())
        for number, text in enumerate(texts, 1):
            transaction.put(b"image-%09d" % number, png(picture(number - 1)))
            transaction.put(b"label-%09d" % number, text.encode())
    return folder


@pytest.mark.parametrize(
    "make",
    [
        lambda path: write_folder(path / "set", labelled(TEXTS)),
        lambda path: write_folder(path / "set", labelled(TEXTS)) / "labels.tsv",
        lambda path: write_tar(path / "set.tar", labelled(TEXTS)),
        lambda path: write_tar(path / "set.tar", labelled(TEXTS, prefix="./")),
        lambda path: write_tar(path / "set.tar", labelled(TEXTS, prefix="lines/")),
        lambda path: write_lmdb(path / "set", TEXTS),
    ],
)
def test_lines_of_text(tmp_path: Path, make: Callable[[Path], Path]) -> None:
    source = open_source(make(tmp_path))
    assert source.kind == "text"
    assert [source.text(i) for i in range(len(source))] == TEXTS
    for i in range(len(source)):
        assert np.array_equal(np.asarray(source.image(i)), np.asarray(picture(i)))
    assert len({source.content_hash(i) for i in range(len(source))}) == len(TEXTS)


def test_sources_may_share_an_lmdb(tmp_path: Path) -> None:
    first, second = (open_source(write_lmdb(tmp_path, TEXTS)), open_source(tmp_path))
    del first
    assert second.image(0).size == picture(0).size


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        (b"label-000000002", None, "no label-000000002"),
        (b"label-000000002", b"\xff\xfe", "cannot be read as an LMDB"),
        (b"num-samples", b"9", "no label-000000005"),
        (b"num-samples", b"many", "cannot be read as an LMDB"),
        (b"num-samples", None, "is empty"),
    ],
)
def test_an_lmdb_that_is_not_whole(tmp_path: Path, key: bytes, value: bytes | None, message: str) -> None:
    lmdb = pytest.importorskip("lmdb")
    write_lmdb(tmp_path, TEXTS)
    with lmdb.open(str(tmp_path), map_size=1 << 20) as environment, environment.begin(write=True) as transaction:
        transaction.delete(key) if value is None else transaction.put(key, value)
    with pytest.raises(InputError, match=message):
        open_source(tmp_path)


def test_images_without_labels(tmp_path: Path) -> None:
    files = {f"{i}.png": png(picture(i)) for i in range(3)}
    for source in (
        open_source(write_folder(tmp_path / "set", {**files, "notes.txt": b"x", "._0.png": b"x"})),
        open_source(write_tar(tmp_path / "set.tar", files)),
    ):
        assert source.kind == "unlabelled"
        assert [source.item_name(i) for i in range(len(source))] == ["0.png", "1.png", "2.png"]


def test_class_folders(tmp_path: Path) -> None:
    files = {f"{name}/{i}.png": png(picture(i)) for name in ("dog", "cat") for i in range(2)}
    source = open_source(write_folder(tmp_path / "set", files))
    assert source.kind == "class"
    assert source.class_names == ("cat", "dog")
    assert [source.class_index(i) for i in range(4)] == [0, 0, 1, 1]


def test_a_class_folder_without_images_is_refused(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "set", {f"{name}/0.png": png(picture(0)) for name in ("dog", "cat")})
    (folder / "cow").mkdir()
    with pytest.raises(InputError, match="a class without images: cow") as raised:
        open_source(folder)
    assert "remove the empty folder" in str(raised.value.fix)
    (folder / "cow").rmdir()
    assert open_source(folder).class_names == ("cat", "dog")


def test_threads_may_read_side_by_side(tmp_path: Path) -> None:
    source = open_source(write_tar(tmp_path / "set.tar", labelled([str(i) for i in range(50)])))
    with ThreadPoolExecutor(8) as pool:
        images = list(pool.map(lambda i: np.asarray(source.image(i)), range(50)))
    assert all(np.array_equal(image, np.asarray(picture(i))) for i, image in enumerate(images))


def test_a_broken_header_names_the_image(tmp_path: Path) -> None:
    files = labelled(["a", "b"])
    files["images/1.png"] = b"not an image"
    source: Source = open_source(write_tar(tmp_path / "set.tar", files))
    source.image(0)
    with pytest.raises(InputError, match=r"images/1\.png .*is broken") as caught:
        source.image(1)
    assert "--skip-bad" in caught.value.fix


def test_an_image_that_went_away_is_named(tmp_path: Path) -> None:
    source = open_source(write_folder(tmp_path, {"0.png": png(picture(0))}))
    (tmp_path / "0.png").unlink()
    for read in (source.image, source.content_hash):
        with pytest.raises(InputError, match=r"0\.png .*is broken"):
            read(0)


@pytest.mark.parametrize("damage", ["cut", "overwritten"])
@pytest.mark.parametrize("labels", ["first", "last", "none"])
def test_a_tar_that_breaks_off_between_two_files(tmp_path: Path, labels: str, damage: str) -> None:
    files = labelled(TEXTS)
    rows = files.pop("labels.tsv")
    named = {"first": {"labels.tsv": rows, **files}, "last": {**files, "labels.tsv": rows}, "none": files}[labels]
    path = write_tar(tmp_path / "set.tar", named)
    with tarfile.open(path) as archive:
        end = archive.getmembers()[3].offset
    data = path.read_bytes()
    path.write_bytes(data[:end] if damage == "cut" else data[:end] + b"Z" * 512 + data[end + 512 :])
    with pytest.raises(InputError, match="truncated or damaged: it ends after 3 files"):
        open_source(path)


def cut(path: Path, share: float) -> Path:
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    return path


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda path: path / "none", "does not exist"),
        (lambda path: write_folder(path / "set", {"labels.tsv": b""}), "empty"),
        (lambda path: write_folder(path / "set", {"readme.txt": b"x"}), "not a data set"),
        (lambda path: write_folder(path, {"set.xyz": b"x"}) / "set.xyz", "not a data set"),
        (lambda path: write_folder(path, {"set.tar": b""}) / "set.tar", "empty"),
        (lambda path: write_folder(path, {"set.tar": b"x" * 600}) / "set.tar", "cannot be read as a tar"),
        (lambda path: write_folder(path, {"set.npz": b"x" * 600}) / "set.npz", "cannot be read as NPZ"),
        (lambda path: write_folder(path, {"a-images-idx3": b"\0\0\x08", "a-labels-idx1": b"x"}), "read as IDX"),
        (lambda path: cut(write_tar(path / "set.tar", labelled(TEXTS * 20)), 0.5), "truncated|not there"),
        (lambda path: write_tar(path / "set.tar", {"readme.txt": b"x"}), "empty"),
        (
            lambda path: write_tar(path / "set.tar", labelled(TEXTS, prefix="b/") | labelled(TEXTS, prefix="a/")),
            "several sets: a, b",
        ),
        (lambda path: write_folder(path, {"0.png": b"x", "thumbs/0.png": b"x"}), "both images and sub-folders"),
        (lambda path: write_folder(path / "set", {"labels.tsv": b"images/0.png\tA\n"}), "missing.*0.png"),
        (lambda path: write_folder(path / "set", {"labels.tsv": b"images/0.png A\n"}), "line 1"),
        (lambda path: write_folder(path / "set", {"labels.tsv": b"\xff\xfe"}), "not UTF-8"),
    ],
)
def test_bad_input(tmp_path: Path, make: Callable[[Path], Path], message: str) -> None:
    with pytest.raises(InputError, match=message):
        open_source(make(tmp_path))


def test_an_empty_folder(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is empty"):
        open_source(tmp_path)


@pytest.mark.parametrize(
    ("place", "count", "kind"),
    [
        ("sroie_lines/val.tar", 5988, "text"),
        ("captcha_v2/train.tar", 675, "text"),
        ("mnist/t10k-images-idx3-ubyte.gz", 10000, "class"),
        ("cifar100/val_2000.npz", 2000, "class"),
    ],
)
def test_real_data(shared_data: Path, place: str, count: int, kind: str) -> None:
    source = open_source(shared_data / place)
    assert (len(source), source.kind) == (count, kind)
    assert source.image(count - 1).size[0] > 1


def test_a_database_beside_other_files_is_taken_which_is_said(tmp_path: Path) -> None:
    write_lmdb(tmp_path, TEXTS)
    told = Told()
    open_source(tmp_path, told)
    assert told.lines == []
    write_folder(tmp_path, {"gt.txt": b"0.png\tx\n", "0.png": png(picture(0))})
    assert len(open_source(tmp_path, told)) == len(TEXTS)
    assert "data.mdb is read" in told.lines[0]
    assert "not read: 0.png, gt.txt" in told.lines[0]
    write_folder(tmp_path, {"labels.tsv": b"0.png\tx\n"})
    told = Told()
    assert len(open_source(tmp_path, told)) == 1
    assert "not read: data.mdb" in told.lines[0]


def test_folders_in_an_archive_are_no_classes_which_is_said(tmp_path: Path) -> None:
    told = Told()
    files = {f"{name}/0.png": png(picture(0)) for name in ("dog", "cat")}
    assert open_source(write_tar(tmp_path / "set.tar", files), told).kind == "unlabelled"
    assert "only in a folder are sub-folders taken for classes" in told.lines[0]
