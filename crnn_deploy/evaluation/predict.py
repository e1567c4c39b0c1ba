"""The verb `predict`: read images without labels."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from itertools import chain, groupby, islice
from operator import itemgetter
from typing import NamedTuple

from pydantic import Field

from crnn_deploy.artifact import Artifact, open_artifact
from crnn_deploy.config import Frozen
from crnn_deploy.errors import InputError
from crnn_deploy.evaluation.config import STDIN, PredictConfig
from crnn_deploy.evaluation.places import Place, places_of, titles_of
from crnn_deploy.evaluation.shared_prediction import SharedPrediction
from crnn_deploy.evaluation.unproven import why_unproven
from crnn_deploy.progress import SILENT, Progress
from crnn_deploy.ranks import ALONE, Ranks
from crnn_deploy.reading.image_notes import ImageNotes, NoteTaker
from crnn_deploy.reading.part_reader import PartReader, SharedModel
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


class Prediction:
    """Reads the images of a config one after the other, in constant memory.

    Args:
        ranks: the processes that read together. Each opens its share of the images, and the first gets all readings.

    Raises:
        InputError: if the artifact or a source can't be opened.
    """

    def __init__(self, config: PredictConfig, progress: Progress = SILENT, ranks: Ranks = ALONE) -> None:
        _check_ranks(config, ranks)
        self.artifact = open_artifact(config.model, config.trust_module)
        self._config = config
        self._ranks = ranks
        self._progress = progress if ranks.first else SILENT
        self._places = places_of(config.images, self._progress)
        if config.shared:
            model = SharedModel(config.model, self.artifact.sha256, config.trust_module)
            self._by: _Own | SharedPrediction = SharedPrediction(config, model, self._places)
        else:
            self._by = _Own(config, self.artifact, self._places, ranks)

    @property
    def runtime(self) -> str:
        """`torch`, `onnxruntime`, `tensorrt` or `tensorrt-rtx`; of workers empty before the first image."""
        return self._by.runtime

    def __iter__(self) -> Iterator[Read]:
        """Each image in the order of the places; in the first process alone, while the others work for it.

        Raises:
            InputError: if an image can't be read and is not to be left out, or all are broken.
            GateError: if the model gives numbers that are not finite.
        """
        total = sum(len(place.source) for place in self._places)
        broken = 0
        for read in self._progress.track(self._read(), "Reading", total):
            broken += read.reading is None
            yield read
        if broken == total and self._ranks.first:
            raise InputError(f"All {broken} images are broken.", fix="Check the files.")

    def remarks(self) -> ImageNotes:
        """What should be known of the images that were read; in all but the first process nothing."""
        return self._by.remarks()

    def _read(self) -> Iterator[Read]:
        paths = (path for _, path in titles_of(self._places))
        with closing(self._by.read()) as readings:  # so that workers end after an error, too
            for path, reading in zip(paths, readings, strict=self._ranks.first):
                if isinstance(reading, InputError) and not self._config.skip_bad:
                    raise reading
                yield Read(path, None if isinstance(reading, InputError) else reading)


class _Own:
    """Reads the images of places in this process: all, or its share among several ranks.

    Attributes:
        runtime: of the model.
    """

    def __init__(self, config: PredictConfig, artifact: Artifact, places: Sequence[Place], ranks: Ranks) -> None:
        self._places = places
        self._ranks = ranks
        self._reader = PartReader(artifact, config, config.threads or ranks.threads)
        self.runtime = self._reader.runtime

    def read(self) -> Generator[Reading | InputError, None, None]:
        """What is read in the images of all places in their order, or the errors in place of broken ones; in the first
        process alone."""
        for window in self._ranks.interleaved(self._windows()):
            yield from window

    def remarks(self) -> ImageNotes:
        """What should be known of the images that all ranks have read; in all but the first process nothing."""
        notes = NoteTaker.of_all(self._ranks.gather(self._reader.notes))
        return notes.summary(titles_of(self._places)) if self._ranks.first else ImageNotes()

    def _windows(self) -> Iterator[list[Reading | InputError]]:
        """What is read in each window of the share of this process: images that the reader prepares together."""
        size = self._reader.window
        windows = ((place, start) for place in self._places for start in range(0, len(place.source), size))
        for place, group in groupby(self._ranks.deal(windows), key=itemgetter(0)):
            shares = [range(start, min(start + size, len(place.source))) for _, start in group]
            items = SourceItems(place.source, self._reader.preprocessing)
            readings = self._reader.read(items, chain.from_iterable(shares))
            for indices in shares:
                yield list(islice(readings, len(indices)))


def _check_ranks(config: PredictConfig, ranks: Ranks) -> None:
    """Raise `InputError` if processes of torchrun can't share the images of a config."""
    if ranks.count > 1 and STDIN in config.images:
        raise InputError("Several processes can't read one stdin.", fix="Name files, or start without torchrun.")
    if ranks.count > 1 and config.shared:
        raise InputError(
            "Processes of torchrun share the images already, and have no workers.",
            fix="Leave --engine and --workers out, or start without torchrun.",
        )


def predict(config: PredictConfig, progress: Progress = SILENT) -> Readings:
    """Read images with an artifact.

    Raises:
        InputError: if the artifact or an image can't be read, or all images are broken.
        GateError: if the model gives numbers that are not finite.
    """
    readings = predict_by_ranks(config, ALONE, progress)
    assert readings is not None
    return readings


def predict_by_ranks(config: PredictConfig, ranks: Ranks, progress: Progress = SILENT) -> Readings | None:
    """The same by several processes, each of which reads its share; None in all but the first. Errors are the same."""
    prediction = Prediction(config, progress, ranks)
    read = list(prediction)
    remarks = prediction.remarks()
    if not ranks.first:
        return None
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
