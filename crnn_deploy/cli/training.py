"""Options that `train` and `distill` share."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from crnn_deploy.cli.options import SOURCE, SOURCE_HELP
from crnn_deploy.compact import parse_compact
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


def with_settings(option: str, text: str | None, name: str, beside: Mapping[str, Any]) -> dict[str, Any]:
    """`KIND:KEY=VALUE,…` → its settings, with the kind as `name`, and those that the options `beside` it give.

    Options that are None are left out.

    Raises:
        InputError: if a setting is not key=value, or is given twice.
    """
    settings = {key: value for key, value in beside.items() if value is not None}
    if text is None:
        return settings
    try:
        compact = parse_compact(text, name)
    except ValueError as error:
        raise InputError(f"{option} {error}") from None
    twice = next((key for key in compact if key in settings), None)
    if twice is not None:
        raise InputError(f"{option} {text}: {twice} is given twice.", fix="Leave one of them out.")
    return {**settings, **compact}
