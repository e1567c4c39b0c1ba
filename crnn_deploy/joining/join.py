"""`join`: new lines from parts of real ones, so that few lines teach more."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from crnn_deploy.data.rendering.output import check_output, png, write_output
from crnn_deploy.data.sources.base import Source, title
from crnn_deploy.data.sources.label_files import LABELS
from crnn_deploy.data.sources.opening import open_source
from crnn_deploy.data.stills import as_single
from crnn_deploy.errors import InputError
from crnn_deploy.joining.config import JoinConfig, JoinOptions
from crnn_deploy.joining.cuts import Cut, cuts_of
from crnn_deploy.progress import SILENT, Progress
from crnn_deploy.reading.reader import Reader
from crnn_deploy.zoo import READER

_MOST_READ = 20_000  # lines that are looked at; more would hardly make other parts
_AT_SPACES = 0.5  # share of the lines that are joined at spaces; the others between characters of a word
_NEAR_SHARE, _NEAR = 0.5, 20  # share whose parts stand near each other in the source, as lines of a document do
_LENGTHS = 2, 40  # characters of a joined line
_HEIGHTS = 0.6  # of the lower part over the higher one, at least
_CONTRASTS = 0.6, 1.6  # by how much the contrast of the right part is changed at most
_ATTEMPTS = 1000  # to draw two parts that fit

Rng = np.random.Generator
Part = TypeVar("Part")
Pixels = NDArray[np.uint8]


@dataclass(frozen=True)
class _Line:
    """A line that the model reads as its label says: its place in the source, and where it can be cut."""

    index: int
    text: str
    height: int
    cuts: tuple[Cut, ...]

    def cuts_at(self, spaces: bool) -> list[Cut]:
        return [cut for cut in self.cuts if cut.at_space == spaces]


def join(config: JoinConfig, progress: Progress = SILENT) -> Path:
    """Write `config.count` lines, each the left part of a line of the source and the right part of another one.

    The pixels are real, and what stands beside each other is new: a student learns the shapes of the characters, and
    not the texts of few documents. Lines are cut where the model sees characters and their columns are empty; only
    those count that it reads as the label says, whatever the case. Lines are grey.

    Raises:
        InputError: if the source, the model or the output can't be used, or the lines can't be cut.
        GateError: if the model gives numbers that are not finite.
    """
    check_output(config.output, config.force)
    source = open_source(config.data, progress, needs_labels=True)
    write_output(_contents(joiner(config, source, progress), config.count, progress), config.output, config.force)
    return config.output


def joiner(options: JoinOptions, source: Source, progress: Progress = SILENT) -> Joiner:
    """Look for places to cut the lines of a source; the arguments and errors are those of `join`."""
    if source.kind != "text":
        raise InputError(f"{source.name} has no lines of text.", fix="Give labelled lines, such as train.tar.")
    reader = Reader(options.model or READER, decoder="greedy")
    if reader.spec.task != "ctc":
        raise InputError(f"{reader.spec.name} reads no lines.", fix="Give a model that does, or leave --model out.")
    lines = list(_lines(reader, source, options.seed, progress))
    if not any(line.cuts for line in lines):
        raise InputError(
            f"The lines of {source.name} can't be cut.",
            f"{len(lines):,} of them are read as their labels say, and none has empty columns between its characters.",
            "Give --model: a model that reads such lines.",
        )
    return Joiner(lines, source, options.seed)


class Joiner:
    """Makes line `index` from the seed and the index only, so that a larger count keeps the earlier lines."""

    def __init__(self, lines: Sequence[_Line], source: Source, seed: int) -> None:
        self._source = source
        self._seed = seed
        self._lines = {spaces: [line for line in lines if line.cuts_at(spaces)] for spaces in (True, False)}
        self._at_spaces = _AT_SPACES if all(self._lines.values()) else float(bool(self._lines[True]))

    def __getitem__(self, index: int) -> tuple[str, Image.Image]:
        """The text and the picture, mode L."""
        rng = np.random.default_rng((self._seed, index))
        for _ in range(_ATTEMPTS):
            spaces = bool(rng.random() < self._at_spaces)
            left, right = self._pair(self._lines[spaces], rng)
            first, second = (_pick(line.cuts_at(spaces), rng) for line in (left, right))
            text = left.text[: first.before] + " " * spaces + right.text[second.after :]
            low, high = sorted((left.height, right.height))
            if left is not right and low >= _HEIGHTS * high and _LENGTHS[0] <= len(text) <= _LENGTHS[1]:
                pixels = _pixels(self._source, left.index), _pixels(self._source, right.index)
                return text, _joined(pixels[0], first.column, pixels[1], second.column)
        raise InputError(
            f"No two parts of lines of {self._source.name} fit together.",
            f"Joined lines have {_LENGTHS[0]} to {_LENGTHS[1]} characters, and parts of about the same height.",
            "Give more lines, or cropped ones.",
        )

    def _pair(self, lines: Sequence[_Line], rng: Rng) -> tuple[_Line, _Line]:
        place = int(rng.integers(len(lines)))
        if rng.random() < _NEAR_SHARE:
            near = lines[max(0, place - _NEAR) : place + _NEAR + 1]
            return lines[place], _pick(near, rng)
        return lines[place], _pick(lines, rng)


def _lines(reader: Reader, source: Source, seed: int, progress: Progress) -> Iterator[_Line]:
    indices = np.arange(len(source))
    if len(source) > _MOST_READ:
        indices = np.sort(np.random.default_rng(seed).choice(len(source), _MOST_READ, replace=False))
    for index in progress.track(indices.tolist(), "Looking for characters", len(indices)):
        label, pixels = source.text(index), _pixels(source, index)
        reading = reader(pixels)
        if reading.text.casefold() == label.casefold() and len(reading.characters) == len(label):
            yield _Line(index, label, pixels.shape[0], cuts_of(reading.characters, pixels))


def _pixels(source: Source, index: int) -> Pixels:
    """A line in grey, `[H, W]`."""
    return np.asarray(as_single(source.image(index), title(source, index)).convert("L"))


def _pick(given: Sequence[Part], rng: Rng) -> Part:
    return given[int(rng.integers(len(given)))]


def _joined(left: Pixels, left_end: int, right: Pixels, right_start: int) -> Image.Image:
    """The left part of one picture and the right part of another, which gets the height, paper and contrast of it."""
    part = Image.fromarray(right[:, right_start:])
    part = part.resize((max(1, round(part.width * len(left) / len(right))), len(left)), Image.Resampling.BILINEAR)
    contrast = np.clip(max(left.std(), 5.0) / max(right.std(), 5.0), *_CONTRASTS)
    adapted = (np.asarray(part, np.float32) - np.median(right)) * contrast + np.median(left)
    both = np.concatenate([left[:, :left_end], adapted.round().clip(0, 255).astype(np.uint8)], axis=1)
    return Image.fromarray(both)


def _contents(lines: Joiner, count: int, progress: Progress) -> Iterator[tuple[str, bytes]]:
    """Name and bytes of each file, one at a time."""
    labels = []
    for index in progress.track(range(count), "Joining", count):
        text, image = lines[index]
        name = f"images/{index:06}.png"
        labels.append(f"{name}\t{text}\n")
        yield name, png(image)
    yield LABELS, "".join(labels).encode()
