"""Clips in files: a folder of stills for each, or a video; their folders may be classes."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from crnn_deploy.clips import FEWEST_STILLS
from crnn_deploy.data.clip import Clip, broken_clip, check_count
from crnn_deploy.data.index.facts import Fact
from crnn_deploy.data.index.measuring import fact_of_file
from crnn_deploy.data.picture import open_image
from crnn_deploy.data.sources.base import Kind, title
from crnn_deploy.data.sources.container import Folder, read_image
from crnn_deploy.data.sources.encoded import is_image
from crnn_deploy.data.sources.folder import are_parts, sub_folders
from crnn_deploy.data.sources.measured import Measured
from crnn_deploy.data.sources.vectors import NO_NUMBERS
from crnn_deploy.data.sources.video import count_stills, is_video, require_pyav, video_clip
from crnn_deploy.errors import InputError
from crnn_deploy.units import listed

PREFIX = "clips:"
_DIGITS = re.compile(r"(\d+)")


@dataclass(frozen=True)
class ClipFiles:
    """One clip: the files of its stills in their order, or a video, as paths inside the source; and its class."""

    name: str
    stills: tuple[str, ...] = ()
    class_index: int = -1


class ClipSource(Measured):
    """A `Source` over clips below a folder.

    Raises:
        InputError: if there are none, one of them has no stills or too many, or they are videos, and PyAV is missing.
    """

    def __init__(self, folder: Path, kind: Kind, clips: Sequence[ClipFiles], class_names: tuple[str, ...] = ()) -> None:
        self.name = str(folder)
        self.kind: Kind = kind
        self.class_names = class_names
        self._folder = folder
        self._clips = clips
        self._counts: dict[int, int] = {}  # of videos, which are decoded to be counted
        if not clips:
            raise InputError(f"{folder} is empty: it holds no clips.", fix="Check the path.")
        for index, clip in enumerate(clips):
            if is_video(clip.name):
                require_pyav(title(self, index))
            else:
                check_count(title(self, index), len(clip.stills))

    def __len__(self) -> int:
        return len(self._clips)

    def item_name(self, index: int) -> str:
        return self._clips[index].name

    def text(self, index: int) -> str:
        return ""

    def class_index(self, index: int) -> int:
        return self._clips[index].class_index

    def image(self, index: int) -> Clip:
        clip, name = self._clips[index], title(self, index)
        if clip.stills:
            return Clip(len(clip.stills), lambda indices: self._stills(clip, indices, name))
        path = self._folder / clip.name
        if index not in self._counts:
            self._counts[index] = count_stills(path, name)
        return video_clip(path, name, self._counts[index])

    def content_hash(self, index: int) -> bytes:
        digest = hashlib.blake2b(digest_size=16)
        clip = self._clips[index]
        try:
            for name in clip.stills or (clip.name,):
                with (self._folder / name).open("rb") as file:
                    while part := file.read(1 << 20):
                        digest.update(part)
        except OSError as error:
            raise broken_clip(title(self, index), error.strerror or error) from None
        return digest.digest()

    def _fact(self, index: int) -> Fact:
        """A video is decoded; of stills the headers and ends are looked at, which have to be of one size."""
        clip = self._clips[index]
        if not clip.stills:
            return super()._fact(index)
        stills = [fact_of_file(partial(read_image, Folder(self._folder), name)) for name in clip.stills]
        sizes = {(still.width, still.height) for still in stills}
        if len(sizes) > 1 or len(stills) < FEWEST_STILLS or any(still.broken for still in stills):
            return Fact(0, 0, bytes(16), True, False)
        return stills[0]._replace(content=self.content_hash(index), animated=False)

    @property
    def vector_names(self) -> tuple[str, ...]:
        return ()

    def vectors(self, names: Sequence[str]) -> NDArray[np.float64]:
        return NO_NUMBERS.rows(names, self.name)

    def _stills(self, clip: ClipFiles, indices: Sequence[int], name: str) -> Iterator[Image.Image]:
        for index in indices:
            try:
                data = read_image(Folder(self._folder), clip.stills[index])
            except OSError as error:
                raise broken_clip(name, error.strerror or error) from None
            yield open_image(data, f"{clip.stills[index]} of the clip {name}")


def open_clips(folder: Path) -> ClipSource:
    """The clips that a folder is said to hold: classes of clips, clips without labels, or the stills of one clip.

    Raises:
        InputError: if it holds none of these, or one without stills.
    """
    own = [name for name in Folder(folder).names() if is_image(name)]
    if own:
        folder = folder if folder.name else folder.absolute()
        stills = tuple(f"{folder.name}/{name}" for name in sorted(own, key=natural_order))
        return ClipSource(folder.parent, "unlabelled", [ClipFiles(folder.name, stills)])
    return find_classes(folder) or ClipSource(folder, "unlabelled", clips_in(folder))


def find_classes(folder: Path) -> ClipSource | None:
    """The clips of each sub-folder as a class, in the order of their names; None if no sub-folder holds any.

    Raises:
        InputError: if the sub-folders are parts of a set, or one of them or a clip is empty.
    """
    below = sub_folders(folder)
    clips = {each.name: () if each.images else clips_in(folder / each.name) for each in below}
    classes = [name for name, found in clips.items() if any(clip.stills or is_video(clip.name) for clip in found)]
    if not classes:
        return None
    if are_parts(classes):
        raise InputError(
            f"{folder} holds parts of a set: {listed(classes)}.",
            "Sub-folders with other names would be classes of clips.",
            "Name one of them.",
        )
    without = [each.name for each in below if each.empty and each.name not in classes]
    if without:
        raise InputError(
            f"{folder} holds a class without clips: {listed(without)}.",
            f"The other classes are {listed(classes)}.",
            "Put its clips there, or remove the empty folder.",
        )
    found = [
        replace(clip, name=f"{name}/{clip.name}", stills=tuple(f"{name}/{s}" for s in clip.stills), class_index=index)
        for index, name in enumerate(classes)
        for clip in clips[name]
    ]
    return ClipSource(folder, "class", found, tuple(classes))


def clips_in(folder: Path) -> list[ClipFiles]:
    """The videos in a folder, and its sub-folders, whose images are stills, in natural order."""
    videos = [ClipFiles(name) for name in Folder(folder).names() if is_video(name)]
    below = [each for each in sub_folders(folder) if each.images or _is_empty(folder / each.name)]
    clips = [
        ClipFiles(each.name, tuple(f"{each.name}/{name}" for name in sorted(each.images, key=natural_order)))
        for each in below
    ]
    return sorted([*videos, *clips], key=lambda clip: natural_order(clip.name))


def natural_order(name: str) -> tuple[tuple[str, int], ...]:
    """A key that sorts `still2.png` before `still10.png`."""
    parts = _DIGITS.split(name)
    return tuple((text, int(digits or 0)) for text, digits in zip(parts[::2], [*parts[1::2], ""], strict=True))


def _is_empty(folder: Path) -> bool:
    return not any(folder.iterdir())
