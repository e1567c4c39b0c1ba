"""The verb `run`: a recipe from checkpoint to report."""

from __future__ import annotations

import json
import shlex
from dataclasses import dataclass, replace
from pathlib import Path

import crnn_deploy
from crnn_deploy.artifact import Artifact
from crnn_deploy.environment import environment
from crnn_deploy.errors import InputError
from crnn_deploy.files import remove_leftovers, write_text
from crnn_deploy.pipeline.cache import StageCache
from crnn_deploy.pipeline.config import RunConfig
from crnn_deploy.pipeline.engine_tools import EngineTools, find_engine_tools, why_not_run
from crnn_deploy.pipeline.recipe import Recipe, load_recipe
from crnn_deploy.pipeline.report_builder import Candidate, Findings, Unproven, compose_report
from crnn_deploy.pipeline.shipping import LOG, remove_stale, ship
from crnn_deploy.pipeline.sources import open_sources
from crnn_deploy.pipeline.stages import Stages
from crnn_deploy.pipeline.variants import Variants, make_variants
from crnn_deploy.progress import SILENT, Progress
from crnn_deploy.quantization.quantize import Quantized
from crnn_deploy.quantization.target import Target
from crnn_deploy.report.quantization.page import write_quantization_report
from crnn_deploy.report.run.model import Report
from crnn_deploy.report.run.write import Written, write_report

_RUNS = Path("runs")
_PAGES: dict[Target, str] = {"cpu": "student.int8.html", "tensorrt": "student.tensorrt.int8.html"}


@dataclass(frozen=True)
class RunResult:
    """What came out: the report, where it lies, and the variants that a stage refused to make."""

    folder: Path
    report: Report
    written: Written
    refused: tuple[str, ...]

    @property
    def rejected(self) -> list[str]:
        """Variants that did not pass, whether they were made or not."""
        failed = [variant.name for variant in self.report.variants if variant.gate.status == "rejected"]
        return [*failed, *self.refused]


def run(config: RunConfig, progress: Progress = SILENT) -> RunResult:
    """Run a recipe: import, distill, export, quantize, build engines, evaluate, benchmark, report.

    Stages whose inputs and options have not changed are taken from the run's cache; an interrupted run goes on where
    it was. A rejected gate is told in the result, with the report written all the same.

    Raises:
        InputError: if the recipe, the checkpoint or the data can't be used, or required engines can't be built here.
        GateError: if a stage makes a model that can't be right, so that there is nothing to report.
    """
    recipe = load_recipe(config.recipe, config.settings)
    tools = _engine_tools(recipe)
    folder = config.out or _RUNS / recipe.name
    remove_leftovers(folder)
    cache = StageCache(folder / "stages", progress)
    sources = open_sources(recipe, cache, progress)
    stages = Stages(recipe, sources, cache, progress)

    variants = make_variants(stages, tools, progress)
    beside = {name: ship(artifact, folder / file) for name, (artifact, file) in variants.beside.items()}
    remove_stale(folder, [*(made.file for made in variants.made), *(made.path.name for made in beside.values())])
    findings = _examine(variants, stages, folder)
    command = _command(config)
    report = compose_report(recipe, command, findings, sources.evaluation.source)
    written = write_report(report, folder)
    pages = {folder / page: _quantized_for(target, variants) for target, page in _PAGES.items()}
    for page, quantized in pages.items():
        written = _write_page(quantized, page, written)
    shipped = {made.name: made.artifact for made in findings.variants} | beside
    _write_manifest(folder, recipe, command, cache, shipped, report)
    return RunResult(folder, report, written, tuple(variants.refused))


def _engine_tools(recipe: Recipe) -> EngineTools | InputError | None:
    """What engines will be built with, or why they can't be, found before anything long; None where none are wanted."""
    if recipe.engines is None:
        return None
    try:
        return find_engine_tools(recipe.engines)
    except InputError as error:
        if not recipe.engines.must_be_built:
            return error
        cause = "\n".join(part for part in (error.what, error.cause) if part)
        raise InputError("This machine cannot build the engines that the recipe requires.", cause, error.fix) from None


def _examine(variants: Variants, stages: Stages, folder: Path) -> Findings:
    """Ship the variants, and evaluate and benchmark those that run here."""
    candidates: list[Candidate] = []
    unproven: list[Unproven] = []
    for made in variants.made:
        shipped = ship(made.artifact, folder / made.file)
        record = made.quantized.record if made.quantized else None
        engine = made.engine and made.engine.model_copy(update={"log": f"{shipped.path}{LOG}"})
        reason = why_not_run(made.artifact) if made.engine else ""
        if reason:
            unproven.append(Unproven(made.name, made.stage, shipped, reason, record, engine))
            continue
        found = stages.evaluate(made.name, made.artifact)
        candidates.append(Candidate(made.name, made.stage, made.parent, shipped, found, record, engine))
    measured = stages.benchmark([candidate.artifact for candidate in candidates])
    return Findings(candidates, unproven, measured, variants.refused, variants.left_out)


def _quantized_for(target: Target, variants: Variants) -> Quantized | None:
    return next((made for made in variants.quantized if made.record.target == target), None)


def _write_page(quantized: Quantized | None, path: Path, written: Written) -> Written:
    """The files of the report and the page of a quantization, which is left out where the report's own page is."""
    if quantized is None or written.html_error is not None:
        path.unlink(missing_ok=True)  # an older one would contradict the report
        return written
    write_quantization_report(quantized.record, path, quantized.artifact.spec.name, force=True)
    return replace(written, files=(*written.files, path))


def _command(config: RunConfig) -> str:
    settings = [word for setting in config.settings for word in ("--set", setting)]
    out = ["--out", str(config.out)] if config.out else []
    return shlex.join(["crnn-deploy", "run", str(config.recipe), *settings, *out])


def _write_manifest(
    folder: Path, recipe: Recipe, command: str, cache: StageCache, shipped: dict[str, Artifact], report: Report
) -> None:
    manifest = {
        "schema": 1,
        "crnn_deploy": crnn_deploy.__version__,
        "command": command,
        "recipe": recipe.model_dump(mode="json"),
        "packages": environment().packages,
        "stages": [record.model_dump() for record in cache.records],
        "artifacts": {
            name: {"path": artifact.path.name, "sha256": artifact.sha256, "size_bytes": artifact.size_bytes}
            for name, artifact in shipped.items()
        },
        "ships": report.shipped.name,
    }
    write_text(folder / "manifest.json", json.dumps(manifest, indent=2, ensure_ascii=False) + "\n")
