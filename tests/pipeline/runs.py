"""Options of a tiny distillation, what a run left in its folder, and how it is interrupted."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, TypeVar

from crnn_deploy.progress import Silent

T = TypeVar("T")
TINY = {"student": {"width": 0.25, "hidden": 8}, "batch_size": 10, "precision": "fp32"}
FILES = ("baseline.safetensors", "baseline.onnx", "student.safetensors", "student.onnx", "student.int8.onnx")


class StopAfter(Silent):
    """Ctrl-C at the n-th thing that any loop of the run does."""

    def __init__(self, count: int) -> None:
        self.left = count

    def track(self, items: Iterable[T], description: str, total: int, done: int = 0) -> Iterator[T]:
        for item in items:
            self.left -= 1
            if self.left < 0:
                raise KeyboardInterrupt
            yield item


def manifest(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "manifest.json").read_text())
    return found


def stages(folder: Path) -> dict[str, bool]:
    """Stage → whether the last run took it from the cache."""
    return {
        "-".join(filter(None, (record["stage"], record["role"]))): record["cached"]
        for record in manifest(folder)["stages"]
    }


def artifacts(folder: Path) -> dict[str, bytes]:
    """The content of each model."""
    return {name: (folder / name).read_bytes() for name in FILES}
