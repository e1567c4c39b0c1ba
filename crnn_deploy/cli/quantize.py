"""`crnn-deploy quantize`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from crnn_deploy.cli.artifacts import show_artifact
from crnn_deploy.cli.console import RichProgress
from crnn_deploy.cli.options import SOURCE, Debug, Force, Json, Output, SkipBad, as_config
from crnn_deploy.errors import InputError


def quantize(
    model: Annotated[Path, typer.Argument(metavar="MODEL", help="An FP32 .onnx artifact.")],
    calib: Annotated[str, typer.Option(metavar=SOURCE, help="Images like those to be read; labels aren't needed.")],
    output: Output,
    int8: Annotated[bool, typer.Option("--int8", help="8-bit integers, the only target so far.")] = False,
    samples: Annotated[int, typer.Option(help="Calibration images to draw.")] = 300,
    seed: Annotated[int, typer.Option(help="Of the draw.")] = 0,
    skip_bad: SkipBad = False,
    force: Force = False,
    as_json: Json = False,
    _debug: Debug = False,
) -> None:
    """Quantize a model for the CPU.

    \b
    Examples:
      crnn-deploy quantize student.onnx --int8 --calib train.tar -o student.int8.onnx
    """
    if not int8:
        raise InputError("quantize needs to know the target.", fix="Add --int8.")
    from crnn_deploy.quantization import QuantizeConfig
    from crnn_deploy.quantization import quantize as quantize_model

    given = {"model": model, "calib": calib, "output": output, "force": force}
    given |= {"samples": samples, "seed": seed, "skip_bad": skip_bad}
    config = as_config(QuantizeConfig, given)
    with RichProgress() as progress:
        artifact = quantize_model(config, progress)
    show_artifact(artifact, as_json)
