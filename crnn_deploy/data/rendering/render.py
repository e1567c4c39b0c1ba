"""Renders lines of text into a `.tar` or a folder that `open_source` reads."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from crnn_deploy.data.rendering.degrade import degrade, tilt
from crnn_deploy.data.rendering.drawing import CAPITAL, at_height, draw_ink, size_for
from crnn_deploy.data.rendering.fonts import find_families, pick_typeface, writable
from crnn_deploy.data.rendering.given_text import GivenText
from crnn_deploy.data.rendering.language import LanguageText, frequent_characters, word_frequencies
from crnn_deploy.data.rendering.like_labels import LikeLabels, labels_of
from crnn_deploy.data.rendering.options import PRINTABLE, RenderOptions
from crnn_deploy.data.rendering.output import check_output, png, write_output
from crnn_deploy.data.rendering.printing import add_surroundings, crop_tightly, print_ink
from crnn_deploy.data.rendering.text import TextGenerator
from crnn_deploy.data.sources.label_files import LABELS
from crnn_deploy.progress import SILENT, Progress


class LineRenderer:
    """Renders line `index` from the seed and the index only, so that a larger count keeps the earlier lines.

    Raises:
        InputError: if a font is missing, none can write the characters, or the text file or the language can't be used.
    """

    def __init__(self, options: RenderOptions) -> None:
        self._options = options
        self._given = GivenText(options.text) if options.text is not None else None
        self._write = _generator(options)
        self._families = find_families(options.fonts, (self._given or self._write).charset)

    def text(self, index: int) -> str:
        return self._text(index, self._rng(index))

    def image(self, index: int) -> Image.Image:
        """Line `index`, mode L."""
        options, rng = self._options, self._rng(index)
        text = self._text(index, rng)
        height = int(rng.integers(options.min_height, options.max_height + 1))
        font = pick_typeface(self._families, rng).font(size_for(height), rng)
        strength = options.degradation
        ink = print_ink(draw_ink(text, font, strength, rng), CAPITAL * font.size, strength, rng)
        ink = tilt(add_surroundings(crop_tightly(ink, strength, rng), strength, rng), strength, rng)
        return degrade(at_height(ink, height), strength, rng)

    def _text(self, index: int, rng: np.random.Generator) -> str:
        return self._given[index] if self._given else self._write(rng)

    def _rng(self, index: int) -> np.random.Generator:
        return np.random.default_rng((self._options.seed, index))


def _generator(options: RenderOptions) -> TextGenerator | LanguageText | LikeLabels:
    lengths = options.min_length, options.max_length
    if options.language is not None:
        frequencies = word_frequencies(options.language)
        charset = options.charset or writable(options.fonts, frequent_characters(frequencies))
        return LanguageText(frequencies, charset, *lengths)
    charset = options.charset or PRINTABLE
    generator = TextGenerator(charset, *lengths)
    return generator if options.like is None else LikeLabels(labels_of(options.like), generator, charset, lengths)


def render_lines(options: RenderOptions, output: Path, force: bool = False, progress: Progress = SILENT) -> Path:
    """Render `options.count` lines into `output`: a `.tar`, or a folder if the name has no suffix.

    Labelled lines are `labels.tsv` and `images/000000.png`, …; unlabelled ones are `000000.png`, ….

    Raises:
        InputError: if a font is missing or can't write the charset, or `output` exists or can't be written.
    """
    check_output(output, force)
    renderer = LineRenderer(options)
    write_output(_contents(renderer, options, progress), output, force)
    return output


def texts_digest(options: RenderOptions) -> str | None:
    """A hash of the texts that the lines are made from, where the options name a file or a source of them.

    Raises:
        InputError: if that can't be read.
    """
    if options.text is None and options.like is None:
        return None
    texts = GivenText(options.text) if options.text is not None else labels_of(str(options.like))
    digest = hashlib.sha256()
    for text in texts:
        digest.update(f"{text}\n".encode())
    return digest.hexdigest()


def _contents(renderer: LineRenderer, options: RenderOptions, progress: Progress) -> Iterator[tuple[str, bytes]]:
    """Name and bytes of each file, one at a time."""
    names = [f"{'images/' if options.labelled else ''}{index:06}.png" for index in range(options.count)]
    if options.labelled:
        labels = (f"{name}\t{renderer.text(index)}\n" for index, name in enumerate(names))
        yield LABELS, "".join(labels).encode()
    for index, name in enumerate(progress.track(names, "Rendering", len(names))):
        yield name, png(renderer.image(index))
