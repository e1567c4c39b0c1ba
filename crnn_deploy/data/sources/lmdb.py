"""LMDB in the layout of deep-text-recognition-benchmark: `num-samples`, `image-%09d` and `label-%09d`, from 1."""

from __future__ import annotations

from pathlib import Path
from threading import Lock
from typing import Any
from weakref import WeakValueDictionary

from crnn_deploy.data.sources.encoded import EncodedSource, Item
from crnn_deploy.errors import InputError

# LMDB refuses to open a folder twice in one process. So all sources over a folder share one environment.
_OPEN: WeakValueDictionary[Path, Any] = WeakValueDictionary()
_OPENING = Lock()


def open_lmdb(folder: Path) -> EncodedSource:
    """Lines of text from an LMDB folder, or images without labels if it holds no labels.

    Raises:
        InputError: if the package `lmdb` is missing, or the database is broken or has another layout.
    """
    try:
        import lmdb
    except ModuleNotFoundError:
        raise InputError(f"{folder} is an LMDB.", fix="pip install 'crnn-deploy[train]'") from None
    try:
        environment = _environment(lmdb, folder)
        with environment.begin() as reading:
            count = int(reading.get(b"num-samples") or b"0")
            labels = [reading.get(b"label-%09d" % number) for number in range(1, count + 1)]
        texts = [None if label is None else label.decode() for label in labels]
    except (lmdb.Error, ValueError) as error:
        raise InputError(f"{folder} cannot be read as an LMDB: {error}.", fix="Make the database again.") from None
    unlabelled = texts.count(None)
    if 0 < unlabelled < count:
        raise _incomplete(folder, f"label-{texts.index(None) + 1:09d}", count)
    items = [Item(f"image-{number:09d}", text or "") for number, text in enumerate(texts, 1)]

    def read(index: int) -> bytes:
        with environment.begin() as reading:
            data: bytes | None = reading.get(items[index].name.encode())
        if data is None:
            raise _incomplete(folder, items[index].name, count)
        return data

    return EncodedSource(str(folder), "unlabelled" if unlabelled else "text", items, read)


def _environment(lmdb: Any, folder: Path) -> Any:
    """The open environment of a folder; it is closed when no source uses it any more."""
    with _OPENING:
        environment = _OPEN.get(folder.resolve())
        if environment is None:
            environment = lmdb.open(str(folder), readonly=True, lock=False, readahead=False, meminit=False)
            _OPEN[folder.resolve()] = environment
        return environment


def _incomplete(folder: Path, key: str, count: int) -> InputError:
    return InputError(f"{folder} has no {key}.", f"Its num-samples says {count}.", "Make the database again.")
