"""Builds the report of a run from the results of its stages."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from crnn_deploy.data.sources.base import Source
from crnn_deploy.environment import Environment
from crnn_deploy.evaluation.difference import text_agreement
from crnn_deploy.evaluation.primary_error import error_rise
from crnn_deploy.evaluation.result import Evaluation
from crnn_deploy.pipeline.advice import advice
from crnn_deploy.pipeline.recipe import Recipe
from crnn_deploy.pipeline.variants import StageResults
from crnn_deploy.quantization.record import QuantizationRecord
from crnn_deploy.report.run.confusion import Confusion, confusion
from crnn_deploy.report.run.errors import Errors, find_errors
from crnn_deploy.report.run.examples import build_examples
from crnn_deploy.report.run.explained import explain_worst
from crnn_deploy.report.run.report import Comparison, Report, TrainingPoint
from crnn_deploy.report.run.variant import Variant
from crnn_deploy.spec import LineageStep
from crnn_deploy.units import percent, points

_EXAMPLES, _WORST = 16, 4


def build_report(
    recipe: Recipe, command: str, results: StageResults, environment: Environment, source: Source
) -> Report:
    """The report of a run.

    Args:
        command: shell command that makes the report again.
        results: with variants that are evaluated, timed and judged where they could run.
        environment: the machine that the variants were timed on.
        source: the images of the evaluation, for the example lines.
    """
    variants = results.variants
    evaluations = {variant.name: variant.evaluation for variant in variants if variant.evaluation is not None}
    last = next(variant for variant in reversed(variants) if variant.name in evaluations)
    training = _training_points(last.artifact().spec.lineage)
    report = Report(
        title=recipe.title,
        command=command,
        environment=environment,
        dataset=evaluations[variants[0].name].dataset,
        rendered=recipe.sources.evaluation.render is not None,
        unproven=evaluations[variants[0].name].unproven,
        variants=variants,
        comparisons=tuple(_comparisons(variants, evaluations)),
        realised=_realised(variants),
        engines={variant.name: variant.engine for variant in variants if variant.engine is not None},
        examples=explain_worst(build_examples(source, evaluations, _EXAMPLES, _WORST), source, last),
        training=training,
        advice=advice(training),
        notes=(*_refusals(results), *results.left_out, *_remarks(variants)),
    )
    errors = _errors(report.shipped if report.ships else last, source)
    return report.model_copy(update={"confusion": _confusion(report.shipped), "errors": errors})


def _confusion(shipped: Variant) -> Confusion | None:
    if shipped.evaluation is None:
        return None
    return confusion(shipped.name, shipped.evaluation, shipped.artifact().spec.class_names)


def _errors(variant: Variant, source: Source) -> Errors | None:
    return None if variant.evaluation is None else find_errors(variant.name, variant.evaluation, source)


def _comparisons(variants: Sequence[Variant], evaluations: Mapping[str, Evaluation]) -> list[Comparison]:
    return [
        Comparison(
            variant=variant.name,
            parent=variant.parent,
            difference=error_rise(evaluations[variant.name], evaluations[variant.parent]),
            agreement=text_agreement(evaluations[variant.name], evaluations[variant.parent]),
        )
        for variant in variants
        if variant.parent is not None and variant.name in evaluations
    ]


def _training_points(lineage: Iterable[LineageStep]) -> tuple[TrainingPoint, ...]:
    """The training curve in the lineage of a student; epochs with the rounding of INT8 are counted on."""
    curve: list[TrainingPoint] = []
    for notes in (step.notes for step in lineage if step.stage == "distill"):
        plain, rounded = notes["history"], notes.get("qat_history", [])
        later = [{**point, "epoch": len(plain) + point["epoch"], "quantized": True} for point in rounded]
        curve += [TrainingPoint.model_validate(point) for point in (*plain, *later)]
    return tuple(curve)


def _realised(variants: Iterable[Variant]) -> dict[str, dict[str, int]]:
    """In which precision the runtime ran the layers of each variant that ran here, as quantization read it back."""
    return {
        variant.name: {
            f"{op} {precision}": count
            for precision, counts in (("INT8", realised.int8), ("FP32", realised.fp32))
            for op, count in counts.items()
        }
        for variant in variants
        if variant.evaluation is not None
        and variant.quantization is not None
        and (realised := variant.quantization.realised) is not None
    }


def _refusals(results: StageResults) -> list[str]:
    return [f"{name} does not ship. {error.sentences}" for name, error in results.refused.items()]


def _remarks(variants: Sequence[Variant]) -> list[str]:
    """Limits of the figures, and layers that run in FP32."""
    notes = [note for variant in variants if variant.evaluation for note in _of_data(variant.name, variant.evaluation)]
    for variant in variants:
        if variant.quantization is not None and variant.engine is not None:
            notes.append(_built_from(variant.name, variant.quantization))
        elif variant.quantization is not None:
            notes += _float_layers(variant.name, variant.quantization)
    return notes


def _of_data(name: str, evaluation: Evaluation) -> list[str]:
    """Characters that the model can't write, and images that could not be read."""
    notes = []
    if unknown := evaluation.unknown_characters:
        notes.append(
            f"{name} cannot write {' '.join(map(repr, unknown))}, which the labels contain "
            f"{sum(unknown.values())} times; these count as errors."
        )
    if evaluation.skipped:
        notes.append(f"{len(evaluation.skipped)} broken images were left out for {name}.")
    return notes


def _built_from(name: str, record: QuantizationRecord) -> str:
    """How well the INT8 model reads from which an engine was built; this needs no GPU."""
    change = record.comparison.difference
    return (
        f"{name} was built from an INT8 model that reads {percent(record.comparison.same_text)} of "
        f"{record.held_out_images:,} held-out images as the FP32 student does, in ONNX Runtime on a CPU; its error is "
        f"{points(change.delta)} points [{points(change.low)}, {points(change.high)}] against that of the student."
    )


def _float_layers(name: str, record: QuantizationRecord) -> list[str]:
    """How many layers of a quantized model run in FP32, a sentence for each reason."""
    reasons = Counter(layer.reason for layer in record.layers if layer.precision == "fp32")
    layers = len(record.layers)
    return [f"{name} runs {count} of its {layers} layers in FP32: {reason}." for reason, count in reasons.items()]
