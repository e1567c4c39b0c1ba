"""`crnn-deploy export`."""

from __future__ import annotations

from crnn_deploy import api
from crnn_deploy.cli.console import RichProgress
from crnn_deploy.cli.written_files import show_artifact
from crnn_deploy.export.config import ExportConfig


def export(config: ExportConfig, as_json: bool) -> None:
    """Export a model to ONNX, if it reads the same there.

    \b
    Examples:
      crnn-deploy export teacher.safetensors -o teacher.onnx
      crnn-deploy export teacher.safetensors -o teacher.onnx --data lines.tar
    """
    with RichProgress() as progress:
        artifact = api.export(config, progress)
    show_artifact(artifact, config, as_json)
