"""Puts what the stages found into one report, with the verdicts of the gates."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from crnn_deploy.artifact import Artifact
from crnn_deploy.benchmark.result import Benchmark, Measured
from crnn_deploy.data.source import Source
from crnn_deploy.engine.record import EngineRecord
from crnn_deploy.errors import GateError
from crnn_deploy.evaluation.difference import text_agreement
from crnn_deploy.evaluation.result import Evaluation
from crnn_deploy.inspection.facts import measure
from crnn_deploy.pipeline.advice import advice
from crnn_deploy.pipeline.gates import Judge, rise
from crnn_deploy.pipeline.recipe import Recipe
from crnn_deploy.quantization.record import QuantizationRecord
from crnn_deploy.report.run.examples import build_examples
from crnn_deploy.report.run.model import Comparison, Gate, Report, TrainingPoint, Variant
from crnn_deploy.units import percent, points

_EXAMPLES = 16


@dataclass(frozen=True)
class Candidate:
    """One variant of the run with what was found out about it, and the one that it was made from.

    `quantization` tells what led to one in INT8, `engine` how an engine was built.
    """

    name: str
    stage: str
    parent: str | None
    artifact: Artifact
    evaluation: Evaluation
    quantization: QuantizationRecord | None = None
    engine: EngineRecord | None = None


@dataclass(frozen=True)
class Unproven:
    """A variant that could not run on this machine, and why."""

    name: str
    stage: str
    artifact: Artifact
    reason: str
    quantization: QuantizationRecord | None = None
    engine: EngineRecord | None = None


@dataclass(frozen=True)
class Findings:
    """What a run came to.

    Args:
        candidates: the baseline first, then in the order in which they were made.
        benchmark: with one variant for each candidate, in their order.
        refused: variants that a stage would not make, and why.
        left_out: sentences on what could not be made here.
    """

    candidates: list[Candidate]
    unproven: list[Unproven]
    benchmark: Benchmark
    refused: Mapping[str, GateError]
    left_out: Sequence[str]

    @property
    def variants(self) -> list[Candidate | Unproven]:
        return [*self.candidates, *self.unproven]


def compose_report(recipe: Recipe, command: str, findings: Findings, source: Source) -> Report:
    """The report of a run.

    Args:
        source: the images of the evaluation, for the example lines.
    """
    candidates = findings.candidates
    named = _named(findings.benchmark, candidates)
    judge = Judge(recipe.budget, named, {candidate.name: candidate.evaluation for candidate in candidates})
    training = _training_points(candidates[-1].artifact)
    return Report(
        title=recipe.title,
        command=command,
        environment=named.environment,
        dataset=candidates[0].evaluation.dataset,
        variants=(
            *(
                _variant(candidate, measured, judge.verdict(candidate.stage, candidate.name, candidate.parent))
                for candidate, measured in zip(candidates, named.variants, strict=True)
            ),
            *map(_unproven, findings.unproven),
        ),
        comparisons=tuple(_comparisons(candidates)),
        realised=_realised(candidates),
        engines={made.name: made.engine for made in findings.variants if made.engine is not None},
        examples=build_examples(source, {c.name: c.evaluation for c in candidates}, _EXAMPLES),
        training=training,
        advice=advice(training),
        notes=tuple(_notes(findings)),
    )


def _named(benchmark: Benchmark, candidates: list[Candidate]) -> Benchmark:
    """The benchmark with the names of the run instead of file names."""
    renamed = zip(benchmark.variants, candidates, strict=True)
    return benchmark.model_copy(
        update={"variants": tuple(measured.model_copy(update={"name": c.name}) for measured, c in renamed)}
    )


def _variant(candidate: Candidate, measured: Measured, gate: Gate) -> Variant:
    return Variant(
        name=candidate.name,
        stage=candidate.stage,
        path=str(candidate.artifact.path),
        format=measured.format,
        precision=measured.precision,
        size_bytes=measured.size_bytes,
        parameters=measured.parameters,
        macs=measured.macs,
        accuracy=candidate.evaluation.accuracy,
        latency=measured.latency,
        gate=gate,
    )


def _unproven(made: Unproven) -> Variant:
    """The row of what could not run: its file is all that there is to measure."""
    facts = measure(made.artifact)
    return Variant(
        name=made.name,
        stage=made.stage,
        path=str(made.artifact.path),
        format=made.artifact.format,
        precision=facts.precision,
        size_bytes=made.artifact.size_bytes,
        parameters=facts.parameters,
        macs=facts.macs,
        gate=Gate(status="unproven", reason=f"built, not run: {made.reason}"),
    )


def _comparisons(candidates: list[Candidate]) -> list[Comparison]:
    evaluations = {candidate.name: candidate.evaluation for candidate in candidates}
    return [
        Comparison(
            variant=candidate.name,
            parent=candidate.parent,
            difference=rise(candidate.evaluation, evaluations[candidate.parent]),
            agreement=text_agreement(candidate.evaluation, evaluations[candidate.parent]),
        )
        for candidate in candidates
        if candidate.parent is not None
    ]


def _training_points(student: Artifact) -> tuple[TrainingPoint, ...]:
    """The curve that distillation left in the lineage; epochs with the rounding of INT8 go on counting."""
    points: list[TrainingPoint] = []
    for notes in (step.notes for step in student.spec.lineage if step.stage == "distill"):
        plain, rounded = notes["history"], notes.get("qat_history", [])
        later = [{**point, "epoch": len(plain) + point["epoch"], "quantized": True} for point in rounded]
        points += [TrainingPoint.model_validate(point) for point in (*plain, *later)]
    return tuple(points)


def _realised(candidates: list[Candidate]) -> dict[str, dict[str, int]]:
    """What the runtime really ran in which precision, as quantization read it back."""
    return {
        candidate.name: {
            f"{op} {precision}": count
            for precision, counts in (("INT8", realised.int8), ("FP32", realised.fp32))
            for op, count in counts.items()
        }
        for candidate in candidates
        if candidate.quantization is not None and (realised := candidate.quantization.realised) is not None
    }


def _notes(findings: Findings) -> list[str]:
    """What a reader should know before trusting the table."""
    notes = [
        " ".join(part for part in (f"{name} does not ship.", error.what, error.cause, error.fix) if part)
        for name, error in findings.refused.items()
    ]
    notes += findings.left_out
    for candidate in findings.candidates:
        unknown = candidate.evaluation.unknown_characters
        if unknown:
            notes.append(
                f"{candidate.name} cannot write {' '.join(map(repr, unknown))}, which the labels hold "
                f"{sum(unknown.values())} times; these count as errors."
            )
        if candidate.evaluation.skipped:
            notes.append(f"{len(candidate.evaluation.skipped)} broken images were left out for {candidate.name}.")
    for made in findings.variants:
        if made.quantization is not None and made.engine is not None:
            notes.append(_built_from(made.name, made.quantization))
        elif made.quantization is not None:
            notes += _float_layers(made.name, made.quantization)
    return notes


def _built_from(name: str, record: QuantizationRecord) -> str:
    """How the INT8 model reads that an engine was built from: known without a GPU."""
    change = record.comparison.difference
    return (
        f"{name} was built from an INT8 model that reads {percent(record.comparison.same_text)} of "
        f"{record.held_out_images:,} held-out images as the FP32 student does, in ONNX Runtime on a CPU; its error is "
        f"{points(change.delta)} points [{points(change.low)}, {points(change.high)}] against that."
    )


def _float_layers(name: str, record: QuantizationRecord) -> list[str]:
    """How many layers of a quantized model run in FP32, a sentence for each reason."""
    reasons = Counter(layer.reason for layer in record.layers if layer.precision == "fp32")
    layers = len(record.layers)
    return [f"{name} runs {count} of its {layers} layers in FP32: {reason}." for reason, count in reasons.items()]
