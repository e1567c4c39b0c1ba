"""The verb `explain`: where a model's answers came from."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from PIL import Image

from crnn_deploy.artifact import open_artifact
from crnn_deploy.data.network_inputs import vectors_of
from crnn_deploy.data.sources.base import title
from crnn_deploy.data.stills import check_decodes
from crnn_deploy.errors import InputError
from crnn_deploy.evaluation.places import Place, places_of, titles_of
from crnn_deploy.explaining.config import ExplainConfig
from crnn_deploy.explaining.explainer import Explainer, open_explainer
from crnn_deploy.explaining.result import Explanation, Explanations
from crnn_deploy.progress import SILENT, Progress
from crnn_deploy.reading.image_notes import NoteTaker

Draw = Callable[[Explanation, Image.Image], None]
"""Takes an explanation and its picture, which is not kept."""


def explain(config: ExplainConfig, progress: Progress = SILENT, draw: Draw = lambda *_: None) -> Explanations:
    """Explain what an artifact says of images.

    Args:
        draw: is called with each explanation.

    Raises:
        InputError: if the artifact or an image can't be read, all images are broken, or the method can't be had.
        GateError: if the model gives numbers that are not finite.
    """
    artifact = open_artifact(config.model, config.trust_module)
    places = places_of(config.images, progress)
    explainer = open_explainer(artifact, config.method, config.threads)
    items = [(place, index) for place in places for index in range(len(place.source))]
    if len(items) > config.limit:
        progress.log(f"Explaining the first {config.limit} of {len(items):,} images; --limit takes more.")
        items = items[: config.limit]
    skipped: list[str] | None = [] if config.skip_bad else None
    notes = NoteTaker()
    explained = []
    for place, index in progress.track(items, "Explaining", len(items)):
        for explanation, shown in _explained(explainer, place, index, notes, skipped, progress):
            draw(explanation, shown)
            explained.append(explanation)
    if not explained:
        raise InputError(f"All {len(items)} images are broken.", fix="Check the files.")
    summary = notes.summary(titles_of(places))
    for sentence in summary.sentences():
        progress.log(sentence)
    return Explanations(
        artifact=str(artifact.path),
        sha256=artifact.sha256,
        runtime=explainer.session.runtime,
        task=artifact.spec.task,
        explanations=tuple(explained),
        skipped=tuple(skipped or ()),
        image_notes=summary,
    )


def _explained(
    explainer: Explainer, place: Place, index: int, notes: NoteTaker, skipped: list[str] | None, progress: Progress
) -> Iterator[tuple[Explanation, Image.Image]]:
    """The explanation of one image; none if it is broken and may be left out."""
    source = place.source
    vectors = vectors_of(source, explainer.spec.preprocessing)
    path = place.path(source.item_name(index))
    try:
        image = source.image(index)
        check_decodes(image, title(source, index))  # what else fails is not for --skip-bad
    except InputError:
        if skipped is None:
            raise
        skipped.append(path)
        return
    vector = None if vectors is None else vectors[index : index + 1]
    yield explainer.explain(image, title(source, index), path, notes, progress, vector)
