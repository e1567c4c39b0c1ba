"""`crnn-deploy export`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from crnn_deploy.cli.artifacts import show_artifact
from crnn_deploy.cli.console import RichProgress
from crnn_deploy.cli.options import SOURCE, Debug, Force, Json, Output, as_config


def export(
    model: Annotated[Path, typer.Argument(metavar="MODEL", help="A .safetensors artifact.")],
    output: Output,
    data: Annotated[str | None, typer.Option(metavar=SOURCE, help="Real images for the parity check.")] = None,
    opset: Annotated[int, typer.Option(help="ONNX operator set, 19 or 20.")] = 20,
    force: Force = False,
    as_json: Json = False,
    _debug: Debug = False,
) -> None:
    """Export a model to ONNX, if it reads the same there.

    \b
    Examples:
      crnn-deploy export teacher.safetensors -o teacher.onnx
      crnn-deploy export teacher.safetensors -o teacher.onnx --data lines.tar
    """
    from crnn_deploy.export.config import ExportConfig
    from crnn_deploy.export.export import export as export_model

    given = {"model": model, "output": output, "data": data, "opset": opset, "force": force}
    config = as_config(ExportConfig, given)
    with RichProgress() as progress:
        artifact = export_model(config, progress)
    show_artifact(artifact, as_json)
