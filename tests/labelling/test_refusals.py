"""What can't be labelled, and folders that hold something else, are refused before anything is read."""

from __future__ import annotations

import errno
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from labelling.conftest import write_shards

from crnn_deploy.errors import InputError
from crnn_deploy.labelling import label as label_module
from crnn_deploy.locking import locked
from crnn_deploy.zoo import READER


def change(path: str, to: Callable[[bytes], bytes]) -> None:
    Path(path).write_bytes(to(Path(path).read_bytes()))


def other_number(text: bytes) -> bytes:
    return json.dumps({**json.loads(text), "format": 2}).encode()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"model": READER.with_name("reader.safetensors")}, "another origin: sha256"),
        ({"min_confidence": 0.5}, r"another origin: min_confidence 0\.0, now 0\.5"),
        ({"decoder": "greedy"}, "another origin: decoder beam, now greedy; beam_width 8, now None"),
        ({"keep_images": True}, "another origin: keep_images False, now True"),
    ],
)
def test_a_folder_of_another_model_or_other_options(labelled, options, message) -> None:
    labelled()
    with pytest.raises(InputError, match=message):
        labelled(**options)
    assert labelled(batch_size=3, threads=2, skip_bad=True).shards_read == 0


@pytest.mark.parametrize(
    ("disturb", "message"),
    [
        (lambda: change("out/manifest.json", lambda text: text[:50]), r"manifest\.json cannot be read"),
        (lambda: change("out/manifest.json", other_number), r"manifest\.json cannot be read"),
        (lambda: change("out/labels-00002.parquet", lambda data: data[:-30]), r"labels-00002\.parquet cannot be read"),
        (lambda: shutil.copy("archive/lines-00000.parquet", "out"), r"lines-00000\.parquet cannot be read as labels"),
        (lambda: Path("out/manifest.json").unlink(), "out is not empty"),
        (lambda: change("archive/lines-00001.parquet", lambda data: data), "1 shards have changed since they were"),
    ],
)
def test_a_folder_that_was_changed(labelled, disturb, message) -> None:
    labelled()
    disturb()
    with pytest.raises(InputError, match=message):
        labelled()


def test_what_is_no_archive(labelled) -> None:
    Path("empty").mkdir()
    Path("text.txt").write_text("no image")
    write_shards(Path("nothing"), [[]])
    for source, message in {
        "gone": "does not exist",
        "empty": "is empty",
        "text.txt": "has no known layout",
        "nothing": "holds no images",
        "": "path of a data set is empty",
    }.items():
        with pytest.raises(InputError, match=message):
            labelled(source)


def test_a_folder_in_its_own_source_or_in_use(labelled, lines) -> None:
    Path("photos").mkdir()
    Path("photos/0.png").write_bytes(lines[0])
    with pytest.raises(InputError, match=r"out lies in .*photos, which is read"):
        labelled("photos", output="photos/out")
    Path("out").mkdir()
    with locked(Path("out")), pytest.raises(InputError, match="Another command writes to out"):
        labelled()
    labelled(keep_images=True)
    with pytest.raises(InputError, match=r"out holds labels-00000\.parquet, which is read"):
        labelled("out", keep_images=True)


def test_a_system_without_processes_is_no_folder_in_use(labelled, monkeypatch) -> None:
    def refused(*_: object) -> None:
        raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))

    monkeypatch.setattr(label_module, "work", refused)
    with pytest.raises(BlockingIOError):
        labelled()


def test_only_broken_images(labelled, lines) -> None:
    write_shards(Path("broken"), [[lines[0][:50]] * 2])
    with pytest.raises(InputError, match="All 2 images are broken"):
        labelled("broken", skip_bad=True)


def test_images_that_have_no_files_cannot_be_kept(labelled) -> None:
    numpy = pytest.importorskip("numpy")
    numpy.savez("pictures.npz", x=numpy.zeros((2, 32, 64), "uint8"), y=numpy.zeros(2, int))
    with pytest.raises(InputError, match="holds no files of images that could be kept"):
        labelled("pictures.npz", keep_images=True)


def test_without_pyarrow(labelled, monkeypatch) -> None:
    monkeypatch.setattr(label_module, "find_spec", lambda _: None)
    with pytest.raises(InputError, match="need pyarrow"):
        labelled()
