"""The verb `language`: put a language model into an artifact, and prove that it reads better with it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from crnn_deploy import units
from crnn_deploy.artifact import Artifact, open_artifact, read_onnx, read_safetensors, write_onnx, write_safetensors
from crnn_deploy.data.overlap import check_disjoint
from crnn_deploy.data.sources.base import Source, text_blocks
from crnn_deploy.data.sources.opening import open_source
from crnn_deploy.errors import GateError, InputError
from crnn_deploy.evaluation.config import EvaluateOptions
from crnn_deploy.evaluation.difference import Difference, paired_difference
from crnn_deploy.evaluation.evaluate import evaluate_session
from crnn_deploy.files import check_output
from crnn_deploy.language.config import LanguageConfig, LanguageOptions
from crnn_deploy.language.learning import learn
from crnn_deploy.language_model import LanguageModel
from crnn_deploy.progress import SILENT, Progress
from crnn_deploy.runtime.opening import open_session
from crnn_deploy.spec import LineageStep, ModelSpec
from crnn_deploy.text_encoding import TextEncoder

_SUFFIXES = {"safetensors": ".safetensors", "onnx": ".onnx"}


def add_language(config: LanguageConfig, progress: Progress = SILENT) -> Artifact:
    """Write `config.model` with a language model that is learned from labels; its network stays as it is.

    `evaluate`, `predict` and `Reader` count it in, unless they are asked to decode greedily.

    Raises:
        InputError: if the model or the labels can't be used, or the output can't be written.
        GateError: if the model does not read the validation lines better with it.
    """
    parent = open_artifact(config.model, config.trust_module)
    _check_reads_characters(parent)
    check_output(config.output, config.force, _SUFFIXES[parent.format], config.model)
    source = open_source(config.data, progress)
    require_texts(source)
    progress.status("Counting n-grams")
    model = learn(_labels(source, parent.spec), config.order, config.least)
    model = model.model_copy(update={"weight": config.weight, "bonus": config.bonus})
    notes, reservation = {}, "it was not compared on other lines (--val)"
    if config.validation is not None:
        difference = _compared(parent, model, source, config.validation, progress)
        notes, reservation = {"validation": difference.model_dump()}, ""
    options = config.model_dump(include=set(LanguageOptions.model_fields))
    step = LineageStep(stage="language", options=options, parent_sha256=parent.sha256, notes=notes)
    return _write(config, parent, parent.spec.after(step.reserved(reservation), language_model=model))


def require_texts(source: Source) -> None:
    """Raise `InputError` unless the labels of a source are texts."""
    if source.kind != "text":
        raise InputError(
            f"{source.name} has no texts for the language model.",
            fix="Give a source of labelled lines, or do without a language model.",
        )


def _check_reads_characters(parent: Artifact) -> None:
    spec = parent.spec
    if parent.format not in _SUFFIXES:
        raise InputError(
            f"{parent.path} is an engine, into which nothing can be put.",
            fix="Give the .onnx file that it was built from, and build it again.",
        )
    if spec.task != "ctc" or spec.sequences or spec.text_order != "logical":
        raise InputError(
            f"A language model does not suit {spec.name}.",
            "It names classes, spells characters by several classes, or reads from right to left in display order.",
            "Give a model that reads lines, a class for a character.",
        )


def _labels(source: Source, spec: ModelSpec) -> Iterator[str]:
    """The labels as the model writes them, but for those with characters that it lacks."""
    encoder = TextEncoder(spec)
    for _, labels in text_blocks(source):
        yield from (spec.text(encoder.classes(label)) for label in labels if not encoder.unknown(label))


def _compared(parent: Artifact, model: LanguageModel, source: Source, location: str, progress: Progress) -> Difference:
    """The error with the language model and a beam search, minus that of the most probable path.

    Raises:
        GateError: if it is not lower.
    """
    validation = open_source(location, progress)
    check_disjoint({"labels of the language model": source, "validation": validation})
    knowing = replace(parent, spec=parent.spec.model_copy(update={"language_model": model}))
    plain = evaluate_session(open_session(parent), validation, EvaluateOptions(decoder="greedy"), progress)
    with_language = evaluate_session(open_session(knowing), validation, EvaluateOptions(decoder="beam"), progress)
    difference = paired_difference(with_language, plain)
    before, after = (each.accuracy.cer_ci for each in (plain, with_language))
    progress.log(
        f"CER, case-insensitive: {before:.2%}; with the language model and a beam search {after:.2%}, "
        f"{units.points(difference.delta)} points ({units.points(difference.low)} … {units.points(difference.high)})"
    )
    if difference.high >= 0:
        raise GateError(
            f"{parent.spec.name} does not read {validation.name} better with the language model.",
            "Its labels are of another kind of text, it counts too much, or the lines are too few to tell.",
            "Give labels of such lines, a lower --weight, or more lines to compare on.",
        )
    return difference


def _write(config: LanguageConfig, parent: Artifact, spec: ModelSpec) -> Artifact:
    if parent.format == "onnx":
        return write_onnx(config.output, read_onnx(parent.path), spec, config.force)
    return write_safetensors(config.output, read_safetensors(parent.path), spec, config.force)
