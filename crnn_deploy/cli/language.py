"""`crnn-deploy language`."""

from __future__ import annotations

from crnn_deploy import api
from crnn_deploy.cli.console import RichProgress
from crnn_deploy.cli.written_files import show_artifact
from crnn_deploy.language.config import LanguageConfig


def language(config: LanguageConfig, as_json: bool) -> None:
    """Teach a model which characters follow each other, which counts in where lines are read.

    \b
    Examples:
      crnn-deploy language student.int8.onnx --data train.tar -o student.lm.onnx
      crnn-deploy language student.int8.onnx --data train.tar --val unseen.tar \\
        -o student.lm.onnx
    """
    with RichProgress() as progress:
        artifact = api.language(config, progress)
    show_artifact(artifact, config, as_json)
