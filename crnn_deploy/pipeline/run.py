"""The verb `run`: a recipe from checkpoint to report."""

from __future__ import annotations

import shlex
from dataclasses import dataclass, replace
from pathlib import Path

from crnn_deploy.benchmark.result import Benchmark
from crnn_deploy.errors import InputError
from crnn_deploy.files import remove_leftovers
from crnn_deploy.pipeline.config import RunConfig
from crnn_deploy.pipeline.engine_tools import EngineTools, find_engine_tools, why_not_run
from crnn_deploy.pipeline.gates import Judge
from crnn_deploy.pipeline.recipe import Recipe, load_recipe
from crnn_deploy.pipeline.report_builder import build_report
from crnn_deploy.pipeline.run_folder import RunFolder
from crnn_deploy.pipeline.sources import open_sources
from crnn_deploy.pipeline.stage_cache import StageCache
from crnn_deploy.pipeline.stages import Stages
from crnn_deploy.pipeline.variants import StageResults, VariantMaker
from crnn_deploy.progress import SILENT, Progress
from crnn_deploy.report.run.report import Report
from crnn_deploy.report.run.variant import Gate, Variant
from crnn_deploy.report.run.write import Written, write_report

_RUNS = Path("runs")


@dataclass(frozen=True)
class RunResult:
    """The report, its folder and files, and the variants that a stage rejected."""

    folder: Path
    report: Report
    written: Written
    refused: tuple[str, ...]

    @property
    def rejected(self) -> list[str]:
        """Variants that did not pass, in a gate or already in their stage."""
        failed = [variant.name for variant in self.report.variants if variant.gate.status == "rejected"]
        return [*failed, *self.refused]


def run(config: RunConfig, progress: Progress = SILENT) -> RunResult:
    """Run a recipe: import, distill, export, quantize, build engines, evaluate, benchmark, report.

    Stages whose inputs and options have not changed are taken from the run's cache; an interrupted run continues at
    the stage that it had reached. A rejected gate is part of the result, and the report is written all the same.

    Raises:
        InputError: if the recipe, the checkpoint or the data can't be used, required engines can't be built here, or
            another run is in progress in the same folder.
        GateError: if a stage makes a model that can't be right, so that there is nothing to report.
    """
    if config.prune:
        raise InputError("This config prunes a run.", fix="Call `prune` with it, or leave `prune` out.")
    recipe = load_recipe(config.recipe, config.settings)
    tools = engine_tools(recipe)
    folder = run_folder(config, recipe)
    with folder.locked():
        return _run(config, recipe, tools, folder, progress)


def run_folder(config: RunConfig, recipe: Recipe) -> RunFolder:
    """Where a run has its files."""
    return RunFolder(config.out or _RUNS / recipe.name)


def _run(
    config: RunConfig, recipe: Recipe, tools: EngineTools | InputError | None, folder: RunFolder, progress: Progress
) -> RunResult:
    remove_leftovers(folder.path)
    cache = StageCache(folder.stages, progress)
    sources = open_sources(recipe, cache, progress)
    stages = Stages(recipe, sources, cache, progress, config.trust_module)

    results = _shipped(VariantMaker(stages, tools, progress).make(), folder)
    variants, benchmark = examined(results.variants, stages)
    results = replace(results, variants=_judged(variants, recipe))
    if any(variant.gate.too_noisy for variant in results.variants):
        cache.forget("benchmark")
        progress.log("The machine was too busy to judge the speed; the next run times the models again.")
    report = build_report(recipe, _command(config), results, benchmark.environment, sources.evaluation.source)
    written = write_report(report, folder.path)
    pages = folder.write_pages(results.quantized, wanted=written.html_error is None)
    read = folder.write_predictions(results.variants)
    artifacts = {variant.name: variant.artifact() for variant in results.variants} | dict(results.companions)
    folder.write_manifest(recipe, cache.records, artifacts, report)
    return RunResult(
        folder.path, report, replace(written, files=(*written.files, *pages, *read)), tuple(results.refused)
    )


def engine_tools(recipe: Recipe) -> EngineTools | InputError | None:
    """The tools that build the engines, or why there are none; None where the recipe asks for no engines.

    Called before anything that takes long.
    """
    if recipe.engines is None:
        return None
    try:
        return find_engine_tools(recipe.engines)
    except InputError as error:
        if not recipe.engines.must_be_built:
            return error
        cause = "\n".join(part for part in (error.what, error.cause) if part)
        raise InputError("This machine cannot build the engines that the recipe requires.", cause, error.fix) from None


def _shipped(results: StageResults, folder: RunFolder) -> StageResults:
    """The results as files in the run's folder, without models of an earlier run."""
    variants = tuple(folder.ship_variant(variant) for variant in results.variants)
    companions = {name: folder.ship_companion(artifact) for name, artifact in results.companions.items()}
    shipped = [variant.path for variant in variants] + [artifact.path for artifact in companions.values()]
    folder.remove_stale(shipped)
    return replace(results, variants=variants, companions=companions)


def examined(variants: tuple[Variant, ...], stages: Stages) -> tuple[tuple[Variant, ...], Benchmark]:
    """The variants with their accuracy and latency; those that can't run here come last, with the reason."""
    ran: list[Variant] = []
    unproven: list[Variant] = []
    for variant in variants:
        reason = why_not_run(variant.artifact()) if variant.format == "engine" else ""
        if reason:
            unproven.append(variant.judged(Gate(status="unproven", reason=f"built, not run: {reason}")))
        else:
            ran.append(variant.evaluated(stages.evaluate(variant.name, variant.artifact())))
    benchmark = stages.benchmark([variant.artifact() for variant in ran])
    measured = zip(ran, benchmark.variants, strict=True)
    timed = [variant.timed(row.latency, row.reading) for variant, row in measured]
    return (*timed, *unproven), benchmark


def _judged(variants: tuple[Variant, ...], recipe: Recipe) -> tuple[Variant, ...]:
    """The variants with the verdicts of their gates, where they ran."""
    judge = Judge(recipe.budget, [variant for variant in variants if variant.evaluation is not None])
    return tuple(v.judged(judge.verdict(v)) if v.evaluation is not None else v for v in variants)


def _command(config: RunConfig) -> str:
    settings = [word for setting in config.settings for word in ("--set", setting)]
    out = ["--out", str(config.out)] if config.out else []
    trust = ["--trust-module"] if config.trust_module else []
    return shlex.join(["crnn-deploy", "run", str(config.recipe), *settings, *out, *trust])
