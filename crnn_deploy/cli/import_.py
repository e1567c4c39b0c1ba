"""`crnn-deploy import`."""

from __future__ import annotations

from crnn_deploy import api
from crnn_deploy.checkpoints.config import ImportConfig
from crnn_deploy.cli.console import RichProgress
from crnn_deploy.cli.written_files import show_artifact


def import_(config: ImportConfig, as_json: bool) -> None:
    """Turn a third-party checkpoint into an artifact that carries its spec.

    EasyOCR generation 2, legere and PP-OCR (ONNX) are recognised from the file. Nothing in the file is executed.

    A SPEC.yaml has the keys charset (or charset_file: one character a line),
    blank, preprocessing (channels, height, width, mean, std, padding …) and,
    for --module, architecture.options.arguments.

    \b
    Examples:
      crnn-deploy import english_g2.pth -o teacher.safetensors
      crnn-deploy import package:rapidocr/models/PP-OCRv6_rec_small.onnx -o ppocr.onnx
      crnn-deploy import my.pth --module my.py:Crnn --spec my.yaml -o my.safetensors
      crnn-deploy import plates.onnx --spec plates.yaml -o reader.onnx
    """
    with RichProgress() as progress:
        artifact = api.import_checkpoint(config, progress)
    show_artifact(artifact, config, as_json)
