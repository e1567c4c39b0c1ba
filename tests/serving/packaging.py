"""Packages for Python, and specs of small models that they are made of."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from crnn_deploy.preprocessing import Preprocessing
from crnn_deploy.serving.config import PackageConfig
from crnn_deploy.serving.package import Package, package
from crnn_deploy.spec import ModelSpec


def made(folder: Path, model: Path, **options: Any) -> Package:
    """A package for Python of this model."""
    return package(PackageConfig(model=model, target="python", output=folder, **options))


def spec_of(**changes: Any) -> ModelSpec:
    """Of a model that reads lines of at most 256 pixels."""
    seen = Preprocessing.model_validate({"height": 16, "max_width": 256, **changes})
    return ModelSpec(name="conv", charset=tuple("abcdefgh"), preprocessing=seen)


def classifier_spec() -> ModelSpec:
    seen = Preprocessing(height=16, width=16)
    return ModelSpec(name="conv", task="classify", class_names=tuple("uvwxyz"), preprocessing=seen)
