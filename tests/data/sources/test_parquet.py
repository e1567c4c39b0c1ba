"""Images in Parquet files, as Hugging Face's `datasets` writes them."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from data.conftest import picture, png, write_folder

from crnn_deploy import limits
from crnn_deploy.data.sources import parquet as source_module
from crnn_deploy.data.sources.opening import open_source
from crnn_deploy.errors import InputError

pa = pytest.importorskip("pyarrow", reason="the extra parquet is not installed")
pq = pytest.importorskip("pyarrow.parquet")

TEXTS = ["HELLO", " a, b ", "¼ €", "", "HELLO"]
STRUCTS = [{"bytes": png(picture(i)), "path": f"{i}.png"} for i in range(5)]
STRUCT = [("path", pa.string()), ("bytes", pa.binary())]
BYTES = [each["bytes"] for each in STRUCTS]


def write(path: Path, columns: dict[str, Any], rows: int = 2, **options: Any) -> Path:
    pq.write_table(pa.table(columns), path, row_group_size=rows, **options)
    return path


@pytest.mark.parametrize(
    "columns",
    [
        {"image": STRUCTS, "text": TEXTS},
        {"text": TEXTS, "width": [1] * 5, "image": STRUCTS, "id": ["x"] * 5},
        {"img": BYTES, "label": TEXTS},
        {"photo": pa.array(BYTES, pa.large_binary()), "what it says": pa.array(TEXTS, pa.large_string())},
    ],
    ids=["datasets", "more columns", "bytes", "large types"],
)
@pytest.mark.parametrize("options", [{}, {"compression": "zstd"}, {"use_dictionary": False}], ids=str)
def test_rows_are_images_with_texts(tmp_path: Path, columns: dict[str, Any], options: dict[str, Any]) -> None:
    source = open_source(write(tmp_path / "train.parquet", columns, **options))
    assert source.kind == "text"
    assert [source.text(i) for i in range(len(source))] == TEXTS
    assert all(np.array_equal(np.asarray(source.image(i)), np.asarray(picture(i))) for i in (4, 0, 2, 1, 3))
    assert source.item_name(3) == "row-000000003"


def test_without_a_column_of_texts_there_are_no_labels(tmp_path: Path) -> None:
    assert open_source(write(tmp_path / "a.parquet", {"image": STRUCTS, "label": [0] * 5})).kind == "unlabelled"


@pytest.mark.parametrize("place", ["set", "set/data"])
@pytest.mark.parametrize(
    "suffixes", [("-00000-of-00002", "-00001-of-00002"), ("-0000-of-0002-ab1", "-0001-of-0002-0f")]
)
def test_the_files_of_one_part_are_one_set(tmp_path: Path, place: str, suffixes: tuple[str, str]) -> None:
    folder = tmp_path / place
    folder.mkdir(parents=True)
    for suffix, at in zip(suffixes, (0, 3), strict=True):
        write(folder / f"train{suffix}.parquet", {"image": STRUCTS[at : at + 3], "text": TEXTS[at : at + 3]})
    assert [open_source(tmp_path / "set").text(i) for i in range(5)] == TEXTS
    write(folder / "test-00000-of-00001.parquet", {"image": STRUCTS, "text": TEXTS})
    with pytest.raises(InputError, match="several parts of a set as Parquet: test, train"):
        open_source(tmp_path / "set")


def test_files_without_rows_and_hidden_files_of_a_set_do_not_count(tmp_path: Path) -> None:
    write(tmp_path / "a-0.parquet", {"image": pa.array([], pa.struct(STRUCT)), "text": pa.array([], pa.string())})
    with pytest.raises(InputError, match="holds no images"):
        open_source(tmp_path)
    write(tmp_path / "a-1.parquet", {"image": STRUCTS, "text": TEXTS})
    (tmp_path / ".a-2.parquet").write_bytes(b"half-written")
    assert [open_source(tmp_path).text(i) for i in range(5)] == TEXTS


def test_threads_may_read_side_by_side_with_few_row_groups_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "MAX_KEPT_ROWS", 1000)
    source = open_source(write(tmp_path / "a.parquet", {"image": STRUCTS * 8, "text": TEXTS * 8}, rows=3))
    with ThreadPoolExecutor(8) as pool:
        images = list(pool.map(lambda i: np.asarray(source.image(i)), range(40)))
    assert all(np.array_equal(image, np.asarray(picture(i % 5))) for i, image in enumerate(images))


def damaged(path: Path, change: Callable[[bytes], bytes]) -> Path:
    write(path, {"image": STRUCTS, "text": TEXTS})
    path.write_bytes(change(path.read_bytes()))
    return path


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda path: write(path, {"text": TEXTS}), "no column with bytes or paths of images: text"),
        (lambda path: write(path, {"a": BYTES, "b": BYTES}), "several columns with bytes or paths of images"),
        (lambda path: write(path, {"image": STRUCTS, "text": [*TEXTS[:3], None, ""]}), "Row 3 of .* has no text"),
        (lambda path: write(path, {"image": STRUCTS, "text": ["x" * 70_000] * 5}), "Row 0 of .* has no text"),
        (lambda path: write(path, {"image": STRUCTS, "text": ["a\nb"] * 5}), "hold line ends"),
        (lambda path: write(path, {"image": [], "text": pa.array([], pa.string())}), "no column|holds no images"),
        (lambda path: write(path, {"image": [bytes(90_000_000)], "text": ["x"]}, compression="zstd"), "claims"),
        (lambda path: write(path, {"image": STRUCTS, "": TEXTS}), "its column '' holds no strings"),
        (lambda path: damaged(path, lambda data: data[: len(data) // 2]), "cannot be read as Parquet"),
        (lambda path: damaged(path, lambda _: b"PAR1" + b"\xff" * 200 + b"PAR1"), "cannot be read as Parquet"),
        (lambda path: damaged(path, lambda _: b"x" * 100), "cannot be read as Parquet"),
    ],
)
def test_bad_files(tmp_path: Path, make: Callable[[Path], Path], message: str) -> None:
    path = make(tmp_path / "a.parquet")
    with pytest.raises(InputError, match=message):
        open_source(path)


PATHS = [f"crops/{i}.png" for i in range(5)]


@pytest.mark.parametrize(
    "columns",
    [
        {"file_name": PATHS, "text": TEXTS},
        {"image": PATHS, "label": TEXTS, "split": ["train"] * 5},
        {"image": [{"path": path} for path in PATHS], "text": TEXTS},
        {"image": pa.array([{"path": p, "bytes": None} for p in PATHS], pa.struct(STRUCT)), "text": TEXTS},
    ],
    ids=["strings", "image", "structs", "structs whose bytes are null"],
)
@pytest.mark.parametrize("options", [{}, {"use_dictionary": False}], ids=str)
def test_images_may_be_paths_beside_the_file(tmp_path: Path, columns: dict[str, Any], options: dict[str, Any]) -> None:
    write_folder(tmp_path, {f"crops/{i}.png": png(picture(i)) for i in range(5)})
    source = open_source(write(tmp_path / "train.parquet", columns, **options))
    assert [source.text(i) for i in range(5)] == TEXTS
    assert [source.item_name(i) for i in range(5)] == PATHS
    assert np.array_equal(np.asarray(source.image(3)), np.asarray(picture(3)))


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("../a.png", "1 of 2 paths in .* leave its folder"),
        ("/etc/a.png", "leave its folder"),
        ("b.png", "1 of 2 images of .* are missing; the first is b.png"),
        (None, "Row 1 of .* has no path of an image"),
        ("x" * 70_000, "Row 1 of .* has no path of an image"),
    ],
)
def test_paths_that_name_no_image_beside_the_file(tmp_path: Path, path: str | None, message: str) -> None:
    write_folder(tmp_path, {"a.png": png(picture(0))})
    images = [{"path": "a.png"}, {"path": path}]
    with pytest.raises(InputError, match=message):
        open_source(write(tmp_path / "train.parquet", {"image": images, "text": TEXTS[:2]}))


def test_paths_without_texts_are_images_without_labels(tmp_path: Path) -> None:
    write_folder(tmp_path, {"a.png": png(picture(0))})
    source = open_source(write(tmp_path / "train.parquet", {"image": [{"path": "a.png"}], "label": [3]}))
    assert (source.kind, len(source)) == ("unlabelled", 1)


def test_a_row_that_only_names_a_file_is_a_broken_image(tmp_path: Path) -> None:
    images = [*STRUCTS[:2], {"bytes": None, "path": "x.png"}]
    source = open_source(write(tmp_path / "a.parquet", {"image": images, "text": TEXTS[:3]}))
    with pytest.raises(InputError, match=r"row-000000002 .*is broken: the row has no bytes"):
        source.image(2)


def test_one_large_image_that_is_repeated_is_refused_in_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MAX_ROW_GROUP", 1 << 20)
    big = np.random.default_rng(0).bytes(100_000)
    source = open_source(write(tmp_path / "a.parquet", {"image": [big] * 1000, "text": ["x"] * 1000}, rows=1000))
    with pytest.raises(InputError, match="more than 1,048,576 bytes of images"):
        source.image(0)


def test_damage_in_the_pixels_names_the_row(tmp_path: Path) -> None:
    def overwrite(data: bytes) -> bytes:
        return data[:8] + b"\xff" * 300 + data[308:]

    source = open_source(damaged(tmp_path / "a.parquet", overwrite))
    with pytest.raises(InputError, match=r"row-000000000 .*is broken"):
        source.image(0).load()


def test_every_cut_is_refused(tmp_path: Path) -> None:
    data = write(tmp_path / "a.parquet", {"image": STRUCTS, "text": TEXTS}).read_bytes()
    for end in range(1, len(data), 97):
        (tmp_path / "b.parquet").write_bytes(data[:end])
        with pytest.raises(InputError):
            open_source(tmp_path / "b.parquet")


def test_bytes_that_are_changed_are_refused_or_read(tmp_path: Path) -> None:
    data = write(tmp_path / "a.parquet", {"image": STRUCTS, "text": TEXTS}).read_bytes()
    rng = np.random.default_rng(0)
    for _ in range(300):
        changed = bytearray(data)
        changed[-int(rng.integers(1, 2500))] = int(rng.integers(256))
        (tmp_path / "b.parquet").write_bytes(changed)
        try:
            source = open_source(tmp_path / "b.parquet")
            source.image(0)
        except InputError:
            continue


def test_without_pyarrow_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_folder(tmp_path, {"a.parquet": b"PAR1"})
    monkeypatch.setattr(
        source_module, "find_spec", lambda name: None if name == "pyarrow" else importlib.util.find_spec(name)
    )
    with pytest.raises(InputError, match="needs pyarrow") as raised:
        open_source(tmp_path / "a.parquet")
    assert "crnn-deploy[parquet]" in raised.value.fix
