"""The verb `evaluate`: run a model over labelled images and measure its accuracy."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

from crnn_deploy.artifact import open_artifact
from crnn_deploy.data.checking import tell_classes_without_images
from crnn_deploy.data.overlap import fingerprint
from crnn_deploy.data.sources.base import Kind, Source, title
from crnn_deploy.data.sources.by_ranks import open_by_ranks
from crnn_deploy.data.sources.subset import Subset
from crnn_deploy.data.sources.vectors import with_vector
from crnn_deploy.errors import InputError
from crnn_deploy.evaluation.bootstrap import intervals
from crnn_deploy.evaluation.config import EvaluateConfig, EvaluateOptions
from crnn_deploy.evaluation.parquet import check_parquet, write_parquet
from crnn_deploy.evaluation.prediction_rows import Prediction
from crnn_deploy.evaluation.predictions import Predictions
from crnn_deploy.evaluation.primary_error import primary_figure_of
from crnn_deploy.evaluation.rank_predictions import of_all_ranks
from crnn_deploy.evaluation.references import References, unknown_characters
from crnn_deploy.evaluation.result import Accuracy, DatasetFacts, Evaluation, figure_names
from crnn_deploy.progress import SILENT, Progress
from crnn_deploy.ranks import ALONE, Ranks
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
    return _of_first(evaluate_by_ranks(config, ALONE, progress))


def evaluate_by_ranks(config: EvaluateConfig, ranks: Ranks, progress: Progress = SILENT) -> Evaluation | None:
    """The same by several processes, each of which reads its share of the images; None in all but the first.

    The result, and the file that the first process writes, are those of one process. Errors are those of `evaluate`.
    """
    progress = progress if ranks.first else SILENT
    if config.predictions is not None:
        check_parquet(config.predictions, config.force)
    artifact = open_artifact(config.artifact, config.trust_module)
    spec = artifact.spec
    opened = open_by_ranks(config.data, ranks, progress)
    source = with_vector(opened, spec.preprocessing.vector_names, spec.class_names, progress)
    tell_classes_without_images(source, "evaluation", progress)
    session = open_session(artifact, config.threads or ranks.threads)
    evaluation = _measured(session, source, config, ranks, progress)
    if evaluation is None:
        return None
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
    return _of_first(_measured(session, source, options, ALONE, progress))


def error_by_ranks(session: Session, source: Source, options: EvaluateOptions, ranks: Ranks) -> float:
    """The primary error of a session that is the same in all processes, and none of the other figures.

    Each process reads its share of the images, and all get the error. Errors are those of `evaluate_session`.
    """
    figure = primary_figure_of(session.spec.task)
    references = References(source, session.spec)
    own = Predictions.of(_answers(session, source, references, options, ([], NoteTaker()), ranks))
    ratio = own.ratio(figure)
    shares = ranks.gather((len(own), float(ratio.counted.sum()), float(ratio.possible.sum())))
    count, counted, possible = map(sum, zip(*shares, strict=True))
    if not count:
        raise _all_broken(source)
    value = counted / max(possible, 1)
    return value if figure == "cer_ci" else 1 - value


def _measured(
    session: Session, source: Source, options: EvaluateOptions, ranks: Ranks, progress: Progress
) -> Evaluation | None:
    """The evaluation, in the first process."""
    if options.limit is not None:
        source = Subset(source, range(min(options.limit, len(source))))
    references = References(source, session.spec)
    unknown = unknown_characters(references, session.spec, source.name) if source.kind == "text" else {}
    skipped: list[int] = []
    notes = NoteTaker()
    answers = _answers(session, source, references, options, (skipped, notes), ranks)
    share = -(-len(source) // ranks.count)
    predictions = of_all_ranks(Predictions.of(progress.track(answers, "Evaluating", share)), ranks)
    shares = ranks.gather((skipped, notes))
    if predictions is None:
        return None
    if not len(predictions):
        raise _all_broken(source)
    left_out, noted = zip(*shares, strict=True)
    named = ((title(source, index), source.item_name(index)) for index in range(len(source)))
    return Evaluation(
        artifact=session.spec.name,
        runtime=session.runtime,
        dataset=DatasetFacts(name=source.name, count=len(source), kind=source.kind, fingerprint=fingerprint(source)),
        accuracy=_accuracy(source.kind, predictions, options),
        skipped=[source.item_name(index) for index in sorted(chain(*left_out))],
        predictions=predictions,
        unknown_characters=unknown,
        image_notes=NoteTaker.of_all(noted).summary(named),
    )


def _answers(
    session: Session,
    source: Source,
    references: References,
    options: EvaluateOptions,
    remarks: tuple[list[int], NoteTaker],
    ranks: Ranks,
) -> Iterator[Prediction]:
    """What the session reads, in the order of the batches; `remarks` get indices of skipped images, and notes."""
    spec = session.spec
    has_top5 = len(spec.class_names) > _BEST
    sizes = source.facts() if spec.preprocessing.clips is None else None
    for batch, logits, texts in read(session, source, options, *remarks, ranks):
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


def _of_first(evaluation: Evaluation | None) -> Evaluation:
    assert evaluation is not None
    return evaluation


def _all_broken(source: Source) -> InputError:
    return InputError(f"All {len(source)} images of {source.name} are broken.", fix="Check the data.")


def _accuracy(kind: Kind, predictions: Predictions, options: EvaluateOptions) -> Accuracy:
    values: dict[str, float] = {}
    ci95: dict[str, tuple[float, float]] = {}
    for figure in figure_names(kind, predictions):  # one after the other: each has counts of all images
        ratio = predictions.ratio(figure)
        values[figure] = ratio.value
        ci95 |= intervals({figure: ratio}, options.resamples, options.seed)
    return Accuracy(**values, ci95=ci95, count=len(predictions))
