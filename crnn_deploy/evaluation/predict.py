"""The verb `predict`: what a model reads in images that nobody has labelled."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Literal

from pydantic import Field

from crnn_deploy.artifact import open_artifact
from crnn_deploy.data import open_source
from crnn_deploy.data.batching import Batch, batches
from crnn_deploy.data.preprocess import Preprocessor
from crnn_deploy.data.source import Source
from crnn_deploy.data.sources.encoded import EncodedSource, Item, is_image
from crnn_deploy.errors import InputError
from crnn_deploy.evaluation.confidence import confidences
from crnn_deploy.evaluation.decoding import decode
from crnn_deploy.evaluation.evaluate import check_logits
from crnn_deploy.progress import SILENT, Progress
from crnn_deploy.runtime import Session, Threads, open_session
from crnn_deploy.spec import Frozen


class PredictOptions(Frozen):
    batch_size: int = Field(default=32, gt=0, description="images a batch; doesn't change the result")
    decoder: Literal["greedy", "beam"] = "greedy"
    beam_width: int = Field(default=8, gt=0)
    skip_bad: bool = Field(default=False, description="leave broken images out instead of stopping")
    threads: Threads | None = Field(default=None, description="of the runtime; absent: its own choice")


class PredictConfig(PredictOptions):
    images: tuple[str, ...] = Field(min_length=1, description="image files, folders, .tar archives or other sources")
    model: Path


class Reading(Frozen):
    """What a model reads in one image: text or the name of a class, and its `confidences`."""

    path: str
    text: str
    confidence: float


class Readings(Frozen):
    """What a model reads, in the order in which the images were given."""

    artifact: str
    sha256: str
    runtime: str
    readings: tuple[Reading, ...]
    skipped: tuple[str, ...] = ()


def predict(config: PredictConfig, progress: Progress = SILENT) -> Readings:
    """Read images with an artifact.

    Raises:
        InputError: if the artifact or an image can't be read, or all images are broken.
        GateError: if the model gives numbers that are not finite.
    """
    artifact = open_artifact(config.model)
    places = _places(config.images)
    session = open_session(artifact, config.threads)
    skipped: list[str] = []
    total = sum(len(place.source) for place in places)
    found = dict(progress.track(_readings(session, places, config, skipped), "Reading", total))
    if not found:
        raise InputError(f"All {len(skipped)} images are broken.", fix="Check the files.")
    return Readings(
        artifact=str(artifact.path),
        sha256=artifact.sha256,
        runtime=session.runtime,
        readings=tuple(found[position] for position in sorted(found)),
        skipped=tuple(skipped),
    )


def _places(locations: Sequence[str]) -> list[_Place]:
    """The locations in their order; image files that follow each other share a source, and so batches."""
    places: list[_Place] = []
    for are_files, alike in groupby(locations, key=_is_image_file):
        given = list(alike)
        places += [_Place("", _files(given))] if are_files else [_Place(s.name, s) for s in map(open_source, given)]
    return places


@dataclass(frozen=True)
class _Place:
    """A source, and what stands before the names of its images in the answer."""

    prefix: str
    source: Source

    def path(self, item: str) -> str:
        return str(Path(self.prefix, item))


def _is_image_file(location: str) -> bool:
    return is_image(Path(location).name) and Path(location).is_file()


def _files(paths: Sequence[str]) -> Source:
    items = [Item(path) for path in paths]
    return EncodedSource("the command line", "unlabelled", items, lambda index: Path(paths[index]).read_bytes())


def _readings(
    session: Session, places: Sequence[_Place], options: PredictOptions, skipped: list[str]
) -> Iterator[tuple[tuple[int, int], Reading]]:
    """Position (number of the source, index in it) and reading of each image, in the order of the batches."""
    preprocessor = Preprocessor(session.spec.preprocessing)
    for number, place in enumerate(places):
        broken: list[str] = []
        for batch in batches(place.source, preprocessor, options.batch_size, broken if options.skip_bad else None):
            for index, text, confidence in _read(session, batch, place.source, options):
                path = place.path(place.source.item_name(index))
                yield (number, index), Reading(path=path, text=text, confidence=confidence)
        skipped += map(place.path, broken)


def _read(session: Session, batch: Batch, source: Source, options: PredictOptions) -> Iterator[tuple[int, str, float]]:
    """Index, text and confidence of each image of a batch."""
    logits = session.run(batch.images)
    check_logits(logits, batch, source, session.spec)
    texts = decode(logits, session.spec, options.beam_width if options.decoder == "beam" else None)
    yield from zip(batch.indices, texts, confidences(logits, session.spec), strict=True)
