"""The example images of a package, with what crnn-deploy itself reads in them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from itertools import islice
from pathlib import Path

import numpy as np
from PIL import Image

from crnn_deploy.artifact import Artifact
from crnn_deploy.data.picture import seen_size
from crnn_deploy.data.preprocess import Preprocessor
from crnn_deploy.data.rendering.options import PRINTABLE, RenderOptions
from crnn_deploy.data.rendering.render import render_lines
from crnn_deploy.data.sources.base import Source, title
from crnn_deploy.data.sources.opening import open_source
from crnn_deploy.data.sources.subset import sample
from crnn_deploy.data.stills import as_single
from crnn_deploy.errors import InputError
from crnn_deploy.evaluation.config import PredictConfig
from crnn_deploy.evaluation.predict import ImageReading, Readings, predict
from crnn_deploy.progress import SILENT, Progress
from crnn_deploy.reading.decoder_choice import DecoderName
from crnn_deploy.spec import ModelSpec

_LOOKED_AT = 1000
"""Images of a source, drawn at random, that examples are chosen from."""

_CANDIDATES = 4
"""Images that are read for each example."""

_LARGEST = 1 << 21
"""Pixels of an example: a package is small."""

_DEGRADATION = 0.3


def rendered_lines(spec: ModelSpec, count: int, folder: Path, progress: Progress = SILENT) -> Source:
    """Lines in the model's characters, rendered into `folder`, to choose `count` examples from.

    Raises:
        InputError: if the model is no reader of lines, or there are no fonts, or none for its characters.
    """
    if spec.task != "ctc":
        raise InputError(
            "The examples of a classifier need images.",
            "Lines can be rendered for a reader; pictures of classes can't.",
            "Name some images: --data SOURCE",
        )
    charset = "".join(character for character in PRINTABLE if character in spec.charset)
    if not charset.strip():
        raise InputError(
            f"No lines can be rendered in the charset of {spec.name}.",
            "It has no digits and no Latin letters without accents.",
            "Name some images: --data SOURCE",
        )
    options = RenderOptions(count=_CANDIDATES * count, charset=charset, degradation=_DEGRADATION, labelled=False)
    try:
        return open_source(render_lines(options, folder / "lines.tar", progress=progress))
    except InputError as error:
        raise error.with_fix("Or name some images: --data SOURCE") from None


def write_examples(
    artifact: Artifact, source: Source, names: Sequence[str], folder: Path, scratch: Path, decoder: DecoderName
) -> Readings:
    """Write images of the source into `folder`, under the first of the names; returns what `predict` reads in them.

    `scratch` is a new folder for the candidates. `decoder` is that which the package reads with.

    They are spread over the widths or the classes of the source. Of several that are alike the one is taken that the
    model is surest of: the text must not depend on how a processor rounds.

    Raises:
        InputError: if the source has no image that can be one.
        GateError: if the model gives numbers that are not finite.
    """
    preprocessor = Preprocessor(artifact.spec.preprocessing)
    drawn = sample(source, _LOOKED_AT, seed=0)
    groups: dict[str, int] = {}  # of each candidate
    scratch.mkdir()
    for number, group in enumerate(_groups(drawn, artifact.spec, len(names))):
        for picture in islice(_pictures(drawn, group, preprocessor), _CANDIDATES):
            name = f"{len(groups):04}.png"
            picture.save(scratch / name)
            groups[name] = number
    if not groups:
        raise InputError(
            f"No image of {source.name} can be an example.",
            f"All are broken, wider than the model takes, or have more than {_LARGEST:,} pixels.",
            "Name others with --data.",
        )
    read = predict(PredictConfig(images=(str(scratch),), model=artifact.path, decoder=decoder))
    chosen = _surest(read.readings, groups)
    named = [reading.model_copy(update={"path": name}) for reading, name in zip(chosen, names, strict=False)]
    for old, new in zip(chosen, named, strict=True):
        with Image.open(old.path) as picture:
            picture.save(folder / new.path)
    return read.model_copy(update={"readings": tuple(named)})


def _surest(readings: Iterable[ImageReading], groups: dict[str, int]) -> list[ImageReading]:
    """Of each group the reading with text, if there is one, of which the model is surest."""
    best: dict[int, ImageReading] = {}
    for reading in readings:
        group = groups[Path(reading.path).name]
        other = best.get(group)
        if other is None or (bool(reading.text), reading.confidence) > (bool(other.text), other.confidence):
            best[group] = reading
    return [best[group] for group in sorted(best)]


def _groups(source: Source, spec: ModelSpec, count: int) -> list[list[int]]:
    """Indices of the images that can be examples, in up to `count` groups, from narrow to wide or class by class."""
    keys = {index: _key(source, index, spec) for index in range(len(source))}
    order = sorted((index for index, key in keys.items() if key), key=lambda index: (keys[index], index))
    return [part.tolist() for part in np.array_split(order, min(count, len(order)))] if order else []


def _key(source: Source, index: int, spec: ModelSpec) -> tuple[int, int] | None:
    """Width of the network's input and class of an image; None if it can be no example."""
    try:
        image = source.image(index)
    except InputError:
        return None
    width, height = seen_size(as_single(image, title(source, index)))
    seen = spec.preprocessing
    is_cut = spec.task == "ctc" and seen.width is None and seen.scaled_width(width, height) > seen.max_width
    if is_cut or width * height > _LARGEST:
        return None
    return seen.padded_width(width, height), source.class_index(index)


def _pictures(source: Source, group: list[int], preprocessor: Preprocessor) -> Iterator[Image.Image]:
    """Pictures of a group that are not broken, spread over it, as the network sees them before they are resized."""
    step = max(1, len(group) // _CANDIDATES)
    for index in (index for start in range(step) for index in group[start::step]):
        with suppress(InputError):
            yield preprocessor.picture(source.image(index), title(source, index))
