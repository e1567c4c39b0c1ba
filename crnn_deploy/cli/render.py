"""`crnn-deploy render`."""

from __future__ import annotations

from crnn_deploy import api
from crnn_deploy.cli.console import RichProgress, show_json, show_written
from crnn_deploy.data.rendering.options import RenderConfig


def render(config: RenderConfig, as_json: bool) -> None:
    """Render lines of text to train and test with, where there is no data yet.

    \b
    Examples:
      crnn-deploy render -o lines.tar --count 200 --seed 1
      crnn-deploy render -o lines.tar --count 200 --font Lato --font Roboto
      crnn-deploy render -o lines.tar --count 200 --language ru
      crnn-deploy render -o lines.tar --count 200 --text words.txt --font NotoSansSC.ttf
    """
    with RichProgress() as progress:
        path = api.render(config, progress)
    if as_json:
        show_json({"path": str(path)}, config)
    else:
        show_written(path, f"{config.count} lines")
