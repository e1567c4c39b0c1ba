"""`crnn-deploy import`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from crnn_deploy.cli.artifacts import show_artifact
from crnn_deploy.cli.console import RichProgress
from crnn_deploy.cli.options import Debug, Force, Json, Output


def import_(
    checkpoint: Annotated[Path, typer.Argument(metavar="CKPT", help="A .pth, .pt, .safetensors or .onnx file.")],
    output: Output,
    module: Annotated[str | None, typer.Option(metavar="FILE.py:CLASS", help="Your own network.")] = None,
    spec: Annotated[Path | None, typer.Option(metavar="SPEC.yaml", help="What the checkpoint doesn't tell.")] = None,
    force: Force = False,
    as_json: Json = False,
    _debug: Debug = False,
) -> None:
    """Turn a third-party checkpoint into an artifact that carries its spec.

    EasyOCR generation-2, legere and PP-OCR (ONNX) are recognised by themselves. Nothing in the file is executed.

    A SPEC.yaml has the keys charset (or charset_file: one character a line),
    blank, preprocessing (channels, height, width, mean, std, padding …) and,
    for --module, architecture.options.arguments.

    \b
    Examples:
      crnn-deploy import english_g2.pth -o teacher.safetensors
      crnn-deploy import package:rapidocr/models/PP-OCRv6_rec_small.onnx -o tutor.onnx
      crnn-deploy import my.pth --module my.py:Crnn --spec my.yaml -o my.safetensors
      crnn-deploy import plates.onnx --spec plates.yaml -o reader.onnx
    """
    from crnn_deploy.checkpoints.config import ImportConfig
    from crnn_deploy.checkpoints.import_checkpoint import import_checkpoint

    config = ImportConfig(checkpoint=checkpoint, output=output, force=force, module=module, spec=spec)
    with RichProgress() as progress:
        artifact = import_checkpoint(config, progress)
    show_artifact(artifact, as_json)
