"""Files by name, in a folder or in an archive that is read in place."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Protocol

from numpy.typing import NDArray

from crnn_deploy.data.index.extents import Places, check_image_bytes
from crnn_deploy.data.index.strings import Names


class Container(Protocol):
    """Named files. Names are relative paths with slashes; only regular files count, no devices, pipes or links in tar.

    Both `size` and `read` raise `OSError` if the file has gone or can't be read.
    """

    @property
    def name(self) -> str:
        """The path that it was opened from, for messages."""
        ...

    def names(self) -> Iterable[str]:
        """Names of the files: for a folder of those directly in it, for an archive of all."""
        ...

    def has(self, name: str) -> bool: ...

    def size(self, name: str) -> int: ...

    def read(self, name: str, most: int | None = None) -> bytes:
        """The content of a file, or its first `most` bytes."""
        ...

    def places(self, names: Names) -> Places:
        """Where these files are."""
        ...

    def title(self, name: str) -> str:
        """A file with the place of the container, for messages."""
        ...


class Folder:
    """A `Container` over a folder."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.name = str(path)

    def names(self) -> list[str]:
        with os.scandir(self.path) as entries:
            return sorted(entry.name for entry in entries if is_file(entry))

    def has(self, name: str) -> bool:
        return is_file(self.path / name)

    def size(self, name: str) -> int:
        return (self.path / name).stat().st_size

    def read(self, name: str, most: int | None = None) -> bytes:
        with (self.path / name).open("rb") as file:
            return file.read(most)

    def places(self, names: Names) -> Places:
        return ByName(self, names)

    def title(self, name: str) -> str:
        return str(self.path / name)


class Below:
    """The files of another container in one of its folders; `base` ends with a slash, or is empty."""

    def __init__(self, container: Container, base: str) -> None:
        self.name = container.name
        self._container = container
        self._base = base

    def names(self) -> list[str]:
        return [name.removeprefix(self._base) for name in self._container.names() if name.startswith(self._base)]

    def has(self, name: str) -> bool:
        return self._container.has(self._base + name)

    def size(self, name: str) -> int:
        return self._container.size(self._base + name)

    def read(self, name: str, most: int | None = None) -> bytes:
        return self._container.read(self._base + name, most)

    def places(self, names: Names) -> Places:
        return self._container.places([self._base + name for name in names])

    def title(self, name: str) -> str:
        return self._container.title(self._base + name)


class ByName:
    """`Places` of images that a container finds by their names."""

    def __init__(self, container: Container, names: Names) -> None:
        self._container = container
        self._names = names

    def __call__(self, index: int) -> bytes:
        return read_image(self._container, self._names[index])

    def columns(self) -> dict[str, NDArray[Any]]:
        return {}


def read_image(container: Container, name: str) -> bytes:
    """The encoded bytes of an image.

    Raises:
        OSError: if it can't be read, or is larger than an image can be.
    """
    check_image_bytes(container.size(name))
    return container.read(name)


def is_file(path: Path | os.DirEntry[str]) -> bool:
    """Whether a regular file is there; reading a pipe or a device could wait for ever.

    A name that no file can have, because it is too long or holds a NUL, is no file.
    """
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def is_folder(path: Path | os.DirEntry[str]) -> bool:
    """Whether a folder is there."""
    try:
        return path.is_dir()
    except (OSError, ValueError):
        return False
