"""`crnn-deploy train`."""

from __future__ import annotations

from typing import Annotated

import typer

from crnn_deploy.cli.artifacts import show_artifact
from crnn_deploy.cli.console import RichProgress
from crnn_deploy.cli.options import Debug, Force, Json, Output, SkipBad, as_config
from crnn_deploy.cli.training import (
    Augment,
    BatchSize,
    Charset,
    Data,
    EarlyStop,
    Epochs,
    Extra,
    LearningRate,
    Log,
    Losses,
    Precision,
    Seed,
    Soup,
    Validation,
    WarmStart,
    with_settings,
)


def train(
    data: Data,
    output: Output,
    extra: Extra = None,
    val: Validation = None,
    model: Annotated[
        str,
        typer.Option(metavar="FAMILY[:KEY=VALUE,…]", help="crnn-bilstm, crnn-bigru, or a student family."),
    ] = "crnn-bilstm",
    width: Annotated[float | None, typer.Option(help="Scales its channels; default: the family's.")] = None,
    hidden: Annotated[int | None, typer.Option(help="Recurrent units in each direction.")] = None,
    layers: Annotated[int | None, typer.Option(help="Recurrent layers.")] = None,
    charset: Charset = None,
    channels: Annotated[str, typer.Option(metavar="L|RGB", help="Colours that it sees.")] = "L",
    epochs: Epochs = 15,
    batch_size: BatchSize = 24,
    learning_rate: LearningRate = 2.5e-3,
    augmentation: Augment = 1.0,
    loss: Losses = None,
    warm_start: WarmStart = None,
    soup: Soup = 1,
    early_stop: EarlyStop = None,
    precision: Precision = "auto",
    log: Log = None,
    seed: Seed = 0,
    skip_bad: SkipBad = False,
    force: Force = False,
    as_json: Json = False,
    _debug: Debug = False,
) -> None:
    """Train a CRNN from scratch on labels: a teacher for those who have none.

    Ctrl-C keeps the state: the same command again goes on where it was. Under torchrun, processes share the work.

    \b
    Examples:
      crnn-deploy train --data train.tar -o teacher.safetensors
      crnn-deploy train --data captchas.tar --width 0.5 --hidden 128 \\
        --epochs 80 -o teacher.safetensors
    """
    from crnn_deploy.training.config import TrainConfig
    from crnn_deploy.training.train import train as train_network

    sizes = {"width": width, "hidden": hidden, "layers": layers}
    given = {
        **{"data": data, "extra": extra, "validation": val, "output": output, "force": force},
        **{"model": with_settings("--model", model, "family", sizes)},
        **{"charset": charset, "channels": channels, "epochs": epochs, "batch_size": batch_size, "seed": seed},
        **{"learning_rate": learning_rate, "augmentation": augmentation, "losses": loss or ()},
        **{"warm_start": warm_start, "soup": soup, "early_stop": early_stop, "precision": precision, "log": log or ()},
        **{"skip_bad": skip_bad},
    }
    config = as_config(TrainConfig, given)
    with RichProgress() as progress:
        artifact = train_network(config, progress)
    show_artifact(artifact, as_json)
