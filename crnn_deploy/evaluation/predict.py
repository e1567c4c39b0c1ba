"""The verb `predict`: read images without labels."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from pydantic import Field

from crnn_deploy.artifact import open_artifact
from crnn_deploy.config import Frozen
from crnn_deploy.data.sources.base import Source, title
from crnn_deploy.data.sources.container import Folder, is_file, read_image
from crnn_deploy.data.sources.encoded import EncodedSource, Item, is_image
from crnn_deploy.data.sources.opening import open_source
from crnn_deploy.errors import InputError
from crnn_deploy.evaluation.confidence import confidences
from crnn_deploy.evaluation.config import PredictConfig, ReadOptions
from crnn_deploy.evaluation.image_notes import ImageNotes, NoteTaker
from crnn_deploy.evaluation.read_images import read
from crnn_deploy.evaluation.unproven import why_unproven
from crnn_deploy.progress import SILENT, Progress
from crnn_deploy.runtime.opening import open_session
from crnn_deploy.runtime.session import Session


class ImageReading(Frozen):
    """What a model reads in one image: text or the name of a class, and the model's confidence in it."""

    path: str
    text: str
    confidence: float


class Readings(Frozen):
    """What a model reads, in the order of the images."""

    artifact: str
    sha256: str
    runtime: str
    readings: tuple[ImageReading, ...]
    skipped: tuple[str, ...] = ()
    unproven: str = Field(default="", description="what all readings have in common that makes them worthless")
    image_notes: ImageNotes = ImageNotes()


def predict(config: PredictConfig, progress: Progress = SILENT) -> Readings:
    """Read images with an artifact.

    Raises:
        InputError: if the artifact or an image can't be read, or all images are broken.
        GateError: if the model gives numbers that are not finite.
    """
    artifact = open_artifact(config.model, config.trust_module)
    places = _places(config.images, progress)
    session = open_session(artifact, config.threads)
    skipped: list[str] = []
    notes = NoteTaker()
    total = sum(len(place.source) for place in places)
    readings = dict(progress.track(_readings(session, places, config, skipped, notes), "Reading", total))
    if not readings:
        raise InputError(f"All {len(skipped)} images are broken.", fix="Check the files.")
    summary = notes.summary(_titles(places))
    for sentence in summary.sentences():
        progress.log(sentence)
    return Readings(
        artifact=str(artifact.path),
        sha256=artifact.sha256,
        runtime=session.runtime,
        readings=tuple(readings[position] for position in sorted(readings)),
        skipped=tuple(skipped),
        unproven=why_unproven(artifact.spec.task, [reading.text for reading in readings.values()]),
        image_notes=summary,
    )


def _places(locations: Sequence[str], progress: Progress) -> list[_Place]:
    """The locations in their order; consecutive image files form one source, so that they share batches."""
    places: list[_Place] = []
    for are_files, alike in groupby(locations, key=_is_image_file):
        group = list(alike)
        if are_files:
            places.append(_Place("", _files(group)))
        else:
            sources = [open_source(location, progress, needs_labels=False) for location in group]
            places += [_Place(source.name, source) for source in sources]
    return places


@dataclass(frozen=True)
class _Place:
    """A source, and the prefix of its images' names in the result."""

    prefix: str
    source: Source

    def path(self, item: str) -> str:
        return str(Path(self.prefix, item))


def _is_image_file(location: str) -> bool:
    return is_image(Path(location).name) and is_file(Path(location))


def _files(paths: Sequence[str]) -> Source:
    items = [Item(path) for path in paths]
    return EncodedSource(
        "the command line", "unlabelled", items, lambda index: read_image(Folder(Path()), paths[index])
    )


def _readings(
    session: Session, places: Sequence[_Place], options: ReadOptions, skipped: list[str], notes: NoteTaker
) -> Iterator[tuple[tuple[int, int], ImageReading]]:
    """Position (number of the source, index in it) and reading of each image, in the order of the batches."""
    for number, place in enumerate(places):
        broken: list[str] = []
        for batch, logits, texts in read(session, place.source, options, broken, notes):
            for index, text, confidence in zip(batch.indices, texts, confidences(logits, session.spec), strict=True):
                path = place.path(place.source.item_name(index))
                yield (number, index), ImageReading(path=path, text=text, confidence=confidence)
        skipped += map(place.path, broken)


def _titles(places: Sequence[_Place]) -> Iterator[tuple[str, str]]:
    """Title and path of each image."""
    for place in places:
        for index in range(len(place.source)):
            yield title(place.source, index), place.path(place.source.item_name(index))
