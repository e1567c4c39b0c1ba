"""LMDB in the layout of deep-text-recognition-benchmark: `num-samples`, `image-%09d` and `label-%09d`, from 1."""

from __future__ import annotations

import os
from pathlib import Path

from crnn_deploy import limits
from crnn_deploy.data.sources.base import Source
from crnn_deploy.data.sources.combined import Combined
from crnn_deploy.data.sources.container import is_file, is_folder
from crnn_deploy.data.sources.encoded import EncodedSource, Item
from crnn_deploy.data.sources.label_paths import check_texts
from crnn_deploy.data.sources.lmdb_file import LmdbFile, Value
from crnn_deploy.errors import InputError
from crnn_deploy.progress import Progress

LMDB_FILE = "data.mdb"


def open_lmdb(path: Path) -> EncodedSource:
    """Lines of text from a database file, or images without labels if it holds no labels.

    Raises:
        InputError: if the database is broken or has another layout.
    """
    name = path.parent if path.name == LMDB_FILE else path
    database = LmdbFile(path)
    count = _count(database, name)
    labels = dict(database.with_prefix(b"label-"))
    if labels:
        items = _labelled(database, labels, count, name)
        if items and database.get(items[-1].name.encode()) is None:
            raise _incomplete(name, items[-1].name, count)
    else:
        items = [Item(key.decode("ascii", "replace")) for key, _ in database.with_prefix(b"image-")][:count]
        if len(items) < count or (items and items[-1].name != f"image-{count:09d}"):
            raise _incomplete(name, f"image-{count:09d}", count)

    def read(index: int) -> bytes:
        value = database.get(items[index].name.encode())
        if value is None:
            raise _incomplete(name, items[index].name, count)
        if value.size > limits.MAX_IMAGE_FILE:
            raise OSError(f"it has {value.size:,} bytes, and at most {limits.MAX_IMAGE_FILE:,} are read")
        return database.read(value)

    return EncodedSource(str(name), "text" if labels else "unlabelled", items, read)


def find_lmdbs(folder: Path) -> list[Path]:
    """Database files in the folders below a folder, in the order of their names; links to the same file count once."""
    return list({path.resolve(): path for path in reversed(_below(folder, limits.MAX_LMDB_DEPTH))}.values())[::-1]


def open_lmdbs(folder: Path, files: list[Path], progress: Progress) -> Source:
    """All lines of several databases below a folder, one database after the other."""
    names = [str(file.parent.relative_to(folder)) for file in files]
    progress.log(f"{folder} is read as one set of {len(names)} LMDBs: {', '.join(names)}")
    sources = [open_lmdb(file) for file in files]
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


def _labelled(database: LmdbFile, labels: dict[bytes, Value], count: int, name: Path) -> list[Item]:
    missing = next((number for number in range(1, count + 1) if b"label-%09d" % number not in labels), None)
    if missing is not None:
        raise _incomplete(name, f"label-{missing:09d}", count)
    items = []
    for number in range(1, count + 1):
        value = labels[b"label-%09d" % number]
        if value.size > limits.MAX_LABEL:
            raise InputError(f"{name} has a label of {value.size:,} bytes, label-{number:09d}.", fix="Correct it.")
        try:
            items.append(Item(f"image-{number:09d}", database.read(value).decode()))
        except UnicodeDecodeError as error:
            raise InputError(
                f"{name} cannot be read as an LMDB: label-{number:09d}: {error}.", fix="Make the database again."
            ) from None
    check_texts(items, str(name))
    return items


def _incomplete(name: Path, key: str, count: int) -> InputError:
    return InputError(f"{name} has no {key}.", f"Its num-samples says {count}.", "Make the database again.")
