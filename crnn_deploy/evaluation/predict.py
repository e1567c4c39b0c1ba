"""The verb `predict`: read images without labels."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pydantic import Field

from crnn_deploy.artifact import open_artifact
from crnn_deploy.config import Frozen
from crnn_deploy.errors import InputError
from crnn_deploy.evaluation.config import PredictConfig
from crnn_deploy.evaluation.places import Place, places_of, titles_of
from crnn_deploy.evaluation.unproven import why_unproven
from crnn_deploy.progress import SILENT, Progress
from crnn_deploy.reading.confidence import confidences
from crnn_deploy.reading.image_notes import ImageNotes, NoteTaker
from crnn_deploy.reading.options import ReadOptions
from crnn_deploy.reading.read_images import read
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
    places = places_of(config.images, progress)
    session = open_session(artifact, config.threads)
    skipped: list[str] = []
    notes = NoteTaker()
    total = sum(len(place.source) for place in places)
    readings = dict(progress.track(_readings(session, places, config, skipped, notes), "Reading", total))
    if not readings:
        raise InputError(f"All {len(skipped)} images are broken.", fix="Check the files.")
    summary = notes.summary(titles_of(places))
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


def _readings(
    session: Session, places: Sequence[Place], options: ReadOptions, skipped: list[str], notes: NoteTaker
) -> Iterator[tuple[tuple[int, int], ImageReading]]:
    """Position (number of the source, index in it) and reading of each image, in the order of the batches."""
    for number, place in enumerate(places):
        broken: list[str] = []
        for batch, logits, texts in read(session, place.source, options, broken, notes):
            for index, text, confidence in zip(batch.indices, texts, confidences(logits, session.spec), strict=True):
                path = place.path(place.source.item_name(index))
                yield (number, index), ImageReading(path=path, text=text, confidence=confidence)
        skipped += map(place.path, broken)
