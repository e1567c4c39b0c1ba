"""Options that `train` and `distill` share."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from crnn_deploy.cli.options import SOURCE, SOURCE_HELP
from crnn_deploy.errors import InputError

Data = Annotated[str, typer.Option(metavar=SOURCE, help=f"Training images: {SOURCE_HELP}.")]
Extra = Annotated[
    str | None, typer.Option(metavar=SOURCE, help="More to train on, of which none is held out: rendered lines, say.")
]
Validation = Annotated[
    str | None, typer.Option("--val", metavar=SOURCE, help="Validation images; default: some of the training images.")
]
Charset = Annotated[str | None, typer.Option(metavar="CHARACTERS", help="What it can write, such as 0123456789.")]
Epochs = Annotated[int, typer.Option(help="Passes over the data.")]
BatchSize = Annotated[int, typer.Option(help="Images a step, over all processes.")]
LearningRate = Annotated[float, typer.Option(help="Peak of the cosine schedule.")]
Augment = Annotated[float, typer.Option("--augmentation", help="Strength from 0 to 2.")]
Losses = Annotated[
    list[str] | None,
    typer.Option("--loss", metavar="KIND[:KEY=VALUE,…]", help="What to learn from; repeat it for several."),
]
WarmStart = Annotated[Path | None, typer.Option(metavar="ARTIFACT", help="Start from these weights.")]
Soup = Annotated[int, typer.Option(help="Trainings from one warm start whose weights are averaged.")]
EarlyStop = Annotated[int | None, typer.Option(metavar="EPOCHS", help="End after so many without a better one.")]
Log = Annotated[list[str] | None, typer.Option(metavar="csv|tensorboard", help="Write curves to OUT.log/.")]
Precision = Annotated[str, typer.Option(metavar="auto|fp32|bf16|fp16", help="Auto: BF16 where the hardware has it.")]
Seed = Annotated[int, typer.Option(help="Of weights, order and augmentation.")]


def parse_losses(texts: list[str] | None) -> list[dict[str, Any]]:
    """`frame-kl:until=0.5,weight=2` → what a recipe's `losses` hold.

    Raises:
        InputError: if a setting is not key=value.
    """
    return [with_settings("--loss", text, "kind", {}) for text in texts or []]


def with_settings(option: str, text: str | None, name: str, beside: Mapping[str, Any]) -> dict[str, Any]:
    """`KIND:KEY=VALUE,…` → its settings, with the kind as `name`, and those that the options `beside` it give.

    What nobody has given, which is None, is left out.

    Raises:
        InputError: if a setting is not key=value, or is given twice.
    """
    settings = {key: value for key, value in beside.items() if value is not None}
    if text is None:
        return settings
    kind, _, rest = text.partition(":")
    settings[name] = kind
    for setting in filter(None, rest.split(",")):
        key, equals, value = setting.partition("=")
        if not equals:
            raise InputError(f"{option} {text}: '{setting}' is not key=value.", fix=f"Write {option} {kind}:KEY=VALUE")
        if key in settings:
            raise InputError(f"{option} {text}: {key} is given twice.", fix="Leave one of them out.")
        settings[key] = int(value) if value.isdecimal() else value
    return settings
