"""The images of `predict`, read by workers in chunks: with the batches, and so the result, of one process."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from functools import partial
from typing import NamedTuple

from crnn_deploy.errors import InputError
from crnn_deploy.evaluation.config import PredictConfig
from crnn_deploy.evaluation.places import Place, places_of
from crnn_deploy.reading.image_notes import ImageNotes
from crnn_deploy.reading.part_reader import PartReader, SharedModel
from crnn_deploy.reading.reader import WINDOW
from crnn_deploy.reading.reading import Reading
from crnn_deploy.reading.source_items import SourceItems
from crnn_deploy.workers.job import Job
from crnn_deploy.workers.sharing import work

_WINDOWS = 4  # of the reader in a chunk; whole ones, so that images share batches as in one process


class Chunk(NamedTuple):
    """Some images of a place.

    Attributes:
        locations: that make the place, as they were given.
        first, end: indices of the images in it.
    """

    locations: tuple[str, ...]
    first: int
    end: int


class ChunkReading(NamedTuple):
    """What is read in the images of a chunk, or the errors in place of broken ones; and remarks on them."""

    readings: list[Reading | InputError]
    notes: ImageNotes
    runtime: str


class ChunkReader:
    """Reads one chunk after the other; the model stays open, and so does the place of the last chunk."""

    def __init__(self, model: SharedModel, config: PredictConfig, threads: int) -> None:
        self._reader = PartReader(model.open(), config, threads)
        self._last: tuple[tuple[str, ...], Place, SourceItems] | None = None

    def __call__(self, chunk: Chunk) -> ChunkReading:
        place, items = self._opened(chunk.locations)
        indices = range(chunk.first, chunk.end)
        readings = list(self._reader.read(items, indices))
        notes = self._reader.remarks((title, place.path(name)) for title, name in items.names(indices))
        return ChunkReading(readings, notes, self._reader.runtime)

    def _opened(self, locations: tuple[str, ...]) -> tuple[Place, SourceItems]:
        if self._last is None or self._last[0] != locations:
            (place,) = places_of(locations)
            self._last = locations, place, SourceItems(place.source, self._reader.preprocessing)
        return self._last[1:]


class SharedPrediction:
    """Reads the images of places by workers.

    Attributes:
        runtime: of the workers, once something was read.
    """

    def __init__(self, config: PredictConfig, model: SharedModel, places: Sequence[Place]) -> None:
        self._config = config
        self._model = model
        self._places = places
        self._notes: list[ImageNotes] = []
        self.runtime = ""

    def read(self) -> Generator[Reading | InputError, None, None]:
        """What is read in the images of all places in their order, or the errors in place of broken ones."""
        size = _WINDOWS * WINDOW * self._config.batch_size
        chunks = [chunk for place in self._places for chunk in _chunks(place, size)]
        begin = partial(ChunkReader, self._model, self._config)
        for read in work(Job(begin, chunks, self._config.threads, ordered=True), self._config):
            self._notes.append(read.notes)
            self.runtime = read.runtime
            yield from read.readings

    def remarks(self) -> ImageNotes:
        """What should be known of the images that were read."""
        return ImageNotes.joined(self._notes)


def _chunks(place: Place, size: int) -> Iterator[Chunk]:
    for first in range(0, len(place.source), size):
        end = min(first + size, len(place.source))
        if len(place.locations) == len(place.source):  # files, each of which is a location
            yield Chunk(place.locations[first:end], 0, end - first)
        else:
            yield Chunk(place.locations, first, end)
