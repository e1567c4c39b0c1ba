"""Shards of all kinds of sources: files as they are, and parts of what has none."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from data.conftest import write_folder, write_tar
from labelling.conftest import rows, write_shards

from crnn_deploy.errors import InputError
from crnn_deploy.labelling import label as label_module
from crnn_deploy.labelling.shards import find_shards


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def names(*locations: str, size: int = 5) -> list[str]:
    return [os.path.relpath(shard.name) for shard in find_shards(locations, size)]


def test_files_are_shards_and_folders_are_divided(lines) -> None:
    images = {f"{number}.png": line for number, line in enumerate(lines)}
    write_folder(Path("photos"), images)
    Path("tars").mkdir()
    for number in range(2):
        write_tar(Path(f"tars/set-{number}.tar"), images)
    assert names("tars") == ["tars/set-0.tar", "tars/set-1.tar"]
    assert names("tars/set-1.tar", "tars") == ["tars/set-1.tar", "tars/set-0.tar"]
    assert names("photos") == ["photos[0:5]", "photos[5:10]", "photos[10:12]"]
    assert names("photos", size=100) == ["photos[0:12]"]


def test_every_lmdb_of_a_folder_is_divided(lines) -> None:
    lmdb = pytest.importorskip("lmdb")
    for folder in ("sets/a", "sets/b"):
        Path(folder).mkdir(parents=True)
        with lmdb.open(folder) as database, database.begin(write=True) as transaction:
            transaction.put(b"num-samples", b"7")
            for number in range(7):
                transaction.put(b"image-%09d" % (number + 1), lines[number])
    parts = ["data.mdb[0:5]", "data.mdb[5:7]"]
    assert names("sets") == [f"sets/{folder}/{part}" for folder in "ab" for part in parts]
    assert names("sets/b") == [f"sets/b/{part}" for part in parts]


def test_parts_are_read_as_the_whole(labelled, lines) -> None:
    write_folder(Path("photos"), {f"{number:02}.png": line for number, line in enumerate(lines)})
    labelled("archive", output="shards")
    labelled("photos", output="parts", shard_size=5)
    assert [row["text"] for row in rows("parts")] == [row["text"] for row in rows("shards")]
    assert [row["index"] for row in rows("parts")] == list(range(12))
    assert rows("parts")[11]["name"] == "11.png"


def test_files_without_rows_are_left_out_of_a_set(labelled, lines) -> None:
    write_shards(Path("some"), [lines[:2], [], lines[2:3]])
    assert names("some") == ["some/lines-00000.parquet", "some/lines-00002.parquet"]
    found = labelled("some")
    assert (found.shards, found.images) == (2, 3)


def test_a_folder_that_lost_images_after_it_was_divided(labelled, lines, monkeypatch) -> None:
    write_folder(Path("photos"), {f"{number}.png": line for number, line in enumerate(lines[:4])})
    prepare = label_module.prepare_folder

    def removing(*given: Any) -> Any:
        Path("photos/3.png").unlink()
        return prepare(*given)

    monkeypatch.setattr(label_module, "prepare_folder", removing)
    with pytest.raises(InputError, match=r"photos\[2:4\] has changed while it was read"):
        labelled("photos", shard_size=2)


def test_a_shard_has_another_fingerprint_once_it_has_changed(lines) -> None:
    write_folder(Path("photos"), {"0.png": lines[0]})
    before = find_shards(["photos"], 5)
    assert find_shards(["photos"], 5) == before
    Path("photos/1.png").write_bytes(lines[1])
    assert find_shards(["photos"], 5)[0].fingerprint != before[0].fingerprint
