"""Images that are named on the command line: files, folders, archives and other sources, in their order."""

from __future__ import annotations

import glob
import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from crnn_deploy.data.index.rows import Item, Rows
from crnn_deploy.data.sources.base import Source, broken_image, title
from crnn_deploy.data.sources.container import Folder, is_file, read_image
from crnn_deploy.data.sources.encoded import EncodedSource, is_image
from crnn_deploy.data.sources.opening import open_source
from crnn_deploy.errors import InputError
from crnn_deploy.evaluation.config import STDIN
from crnn_deploy.limits import MAX_IMAGE_FILE
from crnn_deploy.progress import SILENT, Progress


@dataclass(frozen=True)
class Place:
    """A source, the prefix of its images' names in the result, and the locations that make it."""

    prefix: str
    source: Source
    locations: tuple[str, ...]

    def path(self, item: str) -> str:
        return str(Path(self.prefix, item))


def places_of(locations: Sequence[str], progress: Progress = SILENT) -> list[Place]:
    """The locations in their order; consecutive image files form one source, so that they share batches.

    Raises:
        InputError: if a source can't be opened.
    """
    places: list[Place] = []
    for are_files, alike in groupby(without_patterns(locations), key=_is_image_file):
        group = list(alike)
        if are_files:
            places.append(Place("", _files(group), tuple(group)))
        elif group[0] == STDIN:
            places += [Place("", _from_stdin(), (STDIN,))]
        else:
            sources = [(location, open_source(location, progress, needs_labels=False)) for location in group]
            places += [Place(source.name, source, (location,)) for location, source in sources]
    return places


def titles_of(places: Sequence[Place]) -> Iterator[tuple[str, str]]:
    """Title and path of each image."""
    for place in places:
        for index in range(len(place.source)):
            yield title(place.source, index), place.path(place.source.item_name(index))


def without_patterns(locations: Sequence[str]) -> Iterator[str]:
    """The locations, with the files in place of patterns that the shell has left as they are."""
    for location in locations:
        if location == STDIN or os.path.lexists(location) or not glob.has_magic(location):
            yield location
            continue
        found = sorted(glob.glob(location, recursive=True))  # noqa: PTH207 -- patterns may be absolute
        if not found:
            raise InputError(f"No file fits the pattern {location}.", fix="Check it; ** stands for folders.")
        yield from found


def _from_stdin() -> Source:
    """The image whose encoded bytes come from stdin."""
    content = sys.stdin.buffer.read(MAX_IMAGE_FILE + 1) if sys.stdin else b""
    if not 0 < len(content) <= MAX_IMAGE_FILE:
        raise broken_image("stdin", f"it has {len(content):,} bytes" if content else "it is empty")
    return EncodedSource("stdin", "unlabelled", Rows.of([Item(STDIN)]), lambda _: content)


def _is_image_file(location: str) -> bool:
    return is_image(Path(location).name) and is_file(Path(location))


def _files(paths: Sequence[str]) -> Source:
    items = [Item(path) for path in paths]
    return EncodedSource(
        "the command line", "unlabelled", Rows.of(items), lambda index: read_image(Folder(Path()), paths[index])
    )
