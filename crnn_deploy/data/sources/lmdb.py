"""LMDB in the layout of deep-text-recognition-benchmark: `num-samples`, `image-%09d` and `label-%09d`, from 1."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from crnn_deploy import limits
from crnn_deploy.data.index.extents import Extents, SameFile, check_image_bytes
from crnn_deploy.data.index.keeping import IndexHome
from crnn_deploy.data.index.rows import Rows
from crnn_deploy.data.index.strings import Numbered, Strings
from crnn_deploy.data.sources.base import Kind, Source
from crnn_deploy.data.sources.combined import Combined
from crnn_deploy.data.sources.container import is_file, is_folder
from crnn_deploy.data.sources.encoded import EncodedSource, of_kept
from crnn_deploy.data.sources.lmdb_file import LmdbFile
from crnn_deploy.data.sources.texts import check_texts
from crnn_deploy.errors import InputError
from crnn_deploy.progress import SILENT, Progress, Told

LMDB_FILE = "data.mdb"
_IMAGE, _IMAGE_KEY = "image-%09d", b"image-%09d"


def open_lmdb(path: Path, progress: Progress = SILENT) -> EncodedSource:
    """Lines of text from a database file, or images without labels if it holds no labels.

    Raises:
        InputError: if the database is broken or has another layout.
    """
    home = IndexHome(path, "lmdb")
    kept = home.kept()
    if kept is not None:
        places = Extents(SameFile(path), kept.places["offset"], kept.places["size"])
        return of_kept(kept, Numbered(_IMAGE, 1, len(kept.facts)), places, progress)
    name = path.parent if path.name == LMDB_FILE else path
    told = Told(progress)
    file, database = SameFile(path), LmdbFile(path)
    count = _count(database, name)
    texts = _texts(database, count, name, told)
    if texts is None:
        _check_images(database, count, name)
    elif count and database.get(_IMAGE_KEY % count) is None:
        raise _incomplete(name, _IMAGE % count, count)

    def read(index: int) -> bytes:
        value = database.get(_IMAGE_KEY % (index + 1))
        if value is None:
            raise _incomplete(name, _IMAGE % (index + 1), count)
        check_image_bytes(value.size)
        return database.read(value)

    rows = Rows(Numbered(_IMAGE, 1, count), texts)
    kind: Kind = "unlabelled" if texts is None else "text"
    return EncodedSource(str(name), kind, rows, read, locate=lambda: _extents(file, database, count)).kept_by(
        home, told.sentences
    )


def find_lmdbs(folder: Path) -> list[Path]:
    """Database files in the folders below a folder, in the order of their names; links to the same file count once."""
    return list({path.resolve(): path for path in reversed(_below(folder, limits.MAX_LMDB_DEPTH))}.values())[::-1]


def open_lmdbs(folder: Path, files: list[Path], progress: Progress) -> Source:
    """All lines of several databases below a folder, one database after the other."""
    names = [str(file.parent.relative_to(folder)) for file in files]
    progress.log(f"{folder} is read as one set of {len(names)} LMDBs: {', '.join(names)}")
    sources = [open_lmdb(file, progress) for file in files]
    return sources[0] if len(sources) == 1 else Combined(sources)


def _below(folder: Path, depth: int) -> list[Path]:
    with os.scandir(folder) as entries:
        below = sorted(Path(entry.path) for entry in entries if is_folder(entry) and not entry.name.startswith("."))
    found = []
    for child in below:
        if is_file(child / LMDB_FILE):
            found.append(child / LMDB_FILE)
        elif depth > 1:
            found += _below(child, depth - 1)
    return found


def _count(database: LmdbFile, name: Path) -> int:
    """The number of images that the database says it has, of which it can't have more than entries."""
    value = database.get(b"num-samples")
    text = database.read(value).strip() if value is not None and value.size <= 20 else b"0" if value is None else b""
    if not text.isdigit():
        raise InputError(f"{name} cannot be read as an LMDB: num-samples is no count.", fix="Make the database again.")
    count = int(text)
    if count > database.entries:
        raise InputError(
            f"{name} says that it has {count:,} images, but it has {database.entries:,} entries.",
            "Its num-samples is wrong, or the database was not written to its end.",
            "Make the database again.",
        )
    return count


def _texts(database: LmdbFile, count: int, name: Path, progress: Progress) -> Strings | None:
    """The labels, which stand in the order of their numbers; None if there are none."""
    if next(database.with_prefix(b"label-"), None) is None:
        return None
    texts = Strings.of(_each_text(database, count, name))
    check_texts(Numbered(_IMAGE, 1, count), texts, str(name), progress)
    return texts


def _each_text(database: LmdbFile, count: int, name: Path) -> Iterator[str]:
    labels = database.with_prefix(b"label-")
    for number in range(1, count + 1):
        key, value = next(labels, (b"", None))
        label = f"label-{number:09d}"
        if value is None or key != label.encode():
            raise _incomplete(name, label, count)
        if value.size > limits.MAX_LABEL:
            raise InputError(f"{name} has a label of {value.size:,} bytes, {label}.", fix="Correct it.")
        try:
            yield database.read(value).decode()
        except UnicodeDecodeError as error:
            raise InputError(
                f"{name} cannot be read as an LMDB: {label}: {error}.", fix="Make the database again."
            ) from None


def _check_images(database: LmdbFile, count: int, name: Path) -> None:
    """Raise `InputError` unless there are as many images as the database says, in the order of their numbers."""
    keys = [key for key, _ in zip(database.with_prefix(b"image-"), range(count), strict=False)]
    if len(keys) < count or (keys and keys[-1][0] != _IMAGE_KEY % count):
        raise _incomplete(name, _IMAGE % count, count)


def _extents(file: SameFile, database: LmdbFile, count: int) -> Extents | None:
    """Where all images are; None if one is missing."""
    places = np.zeros((count, 2), np.int64)
    found = 0
    for (key, value), number in zip(database.with_prefix(b"image-"), range(1, count + 1), strict=False):
        if key != _IMAGE_KEY % number:
            return None
        places[number - 1] = value
        found = number
    return Extents(file, places[:, 0].copy(), places[:, 1].copy()) if found == count else None


def _incomplete(name: Path, key: str, count: int) -> InputError:
    return InputError(f"{name} has no {key}.", f"Its num-samples says {count}.", "Make the database again.")
