"""`crnn-deploy join`."""

from __future__ import annotations

from crnn_deploy import api
from crnn_deploy.cli.console import RichProgress, show_json, show_written
from crnn_deploy.joining.config import JoinConfig


def join(config: JoinConfig, as_json: bool) -> None:
    """Join parts of labelled lines to new ones, so that few lines teach more.

    \b
    Examples:
      crnn-deploy join train.tar -o joined.tar --count 12000
      crnn-deploy join train.tar -o joined.tar --count 12000 --model teacher.onnx
    """
    with RichProgress() as progress:
        path = api.join(config, progress)
    if as_json:
        show_json({"path": str(path)}, config)
    else:
        show_written(path, f"{config.count} lines")
