"""`crnn-deploy train`."""

from __future__ import annotations

from crnn_deploy import api
from crnn_deploy.cli.console import RichProgress
from crnn_deploy.cli.written_files import show_artifact
from crnn_deploy.training.train_config import TrainConfig


def train(config: TrainConfig, as_json: bool) -> None:
    """Train a CRNN from scratch on labels: a teacher for those who have none.

    Ctrl-C keeps the state: the same command continues where it stopped. Under torchrun, processes share the work.

    \b
    Examples:
      crnn-deploy train --data train.tar -o teacher.safetensors
      crnn-deploy train --data captchas.tar --width 0.5 --hidden 128 \\
        --epochs 80 -o teacher.safetensors
    """
    with RichProgress() as progress:
        artifact = api.train(config, progress)
    show_artifact(artifact, config, as_json)
