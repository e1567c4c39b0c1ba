"""The files of a run's folder: those that ship under plain names, and none of an earlier run that contradict them."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import get_args

from crnn_deploy.artifact import Artifact
from crnn_deploy.files import replacing, sha256_of
from crnn_deploy.pipeline.variants import INT8, TENSORRT_INT8, engine_file
from crnn_deploy.runtime.tensorrt.names import Precision

LOG = ".log"
_OPTIONAL = ("baseline.onnx", "baseline.safetensors", INT8, TENSORRT_INT8)
_OLD_NAMES = ("teacher.onnx", "teacher.safetensors")  # what version 0.1 called the baseline
_BESIDE_ENGINES = (".json", LOG)  # the manifest, without which an engine can't be opened, and what TensorRT said


def ship(artifact: Artifact, target: Path) -> Artifact:
    """A copy of the artifact as `target`, with the files that belong to it."""
    endings = ("", *_BESIDE_ENGINES) if artifact.format == "engine" else ("",)
    for ending in endings:
        _copy(artifact.path.with_name(f"{artifact.path.name}{ending}"), target.with_name(f"{target.name}{ending}"))
    return Artifact(target, artifact.spec)


def remove_stale(folder: Path, current: Iterable[str]) -> None:
    """Remove what an earlier run shipped and this one does not: its report is about to be replaced.

    Args:
        current: names of the files that this run ships.
    """
    engines = {engine_file(precision) for precision in get_args(Precision)}
    for name in {*_OPTIONAL, *_OLD_NAMES, *engines}.difference(current):
        for ending in ("", *_BESIDE_ENGINES) if name in engines else ("",):
            (folder / f"{name}{ending}").unlink(missing_ok=True)


def _copy(source: Path, target: Path) -> None:
    if not target.exists() or sha256_of(target) != sha256_of(source):
        with replacing(target, force=True) as temporary:
            shutil.copyfile(source, temporary)
