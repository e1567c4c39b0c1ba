"""Keeps the index of a large file or folder of images in the cache folder, so that it is looked through once.

An index is a folder of columns as NumPy writes them, which are mapped into memory instead of read, and `index.json`.
It belongs to a path as it was: to the size, the time of change and the number of a file in its file system, or to the
names, sizes and times of all files below a folder. If one of them is another now, it is made again. Of a set in several
files each has an index, so that only those are looked through that are new or changed.
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crnn_deploy.cache_limit import cache_place, limit_cache, mark_used
from crnn_deploy.data.index.facts import Facts
from crnn_deploy.data.index.mapped import mapped
from crnn_deploy.data.index.strings import Strings
from crnn_deploy.errors import InputError
from crnn_deploy.folders import replacing_folder

KEPT_FROM = 1000
"""Images of a file or a folder from which on its index is kept: that of fewer is made in hundredths of a second."""

_FORMAT = 2
_HEADER = "index.json"
_TICK = 20_000_000  # nanoseconds by which the times of files may lag behind the clock

Stamp = list[int | str]
"""What a file or folder was like, as JSON holds it."""


@dataclass(frozen=True)
class KeptIndex:
    """The index of a file or a folder of images.

    Attributes:
        facts: of all images.
        places: columns by which the format finds the images.
        names, texts, classes: of all images; None where the format gives the names, or there are no such labels.
        notes: what else is needed to open the source, as JSON holds it.
    """

    facts: Facts
    places: Mapping[str, NDArray[Any]]
    names: Strings | None
    texts: Strings | None
    classes: NDArray[np.int32] | None
    notes: Mapping[str, Any]


class IndexHome:
    """The place for the index of a file or a folder as it is now.

    Args:
        use: how it is opened: the same file may be several sources.
        stamp: from `stamping`, where it is known.
    """

    def __init__(self, place: Path, use: str, stamp: Callable[[], Stamp] | None = None) -> None:
        self.place = place
        self.stamp = stamp or stamping(place)
        self._key = f"{use}\0{place.absolute()}".encode("utf-8", "surrogateescape")

    def kept(self) -> KeptIndex | None:
        """The index that was kept; None if there is none, or it is damaged, or what it is of has changed."""
        with suppress(OSError, ValueError, KeyError, InputError):
            folder = self._folder()
            header = json.loads((folder / _HEADER).read_text("utf-8"))
            if header["stamp"] != self.stamp():
                return None
            facts = Facts.load(folder)
            places = {name: mapped(folder / f"{name}.npy") for name in header["places"]}
            strings = {name: _strings(folder, name) for name in header["strings"]}
            classes = mapped(folder / "classes.npy") if header["classes"] else None
            mark_used(folder)
            return KeptIndex(facts, places, strings.get("names"), strings.get("texts"), classes, header["notes"])
        return None

    def keep(self, index: KeptIndex) -> None:
        """Keep the index; where the cache can't be written, it is made again next time."""
        strings = {name: column for name in ("names", "texts") if (column := getattr(index, name)) is not None}
        columns: dict[str, NDArray[Any]] = dict(index.places)
        for name, column in strings.items():
            columns |= {f"{name}-data": column.data, f"{name}-ends": column.ends}
        if index.classes is not None:
            columns["classes"] = index.classes
        header = {
            "file": str(self.place.absolute()),
            "stamp": self.stamp(),
            "places": list(index.places),
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
        return (file == place or place in file.parents) and header["stamp"] == stamping(file)()
    return False


def stamping(place: Path) -> Callable[[], Stamp]:
    """Tells what changes when a file, or a file below a folder, does.

    Files are looked at now, but a folder only where that is asked for, and once: it may hold far more than images. What
    then has changed since now has a stamp that nothing else will ever have.

    Raises:
        OSError: if there is none, or it can't be read.
    """
    status = place.stat()
    if stat.S_ISDIR(status.st_mode):
        return cache(partial(_stamp_of_folder, place.absolute(), time.time_ns() - _TICK))
    return lambda: [_FORMAT, status.st_size, status.st_mtime_ns, status.st_ino]


def _stamp_of_folder(folder: Path, since: int) -> Stamp:
    """From the names, sizes and times of change of all that is below a folder."""
    listing, seen, waiting, newest = hashlib.blake2b(digest_size=16), set(), [folder], 0
    while waiting:
        below = waiting.pop()
        for entry in _entries(below):
            with suppress(OSError):  # a link to nothing
                status = entry.stat()
                is_folder = stat.S_ISDIR(status.st_mode)
                if is_folder and (status.st_dev, status.st_ino) not in seen:  # links may lead back
                    seen.add((status.st_dev, status.st_ino))
                    waiting.append(Path(entry.path))
                known = b"folder" if is_folder else b"%d %d" % (status.st_size, status.st_mtime_ns)
                listing.update(os.fsencode(entry.path) + b"\0" + known + b"\n")
                newest = max(newest, status.st_mtime_ns)
    changed = max(newest, folder.stat().st_mtime_ns) >= since
    return [_FORMAT, listing.hexdigest(), *([since] if changed else [])]


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    """Those of a folder in the order of their names; none of one that must not be read."""
    try:
        with os.scandir(folder) as entries:
            return sorted(entries, key=lambda entry: entry.name)
    except OSError:
        return []


def _strings(folder: Path, name: str) -> Strings:
    return Strings(mapped(folder / f"{name}-data.npy"), mapped(folder / f"{name}-ends.npy"))
