"""`crnn-deploy package`."""

from __future__ import annotations

from pathlib import Path

from crnn_deploy import api
from crnn_deploy.cli.console import RichProgress, show_json, show_reservation, show_written
from crnn_deploy.serving.config import PackageConfig


def package(config: PackageConfig, as_json: bool) -> None:
    """Write a folder that reads without crnn-deploy: model, module, examples, check.

    The folder checks itself before it is moved to its place.

    \b
    Examples:
      crnn-deploy package student.int8.onnx --target python -o reader
      crnn-deploy package model.onnx --target python -o reader --data val.tar
      crnn-deploy package student.int8.onnx --target web -o page
    """
    with RichProgress() as progress:
        package = api.package(config, progress)
    if as_json:
        show_json(package.model_dump(mode="json"), config)
        return
    from crnn_deploy.units import images, size

    if package.unproven:
        show_reservation(f"Not proved: the model {package.unproven}")
    details = f"{size(package.size_bytes)}, {images(len(package.examples))} read as crnn-deploy does"
    show_written(Path(package.path), details, proved=not package.unproven)
