"""The verb `predict`: read images without labels."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import NamedTuple

from pydantic import Field

from crnn_deploy.artifact import open_artifact
from crnn_deploy.config import Frozen
from crnn_deploy.data.network_inputs import vectors_of
from crnn_deploy.data.sources.base import title
from crnn_deploy.errors import InputError
from crnn_deploy.evaluation.config import PredictConfig
from crnn_deploy.evaluation.places import Place, places_of, titles_of
from crnn_deploy.evaluation.unproven import why_unproven
from crnn_deploy.preprocessing import Preprocessing
from crnn_deploy.progress import SILENT, Progress
from crnn_deploy.reading.image_notes import ImageNotes, NoteTaker
from crnn_deploy.reading.reader import Item, Reader
from crnn_deploy.reading.reading import Reading


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


class Read(NamedTuple):
    """An image, and what a model reads in it; None where the image is broken and was left out."""

    path: str
    reading: Reading | None


def open_reader(config: PredictConfig, notes: NoteTaker | None = None) -> Reader:
    """The reader that a config asks for.

    Raises:
        InputError: if the artifact can't be opened, or run here.
    """
    return Reader(
        open_artifact(config.model, config.trust_module),
        threads=config.threads,
        batch_size=config.batch_size,
        beam_width=config.beam,
        notes=notes,
    )


class Prediction:
    """Reads the images of a config one after the other, in constant memory.

    Raises:
        InputError: if the artifact or a source can't be opened.
    """

    def __init__(self, config: PredictConfig, progress: Progress = SILENT) -> None:
        self._config = config
        self._progress = progress
        self._notes = NoteTaker()
        self.reader = open_reader(config, self._notes)
        self._places = places_of(config.images, progress)

    def __iter__(self) -> Iterator[Read]:
        """Each image in the order of the places.

        Raises:
            InputError: if an image can't be read and is not to be left out, or all are broken.
            GateError: if the model gives numbers that are not finite.
        """
        total = sum(len(place.source) for place in self._places)
        broken = 0
        for read in self._progress.track(self._read(), "Reading", total):
            broken += read.reading is None
            yield read
        if broken == total:
            raise InputError(f"All {broken} images are broken.", fix="Check the files.")

    def remarks(self) -> ImageNotes:
        """What should be known of the images that were read."""
        return self._notes.summary(titles_of(self._places))

    def _read(self) -> Iterator[Read]:
        for place in self._places:
            items = _items(place, self.reader.spec.preprocessing)
            for index, reading in enumerate(self.reader.read(items)):
                if isinstance(reading, InputError) and not self._config.skip_bad:
                    raise reading
                path = place.path(place.source.item_name(index))
                yield Read(path, None if isinstance(reading, InputError) else reading)


def predict(config: PredictConfig, progress: Progress = SILENT) -> Readings:
    """Read images with an artifact.

    Raises:
        InputError: if the artifact or an image can't be read, or all images are broken.
        GateError: if the model gives numbers that are not finite.
    """
    prediction = Prediction(config, progress)
    read = list(prediction)
    remarks = prediction.remarks()
    for sentence in remarks.sentences():
        progress.log(sentence)
    reader = prediction.reader
    found = [(path, reading) for path, reading in read if reading is not None]
    return Readings(
        artifact=str(reader.artifact.path),
        sha256=reader.artifact.sha256,
        runtime=reader.runtime,
        readings=tuple(ImageReading(path=path, text=r.text, confidence=r.confidence) for path, r in found),
        skipped=tuple(path for path, reading in read if reading is None),
        unproven=why_unproven(reader.spec.task, [reading.text for _, reading in found]),
        image_notes=remarks,
    )


def _items(place: Place, seen: Preprocessing) -> Iterator[Item]:
    source = place.source
    vectors = vectors_of(source, seen)
    for index in range(len(source)):
        vector = None if vectors is None else vectors[index : index + 1]
        yield Item(title(source, index), partial(source.image, index), vector)
