"""The verb `evaluate`: run a model over labelled images and measure its accuracy."""

from __future__ import annotations

from collections.abc import Iterator

from crnn_deploy.artifact import open_artifact
from crnn_deploy.data.checking import tell_classes_without_images
from crnn_deploy.data.overlap import fingerprint
from crnn_deploy.data.sources.base import Source, title
from crnn_deploy.data.sources.opening import open_source
from crnn_deploy.data.sources.subset import Subset
from crnn_deploy.data.sources.vectors import with_vector
from crnn_deploy.errors import InputError
from crnn_deploy.evaluation.bootstrap import intervals
from crnn_deploy.evaluation.config import EvaluateConfig, EvaluateOptions
from crnn_deploy.evaluation.references import reference_texts, unknown_characters
from crnn_deploy.evaluation.result import Accuracy, DatasetFacts, Evaluation, Prediction, ratios
from crnn_deploy.progress import SILENT, Progress
from crnn_deploy.reading.confidence import confidences
from crnn_deploy.reading.decoding import best_classes
from crnn_deploy.reading.image_notes import NoteTaker
from crnn_deploy.reading.read_images import read
from crnn_deploy.runtime.opening import open_session
from crnn_deploy.runtime.session import Session
from crnn_deploy.text_encoding import normalized

_BEST = 5  # classes; with as many or fewer, a top-5 accuracy would say nothing


def evaluate(config: EvaluateConfig, progress: Progress = SILENT) -> Evaluation:
    """Evaluate an artifact on a labelled source.

    Raises:
        InputError: if the artifact or the data can't be read, or don't fit each other.
        GateError: if the model gives numbers that are not finite.
    """
    artifact = open_artifact(config.artifact, config.trust_module)
    spec = artifact.spec
    opened = open_source(config.data, progress)
    source = with_vector(opened, spec.preprocessing.vector_names, spec.class_names, progress)
    tell_classes_without_images(source, "evaluation", progress)
    evaluation = evaluate_session(open_session(artifact, config.threads), source, config, progress)
    for sentence in evaluation.image_notes.sentences():
        progress.log(f"{source.name}: {sentence}")
    return evaluation.model_copy(update={"artifact": str(artifact.path), "sha256": artifact.sha256})


def evaluate_session(
    session: Session, source: Source, options: EvaluateOptions, progress: Progress = SILENT
) -> Evaluation:
    """Evaluate an open session, such as a model in training; predictions come in the order of the source.

    Raises:
        InputError: if the labels don't fit the model, an image is broken, or all were skipped.
        GateError: if the model gives numbers that are not finite.
    """
    if options.limit is not None:
        source = Subset(source, range(min(options.limit, len(source))))
    references = reference_texts(source, session.spec)
    unknown = unknown_characters(references, session.spec, source.name) if source.kind == "text" else {}
    skipped: list[str] = []
    notes = NoteTaker()
    readings = dict(progress.track(_readings(session, source, options, skipped, notes), "Evaluating", len(source)))
    if not readings:
        raise InputError(f"All {len(source)} images of {source.name} are broken.", fix="Check the data.")
    predictions = tuple(
        Prediction(
            item=source.item_name(index),
            reference=references[index],
            text=normalized(text, session.spec.normal_form),
            confidence=round(confidence, 4),
            ranked=tuple(normalized(name, session.spec.normal_form) for name in ranked),
        )
        for index, (text, confidence, ranked) in sorted(readings.items())
    )
    return Evaluation(
        artifact=session.spec.name,
        runtime=session.runtime,
        dataset=DatasetFacts(name=source.name, count=len(source), kind=source.kind, fingerprint=fingerprint(source)),
        accuracy=_accuracy(source, predictions, options),
        skipped=skipped,
        predictions=predictions,
        unknown_characters=unknown,
        image_notes=notes.summary((title(source, index), source.item_name(index)) for index in range(len(source))),
    )


def _readings(
    session: Session, source: Source, options: EvaluateOptions, skipped: list[str], notes: NoteTaker
) -> Iterator[tuple[int, tuple[str, float, tuple[str, ...]]]]:
    """Index, decoded text, confidence and best classes of each image, in the order of the batches."""
    has_top5 = len(session.spec.class_names) > _BEST
    for batch, logits, texts in read(session, source, options, skipped, notes):
        ranked = best_classes(logits, session.spec, _BEST) if has_top5 else [()] * len(texts)
        sure = confidences(logits, session.spec)
        yield from zip(batch.indices, zip(texts, sure, ranked, strict=True), strict=True)


def _accuracy(source: Source, predictions: tuple[Prediction, ...], options: EvaluateOptions) -> Accuracy:
    figures = ratios(source.kind, predictions)
    return Accuracy(
        **{name: ratio.value for name, ratio in figures.items()},
        ci95=intervals(figures, options.resamples, options.seed),
        count=len(predictions),
    )
