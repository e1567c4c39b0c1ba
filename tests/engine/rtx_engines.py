"""Engines that TensorRT-RTX builds of tiny models."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from crnn_deploy.engine.build_engine import BuiltEngine, build_engine
from crnn_deploy.engine.config import EngineConfig

Models = dict[str, Path]


def build(folder: Path, model: Path, **options: Any) -> BuiltEngine:
    given = {"targets": ("sm89",), "plugin": False} | options
    return build_engine(EngineConfig(model=model, output=folder / "m.engine", flavor="tensorrt-rtx", **given))


def counts(made: BuiltEngine) -> dict[tuple[str, str], int]:
    return {(layer.kind, layer.precision): layer.count for layer in made.record.layers}
