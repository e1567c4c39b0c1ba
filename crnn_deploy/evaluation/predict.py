"""The verb `predict`: read images without labels."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from typing import NamedTuple

from pydantic import Field

from crnn_deploy.artifact import Artifact, open_artifact
from crnn_deploy.config import Frozen
from crnn_deploy.errors import InputError
from crnn_deploy.evaluation.config import PredictConfig
from crnn_deploy.evaluation.places import Place, places_of, titles_of
from crnn_deploy.evaluation.shared_prediction import SharedPrediction
from crnn_deploy.evaluation.unproven import why_unproven
from crnn_deploy.progress import SILENT, Progress
from crnn_deploy.reading.image_notes import ImageNotes
from crnn_deploy.reading.part_reader import PartReader, SharedModel
from crnn_deploy.reading.reader import Reader
from crnn_deploy.reading.reading import Reading
from crnn_deploy.reading.source_items import SourceItems


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


def open_reader(config: PredictConfig) -> Reader:
    """The reader that a config asks for.

    Raises:
        InputError: if the artifact can't be opened, or run here.
    """
    return Reader(
        open_artifact(config.model, config.trust_module),
        threads=config.threads,
        batch_size=config.batch_size,
        beam_width=config.beam,
    )


class Prediction:
    """Reads the images of a config one after the other, in constant memory.

    Raises:
        InputError: if the artifact or a source can't be opened.
    """

    def __init__(self, config: PredictConfig, progress: Progress = SILENT) -> None:
        self.artifact = open_artifact(config.model, config.trust_module)
        self._config = config
        self._progress = progress
        self._places = places_of(config.images, progress)
        if config.shared:
            model = SharedModel(config.model, self.artifact.sha256, config.trust_module)
            self._by: _One | SharedPrediction = SharedPrediction(config, model, self._places)
        else:
            self._by = _One(config, self.artifact, self._places)

    @property
    def runtime(self) -> str:
        """`torch`, `onnxruntime`, `tensorrt` or `tensorrt-rtx`; of workers empty before the first image."""
        return self._by.runtime

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
        return self._by.remarks()

    def _read(self) -> Iterator[Read]:
        paths = (path for _, path in titles_of(self._places))
        with closing(self._by.read()) as readings:  # so that workers end after an error, too
            for path, reading in zip(paths, readings, strict=True):
                if isinstance(reading, InputError) and not self._config.skip_bad:
                    raise reading
                yield Read(path, None if isinstance(reading, InputError) else reading)


class _One:
    """Reads the images of places in this process."""

    def __init__(self, config: PredictConfig, artifact: Artifact, places: Sequence[Place]) -> None:
        self._places = places
        self._reader = PartReader(artifact, config, config.threads)
        self.runtime = self._reader.runtime

    def read(self) -> Generator[Reading | InputError, None, None]:
        """What is read in the images of all places in their order, or the errors in place of broken ones."""
        for place in self._places:
            items = SourceItems(place.source, self._reader.preprocessing)
            yield from self._reader.read(items, range(len(place.source)))

    def remarks(self) -> ImageNotes:
        """What should be known of the images that were read."""
        return self._reader.remarks(titles_of(self._places))


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
    artifact = prediction.artifact
    found = [(path, reading) for path, reading in read if reading is not None]
    return Readings(
        artifact=str(artifact.path),
        sha256=artifact.sha256,
        runtime=prediction.runtime,
        readings=tuple(ImageReading(path=path, text=r.text, confidence=r.confidence) for path, r in found),
        skipped=tuple(path for path, reading in read if reading is None),
        unproven=why_unproven(artifact.spec.task, [reading.text for _, reading in found]),
        image_notes=remarks,
    )
