"""The files in a run's folder: copies of the models, pages about quantizations, and the manifest."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import get_args

import crnn_deploy
from crnn_deploy.artifact import Artifact
from crnn_deploy.environment import environment
from crnn_deploy.errors import InputError
from crnn_deploy.escaping import json_text
from crnn_deploy.evaluation.parquet import can_write, write_parquet
from crnn_deploy.files import make_folder, replacing, sha256_of, write_text
from crnn_deploy.locking import locked
from crnn_deploy.onnx_graph.external_data import model_files
from crnn_deploy.pipeline.recipe import Recipe
from crnn_deploy.pipeline.stage_cache import StageRecord
from crnn_deploy.quantization.config import Target
from crnn_deploy.quantization.quantize import Quantized
from crnn_deploy.report.quantization.page import write_quantization_report
from crnn_deploy.report.run.report import Report
from crnn_deploy.report.run.variant import Variant
from crnn_deploy.runtime.tensorrt.names import Precision

_LOG = ".log"
_PREDICTIONS = "predictions"
_ENGINE_FILES = ("", ".json", _LOG)  # the engine, its manifest, without which it can't be opened, and TensorRT's log
_ENGINES = tuple(f"student.{precision}.engine" for precision in get_args(Precision))
_MODELS = ("baseline.safetensors", "baseline.onnx", "student.int8.onnx", "student.tensorrt.int8.onnx")
_OLD_MODELS = ("teacher.safetensors", "teacher.onnx")  # the baseline, as version 0.1 called it
_PAGES: dict[Target, str] = {
    "cpu": "student.int8.html",
    "portable": "student.int8.html",
    "tensorrt": "student.tensorrt.int8.html",
}


class RunFolder:
    """The folder `runs/NAME`."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def stages(self) -> Path:
        """The folder with the results of all stages."""
        return self.path / "stages"

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Make the folder, and keep other runs out of it until the end of the block; it goes if it is empty then.

        Raises:
            InputError: if another run, or its `--prune`, is in progress in it, or it can't be made.
        """
        new = [folder for folder in (self.path, *self.path.parents) if not folder.exists()]
        make_folder(self.path)
        with contextlib.ExitStack() as stack:
            try:
                stack.enter_context(locked(self.path))
            except (BlockingIOError, FileNotFoundError):
                raise InputError(
                    f"{self.path} is in use.",
                    "Another run, or its --prune, is in progress in this folder.",
                    "Wait until it ends, or name another folder with --out.",
                ) from None
            for folder in reversed(new):  # runs last
                stack.callback(_remove_if_empty, folder)
            yield

    def ship_variant(self, variant: Variant) -> Variant:
        """The variant as a copy in this folder; the log of an engine is copied too."""
        name = f"baseline{variant.path.suffix}" if variant.parent is None else variant.path.name
        shipped = variant.moved(self._copied_model(variant.path, name))
        if variant.engine is None:
            return shipped
        return shipped.with_engine(variant.engine.model_copy(update={"log": f"{shipped.path}{_LOG}"}))

    def ship_companion(self, artifact: Artifact) -> Artifact:
        """A copy of a model that is not a variant of its own."""
        return Artifact(self._copied_model(artifact.path, artifact.path.name), artifact.spec)

    def remove_stale(self, current: Iterable[Path]) -> None:
        """Remove models of an earlier run that are not `current`: they would contradict the new report."""
        for name in {*_MODELS, *_OLD_MODELS, *_ENGINES}.difference(path.name for path in current):
            for ending in _endings(name):
                (self.path / f"{name}{ending}").unlink(missing_ok=True)

    def write_pages(self, quantized: Iterable[Quantized], wanted: bool) -> tuple[Path, ...]:
        """A page about each quantization; pages of an earlier run are removed.

        Args:
            wanted: False if the report has no HTML page either.
        """
        results = {result.record.target: result for result in quantized if wanted}
        for target, page in _PAGES.items():
            if target not in results:
                (self.path / page).unlink(missing_ok=True)
        for target, result in results.items():
            name = result.artifact.spec.name
            write_quantization_report(result.record, self.path / _PAGES[target], name, force=True)
        return tuple(self.path / _PAGES[target] for target in _PAGES if target in results)

    def write_predictions(self, variants: Iterable[Variant]) -> tuple[Path, ...]:
        """What each variant read, as `predictions/VARIANT.parquet`; none without the extra `parquet`.

        Files of an earlier run are removed.
        """
        folder = self.path / _PREDICTIONS
        for old in folder.glob("*.parquet"):
            old.unlink()
        evaluations = {v.name: v.evaluation for v in variants if v.evaluation is not None and can_write()}
        for name, evaluation in evaluations.items():
            write_parquet(evaluation, folder / f"{name}.parquet", force=True)
        return tuple(folder / f"{name}.parquet" for name in evaluations)

    def write_manifest(
        self, recipe: Recipe, stages: Iterable[StageRecord], artifacts: Mapping[str, Artifact], report: Report
    ) -> None:
        """Write `manifest.json`: recipe, stages, tool versions, and hashes of the models in this folder."""
        manifest = {
            "schema": 1,
            "crnn_deploy": crnn_deploy.__version__,
            "command": report.command,
            "recipe": recipe.model_dump(mode="json"),
            "packages": environment().packages,
            "stages": [record.model_dump() for record in stages],
            "artifacts": {
                name: {"path": artifact.path.name, "sha256": artifact.sha256, "size_bytes": artifact.size_bytes}
                for name, artifact in artifacts.items()
            },
            "ships": report.shipped.name,
        }
        write_text(self.path / "manifest.json", json_text(manifest) + "\n")

    def _copied_model(self, source: Path, name: str) -> Path:
        """A copy of the file `source` as `name`, with the files that belong to it."""
        for ending in _endings(name):
            _copy(source.with_name(f"{source.name}{ending}"), self.path / f"{name}{ending}")
        for data in model_files(source)[1:]:
            _copy(data, self.path / data.relative_to(source.parent))
        return self.path / name


def _remove_if_empty(folder: Path) -> None:
    with contextlib.suppress(OSError):
        folder.rmdir()


def _copy(source: Path, target: Path) -> None:
    if not target.exists() or sha256_of(target) != sha256_of(source):
        with replacing(target, force=True) as temporary:
            shutil.copyfile(source, temporary)


def _endings(name: str) -> tuple[str, ...]:
    return _ENGINE_FILES if name.endswith(".engine") else ("",)
