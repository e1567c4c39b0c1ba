"""The verb `run`: a recipe from checkpoint to report."""

from __future__ import annotations

import json
import shlex
import shutil
from dataclasses import dataclass, replace
from pathlib import Path

from pydantic import Field

import crnn_deploy
from crnn_deploy.artifact import Artifact
from crnn_deploy.environment import environment
from crnn_deploy.files import remove_leftovers, replacing, sha256_of, write_text
from crnn_deploy.pipeline.cache import StageCache
from crnn_deploy.pipeline.compose import Candidate, compose_report
from crnn_deploy.pipeline.recipe import Recipe, load_recipe
from crnn_deploy.pipeline.sources import open_sources
from crnn_deploy.pipeline.stages import Stages
from crnn_deploy.progress import SILENT, Progress
from crnn_deploy.quantization import Quantized, RejectedError
from crnn_deploy.report import Report, Written, write_quantization_report, write_report
from crnn_deploy.spec import Frozen

_RUNS = Path("runs")
_INT8, _INT8_PAGE = "student.int8.onnx", "student.int8.html"


class RunConfig(Frozen):
    """One run of a recipe."""

    recipe: Path
    settings: tuple[str, ...] = Field(default=(), description="key=value, over the recipe's own")
    out: Path | None = Field(default=None, description="absent: runs/NAME")


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


@dataclass(frozen=True)
class Made:
    """A variant as its stage left it, the name of the file that ships, and what a quantization left with it."""

    name: str
    stage: str
    parent: str | None
    artifact: Artifact
    file: str
    quantized: Quantized | None = None


def run(config: RunConfig, progress: Progress = SILENT) -> RunResult:
    """Run a recipe: import, distill, export, quantize, evaluate, benchmark, report.

    Stages whose inputs and options have not changed are taken from the run's cache; an interrupted run goes on where
    it was. A rejected gate is told in the result, with the report written all the same.

    Raises:
        InputError: if the recipe, the checkpoint or the data can't be used.
        GateError: if a stage makes a model that can't be right, so that there is nothing to report.
    """
    recipe = load_recipe(config.recipe, config.settings)
    folder = config.out or _RUNS / recipe.name
    remove_leftovers(folder)
    cache = StageCache(folder / "stages", progress)
    sources = open_sources(recipe, cache, progress)
    stages = Stages(recipe, sources, cache, progress)

    made, student, refused = _make(stages)
    if refused:
        (folder / _INT8).unlink(missing_ok=True)  # of an earlier run, whose report is about to be replaced
    candidates = [
        Candidate(
            m.name,
            m.stage,
            m.parent,
            _ship(m.artifact, folder / m.file),
            stages.evaluate(m.name, m.artifact),
            m.quantized.record if m.quantized else None,
        )
        for m in made
    ]
    measured = stages.benchmark([candidate.artifact for candidate in candidates])
    command = _command(config)
    report = compose_report(recipe, command, candidates, refused, measured, sources.evaluation.source)
    written = write_report(report, folder)
    for quantized in (*(error.quantized for error in refused.values()), *(m.quantized for m in made if m.quantized)):
        written = _write_page(quantized, folder / _INT8_PAGE, written)
    shipped = {candidate.name: candidate.artifact for candidate in candidates}
    shipped["student-weights"] = _ship(student, folder / "student.safetensors")
    _write_manifest(folder, recipe, command, cache, shipped, report)
    return RunResult(folder, report, written, tuple(refused))


def _make(stages: Stages) -> tuple[list[Made], Artifact, dict[str, RejectedError]]:
    """The variants, the student's weights, and why a variant was not made."""
    teacher = stages.import_teacher()
    teacher_onnx = stages.export("teacher", teacher)
    student = stages.distill(teacher_onnx)
    student_onnx = stages.export("student", student)
    made = [Made("teacher", "import", None, teacher, f"teacher{teacher.path.suffix}")]
    if teacher_onnx is not teacher:
        made.append(Made("teacher-onnx", "export", "teacher", teacher_onnx, "teacher.onnx"))
    made.append(Made("student", "distill", "teacher", student_onnx, "student.onnx"))
    try:
        int8 = stages.quantize("student", student_onnx)
    except RejectedError as error:  # the FP32 student is still worth a report
        return made, student, {"student-int8": error}
    made.append(Made("student-int8", "quantize", "student", int8.artifact, _INT8, int8))
    return made, student, {}


def _write_page(quantized: Quantized, path: Path, written: Written) -> Written:
    """The files of the report and the page of a quantization, which is left out where the report's own page is."""
    if written.html_error is not None:
        path.unlink(missing_ok=True)
        return written
    write_quantization_report(quantized.record, path, quantized.artifact.spec.name, force=True)
    return replace(written, files=(*written.files, path))


def _ship(artifact: Artifact, target: Path) -> Artifact:
    """A copy of the artifact under its plain name in the run's folder."""
    if not target.exists() or sha256_of(target) != artifact.sha256:
        with replacing(target, force=True) as temporary:
            shutil.copyfile(artifact.path, temporary)
    return Artifact(target, artifact.spec)


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
