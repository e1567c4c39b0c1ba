"""The verb `predict`: read images without labels."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial
from itertools import chain, groupby, islice
from operator import itemgetter
from typing import NamedTuple

from pydantic import Field

from crnn_deploy.artifact import open_artifact
from crnn_deploy.config import Frozen
from crnn_deploy.data.network_inputs import vectors_of
from crnn_deploy.data.sources.base import title
from crnn_deploy.errors import InputError
from crnn_deploy.evaluation.config import PredictConfig
from crnn_deploy.evaluation.places import STDIN, Place, places_of, titles_of
from crnn_deploy.evaluation.unproven import why_unproven
from crnn_deploy.preprocessing import Preprocessing
from crnn_deploy.progress import SILENT, Progress
from crnn_deploy.ranks import ALONE, Ranks
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


def open_reader(config: PredictConfig, notes: NoteTaker | None = None, threads: int | None = None) -> Reader:
    """The reader that a config asks for, with so many threads unless it names a number.

    Raises:
        InputError: if the artifact can't be opened, or run here.
    """
    return Reader(
        open_artifact(config.model, config.trust_module),
        threads=config.threads or threads,
        batch_size=config.batch_size,
        beam_width=config.beam,
        notes=notes,
    )


class Prediction:
    """Reads the images of a config one after the other, in constant memory.

    Args:
        ranks: the processes that read together. Each opens its share of the images, and the first gets all readings.

    Raises:
        InputError: if the artifact or a source can't be opened.
    """

    def __init__(self, config: PredictConfig, progress: Progress = SILENT, ranks: Ranks = ALONE) -> None:
        if ranks.count > 1 and STDIN in config.images:
            raise InputError("Several processes can't read one stdin.", fix="Name files, or start without torchrun.")
        self._config = config
        self._ranks = ranks
        self._progress = progress if ranks.first else SILENT
        self._notes = NoteTaker()
        self.reader = open_reader(config, self._notes, ranks.threads)
        self._places = places_of(config.images, self._progress)

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
        notes = NoteTaker.of_all(self._ranks.gather(self._notes))
        return notes.summary(titles_of(self._places)) if self._ranks.first else ImageNotes()

    def _read(self) -> Iterator[Read]:
        for window in self._ranks.interleaved(self._own_windows()):
            for read in window:
                if isinstance(read, InputError):
                    raise read
                yield read

    def _own_windows(self) -> Iterator[list[Read | InputError]]:
        """What is read in each window of the share of this process: images that the reader prepares together."""
        size = self.reader.window
        windows = ((place, start) for place in self._places for start in range(0, len(place.source), size))
        for place, group in groupby(self._ranks.deal(windows), key=itemgetter(0)):
            shares = [range(start, min(start + size, len(place.source))) for _, start in group]
            readings = self.reader.read(_items(place, self.reader.spec.preprocessing, chain.from_iterable(shares)))
            for indices in shares:
                yield [self._of(place, *each) for each in zip(indices, islice(readings, len(indices)), strict=True)]

    def _of(self, place: Place, index: int, reading: Reading | InputError) -> Read | InputError:
        if isinstance(reading, InputError):
            return Read(place.path(place.source.item_name(index)), None) if self._config.skip_bad else reading
        return Read(place.path(place.source.item_name(index)), reading)


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


def _items(place: Place, seen: Preprocessing, indices: Iterable[int]) -> Iterator[Item]:
    source = place.source
    vectors = vectors_of(source, seen)
    for index in indices:
        vector = None if vectors is None else vectors[index : index + 1]
        yield Item(title(source, index), partial(source.image, index), vector)
