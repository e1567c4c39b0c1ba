"""The verb `evaluate`: run a model over labelled images and measure its accuracy."""

from __future__ import annotations

from collections.abc import Iterator

from crnn_deploy.artifact import open_artifact
from crnn_deploy.data.checking import tell_classes_without_images
from crnn_deploy.data.overlap import fingerprint
from crnn_deploy.data.sources.base import Kind, Source, title
from crnn_deploy.data.sources.opening import open_source
from crnn_deploy.data.sources.subset import Subset
from crnn_deploy.data.sources.vectors import with_vector
from crnn_deploy.errors import InputError
from crnn_deploy.evaluation.bootstrap import intervals
from crnn_deploy.evaluation.config import EvaluateConfig, EvaluateOptions
from crnn_deploy.evaluation.parquet import check_parquet, write_parquet
from crnn_deploy.evaluation.prediction_rows import Prediction
from crnn_deploy.evaluation.predictions import Predictions
from crnn_deploy.evaluation.references import References, unknown_characters
from crnn_deploy.evaluation.result import Accuracy, DatasetFacts, Evaluation, figure_names
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
    """Evaluate an artifact on a labelled source, and write its predictions where the config names a file.

    Raises:
        InputError: if the artifact or the data can't be read, or don't fit each other, or the file can't be written.
        GateError: if the model gives numbers that are not finite.
    """
    if config.predictions is not None:
        check_parquet(config.predictions, config.force)
    artifact = open_artifact(config.artifact, config.trust_module)
    spec = artifact.spec
    opened = open_source(config.data, progress)
    source = with_vector(opened, spec.preprocessing.vector_names, spec.class_names, progress)
    tell_classes_without_images(source, "evaluation", progress)
    evaluation = evaluate_session(open_session(artifact, config.threads), source, config, progress)
    for sentence in evaluation.image_notes.sentences():
        progress.log(f"{source.name}: {sentence}")
    evaluation = evaluation.model_copy(update={"artifact": str(artifact.path), "sha256": artifact.sha256})
    if config.predictions is not None:
        write_parquet(evaluation, config.predictions, config.force)
    return evaluation


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
    references = References(source, session.spec)
    unknown = unknown_characters(references, session.spec, source.name) if source.kind == "text" else {}
    skipped: list[str] = []
    notes = NoteTaker()
    answers = _answers(session, source, references, options, (skipped, notes))
    predictions = Predictions.of(progress.track(answers, "Evaluating", len(source)))
    if not len(predictions):
        raise InputError(f"All {len(source)} images of {source.name} are broken.", fix="Check the data.")
    return Evaluation(
        artifact=session.spec.name,
        runtime=session.runtime,
        dataset=DatasetFacts(name=source.name, count=len(source), kind=source.kind, fingerprint=fingerprint(source)),
        accuracy=_accuracy(source.kind, predictions, options),
        skipped=skipped,
        predictions=predictions,
        unknown_characters=unknown,
        image_notes=notes.summary((title(source, index), source.item_name(index)) for index in range(len(source))),
    )


def _answers(
    session: Session,
    source: Source,
    references: References,
    options: EvaluateOptions,
    remarks: tuple[list[str], NoteTaker],
) -> Iterator[Prediction]:
    """What the session reads, in the order of the batches; `remarks` get the names of skipped images, and notes."""
    spec = session.spec
    has_top5 = len(spec.class_names) > _BEST
    sizes = source.facts() if spec.preprocessing.clips is None else None
    for batch, logits, texts in read(session, source, options, *remarks):
        ranked = best_classes(logits, spec, _BEST) if has_top5 else [()] * len(texts)
        labels, sure = references.of(batch.indices), confidences(logits, spec)
        for index, label, text, confidence, names in zip(batch.indices, labels, texts, sure, ranked, strict=True):
            yield Prediction(
                item=source.item_name(index),
                reference=label,
                text=normalized(text, spec.normal_form),
                confidence=round(confidence, 4),
                ranked=tuple(normalized(name, spec.normal_form) for name in names),
                index=index,
                width=0 if sizes is None else int(sizes.width[index]),
                height=0 if sizes is None else int(sizes.height[index]),
            )


def _accuracy(kind: Kind, predictions: Predictions, options: EvaluateOptions) -> Accuracy:
    values: dict[str, float] = {}
    ci95: dict[str, tuple[float, float]] = {}
    for figure in figure_names(kind, predictions):  # one after the other: each has counts of all images
        ratio = predictions.ratio(figure)
        values[figure] = ratio.value
        ci95 |= intervals({figure: ratio}, options.resamples, options.seed)
    return Accuracy(**values, ci95=ci95, count=len(predictions))
