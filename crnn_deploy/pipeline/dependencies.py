"""What the results of stages depend on, as plain data."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import BaseModel

from crnn_deploy.artifact import Artifact
from crnn_deploy.environment import environment
from crnn_deploy.files import sha256_of
from crnn_deploy.native import kernel_level
from crnn_deploy.pipeline.sources import RunSource


def depends_on(model: Artifact, data: RunSource, options: BaseModel) -> dict[str, Any]:
    """What the result of a stage with one model and one source depends on."""
    return {"model": model.sha256, "data": data.fingerprint, "options": options.model_dump(mode="json")}


def module_code(module: str) -> dict[str, str | None]:
    """`FILE.py:Class` with the hash of the file, None where the import will report that it is missing."""
    file = Path(module.rpartition(":")[0])
    return {"class": module, "sha256": sha256_of(file) if file.is_file() else None}


def speed_depends_on() -> dict[str, Any]:
    """What decides on this machine how fast a model runs."""
    return {"processor": environment().processor, "kernel": kernel_level()}
