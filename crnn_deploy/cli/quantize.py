"""`crnn-deploy quantize`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from crnn_deploy.cli.artifacts import artifact_facts, show_artifact
from crnn_deploy.cli.console import RichProgress, show, show_json, show_written
from crnn_deploy.cli.options import SOURCE, Debug, Force, Json, Output, SkipBad, as_config
from crnn_deploy.errors import InputError

if TYPE_CHECKING:
    from crnn_deploy.quantization.quantize import Quantized


def quantize(
    model: Annotated[Path, typer.Argument(metavar="MODEL", help="An FP32 .onnx artifact.")],
    data: Annotated[str, typer.Option(metavar=SOURCE, help="Images like those to be read; labels aren't needed.")],
    output: Output,
    int8: Annotated[bool, typer.Option("--int8", help="8-bit integers, the only precision so far.")] = False,
    target: Annotated[str, typer.Option(help="cpu (ONNX Runtime) or tensorrt.")] = "cpu",
    calibrator: Annotated[
        str, typer.Option(help="minmax, percentile, entropy or mse; auto: what reads best on held-out images.")
    ] = "auto",
    samples: Annotated[
        int | None, typer.Option(help="Images to calibrate on; otherwise up to 300.", show_default=False)
    ] = None,
    held_out: Annotated[
        int | None, typer.Option(help="Other images to compare on; otherwise up to 200.", show_default=False)
    ] = None,
    max_error_rise: Annotated[
        float | None,
        typer.Option(
            help="Highest rise of the error, a fraction: upper end of its 95 % interval; more images narrow it. "
            "Otherwise only a model that INT8 breaks is repaired: one that reads less than half as before.",
            show_default=False,
        ),
    ] = None,
    sensitivity: Annotated[bool, typer.Option("--sensitivity", help="Measure what each layer costs.")] = False,
    seed: Annotated[int, typer.Option(help="Of the draw of images.")] = 0,
    report: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write all that was measured, as .html or .json.")
    ] = None,
    skip_bad: SkipBad = False,
    force: Force = False,
    as_json: Json = False,
    _debug: Debug = False,
) -> None:
    """Quantize a model, as far as that keeps its accuracy and makes it faster.

    \b
    Examples:
      crnn-deploy quantize student.onnx --int8 --data train.tar -o student.int8.onnx
      crnn-deploy quantize student.onnx --int8 --data train.tar --target tensorrt -o student.trt.onnx
      crnn-deploy quantize student.onnx --int8 --data train.tar --max-error-rise 0.003 -o student.int8.onnx
    """
    if not int8:
        raise InputError("quantize needs to know the precision.", fix="Add --int8.")
    from crnn_deploy.quantization.config import QuantizeConfig
    from crnn_deploy.quantization.quantize import RejectedError
    from crnn_deploy.quantization.quantize import quantize as quantize_model
    from crnn_deploy.report.quantization.page import check_quantization_report

    given = {"model": model, "data": data, "output": output, "force": force, "target": target}
    given |= {"calibrator": calibrator, "samples": samples, "held_out": held_out, "max_error_rise": max_error_rise}
    config = as_config(QuantizeConfig, given | {"sensitivity": sensitivity, "seed": seed, "skip_bad": skip_bad})
    if report is not None:
        check_quantization_report(report, force)
    try:
        with RichProgress() as progress:
            made = quantize_model(config, progress)
    except RejectedError as error:
        _tell(error.quantized, report, force, as_json)
        raise
    _tell(made, report, force, as_json)


def _tell(made: Quantized, report: Path | None, force: bool, as_json: bool) -> None:
    """Print what a quantization came to, and write its report."""
    from crnn_deploy.report.quantization.page import write_quantization_report
    from crnn_deploy.report.quantization.terminal import quantization_tables

    artifact, record = made.artifact, made.record
    if report is not None:
        write_quantization_report(record, report, artifact.spec.name, force)
    if as_json:
        show_json(artifact_facts(artifact) | {"quantization": record.model_dump(mode="json")})
        return
    show(quantization_tables(record))
    if record.rejected is None:
        show_artifact(artifact, as_json=False)
    if report is not None:
        show_written(report, "")
