"""Keeps the index of a large file of images in the cache folder, so that the file is looked through once.

An index is a folder of columns as NumPy writes them, which are mapped into memory instead of read, and `index.json`.
It belongs to a path, a size, a time of change and a number of the file in its file system; if one of them is another
now, it is made again.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crnn_deploy.cache_limit import cache_place, limit_cache, mark_used
from crnn_deploy.data.index.extents import Extents
from crnn_deploy.data.index.facts import Facts
from crnn_deploy.data.index.strings import Strings
from crnn_deploy.errors import InputError
from crnn_deploy.folders import replacing_folder

KEPT_FROM = 10_000
"""Images of a file from which on its index is kept: that of fewer is made in less than a second."""

_FORMAT = 1
_HEADER = "index.json"


@dataclass(frozen=True)
class KeptIndex:
    """The index of a file of images.

    Attributes:
        facts: of all images.
        extents: where they are in the file.
        names, texts, classes: of all images; None where the format gives the names, or there are no such labels.
        notes: what else is needed to open the source, as JSON holds it.
    """

    facts: Facts
    extents: Extents
    names: Strings | None
    texts: Strings | None
    classes: NDArray[np.int32] | None
    notes: Mapping[str, Any]


class IndexHome:
    """The place for the index of a file as it is now.

    Args:
        use: how the file is opened: the same file may be several sources.
    """

    def __init__(self, file: Path, use: str) -> None:
        self.file = file
        self._key = f"{use}\0{file.absolute()}".encode("utf-8", "surrogateescape")
        self._stamp = _stamp(file)

    def kept(self) -> KeptIndex | None:
        """The index that was kept; None if there is none, or it is damaged, or the file has changed."""
        with suppress(OSError, ValueError, KeyError, InputError):
            folder = self._folder()
            header = json.loads((folder / _HEADER).read_text("utf-8"))
            if header["stamp"] != self._stamp:
                return None
            facts = Facts.load(folder)
            extents = Extents(self.file, _load(folder, "offset"), _load(folder, "size"))
            strings = {name: _strings(folder, name) for name in header["strings"]}
            classes = _load(folder, "classes") if header["classes"] else None
            mark_used(folder)
            return KeptIndex(facts, extents, strings.get("names"), strings.get("texts"), classes, header["notes"])
        return None

    def keep(self, index: KeptIndex) -> None:
        """Keep the index of the file; where the cache can't be written, the index is made again next time."""
        strings = {name: column for name in ("names", "texts") if (column := getattr(index, name)) is not None}
        columns: dict[str, NDArray[Any]] = {"offset": index.extents.offset, "size": index.extents.size}
        for name, column in strings.items():
            columns |= {f"{name}-data": column.data, f"{name}-ends": column.ends}
        if index.classes is not None:
            columns["classes"] = index.classes
        header = {
            "file": str(self.file.absolute()),
            "stamp": self._stamp,
            "strings": list(strings),
            "classes": index.classes is not None,
            "notes": index.notes,
        }
        with suppress(InputError):
            folder = self._folder()
            with replacing_folder(folder) as new:
                index.facts.save(new)
                for name, values in columns.items():
                    np.save(new / f"{name}.npy", values)
                (new / _HEADER).write_text(json.dumps(header), "utf-8")
            limit_cache(folder)

    def _folder(self) -> Path:
        return cache_place("index") / hashlib.sha256(self._key).hexdigest()[:32]


def kept_indexes(place: Path) -> list[Path]:
    """The folders of the indexes that are kept of a file, or of the files below a folder, as these are now."""
    try:
        folders = sorted(each for each in cache_place("index").iterdir() if (each / _HEADER).is_file())
    except (OSError, InputError):
        return []
    return [folder for folder in folders if _is_of(folder, place.absolute())]


def _is_of(folder: Path, place: Path) -> bool:
    with suppress(OSError, ValueError, KeyError, TypeError):
        header = json.loads((folder / _HEADER).read_text("utf-8"))
        file = Path(header["file"])
        return (file == place or place in file.parents) and header["stamp"] == _stamp(file)
    return False


def _stamp(file: Path) -> list[int]:
    """What changes when a file does."""
    status = file.stat()
    return [_FORMAT, status.st_size, status.st_mtime_ns, status.st_ino]


def _load(folder: Path, name: str) -> NDArray[Any]:
    values: NDArray[Any] = np.load(folder / f"{name}.npy", mmap_mode="r")
    return values


def _strings(folder: Path, name: str) -> Strings:
    return Strings(_load(folder, f"{name}-data"), _load(folder, f"{name}-ends"))
