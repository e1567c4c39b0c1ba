"""`crnn-deploy predict`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from crnn_deploy.cli.console import RichProgress, show_json
from crnn_deploy.cli.options import Debug, Json, SkipBad, as_config


def predict(
    images: Annotated[list[str], typer.Argument(metavar="IMAGE...", help="Image files, folders or .tar archives.")],
    model: Annotated[
        Path | None,
        typer.Option(metavar="ARTIFACT", help="Another .safetensors, .onnx or .engine than the English line reader."),
    ] = None,
    decoder: Annotated[str, typer.Option(metavar="greedy|beam", help="How CTC output becomes text.")] = "greedy",
    beam_width: Annotated[int, typer.Option(help="Of the beam decoder.")] = 8,
    batch_size: Annotated[int, typer.Option(help="Images a batch; doesn't change the result.")] = 32,
    threads: Annotated[int | None, typer.Option(help="Of the runtime; default: its own choice.")] = None,
    skip_bad: SkipBad = False,
    as_json: Json = False,
    _debug: Debug = False,
) -> None:
    """Read images of one line of text each: path, text and confidence between tabs.

    Without a model, the English line reader that comes with the package reads. It looks for no lines in a page.

    The confidence is the mean probability of the characters on the most probable path.

    \b
    Examples:
      crnn-deploy predict line.png
      crnn-deploy predict lines --model student.int8.onnx
      crnn-deploy predict val.tar --model student.onnx --decoder beam --json
    """
    from crnn_deploy.evaluation.config import PredictConfig
    from crnn_deploy.evaluation.predict import predict as predict_images

    options = {"decoder": decoder, "beam_width": beam_width, "batch_size": batch_size, "threads": threads}
    chosen = {"model": model} if model is not None else {}
    config = as_config(PredictConfig, {"images": images, "skip_bad": skip_bad, **chosen, **options})
    with RichProgress() as progress:
        found = predict_images(config, progress)
    if as_json:
        show_json(found.model_dump(mode="json"))
        return
    for reading in found.readings:
        typer.echo(f"{reading.path}\t{reading.text}\t{reading.confidence:.3f}")
    for path in found.skipped:
        typer.echo(f"{path} is broken and was left out", err=True)
