"""`crnn-deploy quantize`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crnn_deploy import api
from crnn_deploy.cli.console import RichProgress, show, show_json, show_written
from crnn_deploy.cli.written_files import artifact_facts, show_artifact
from crnn_deploy.errors import GateError
from crnn_deploy.quantization.config import QuantizeConfig

if TYPE_CHECKING:
    from crnn_deploy.quantization.quantize import Quantized


def quantize(config: QuantizeConfig, as_json: bool) -> None:
    """Quantize a model, as far as that keeps its accuracy and makes it faster.

    \b
    Examples:
      crnn-deploy quantize student.onnx --int8 --data train.tar -o student.int8.onnx
      crnn-deploy quantize student.onnx --int8 --data train.tar --target tensorrt -o student.trt.onnx
      crnn-deploy quantize student.onnx --int8 --data train.tar \\
        --max-error-rise 0.3% --report int8.html -o student.int8.onnx
    """
    try:
        with RichProgress() as progress:
            quantized = api.quantize(config, progress)
    except GateError as error:
        _show_rejected(error, config, as_json)
        raise
    _show(quantized, config, as_json)


def _show_rejected(error: GateError, config: QuantizeConfig, as_json: bool) -> None:
    """Show the best candidate, if the error has one."""
    from crnn_deploy.quantization.quantize import RejectedError  # loads ONNX Runtime

    if isinstance(error, RejectedError):
        _show(error.quantized, config, as_json)


def _show(quantized: Quantized, config: QuantizeConfig, as_json: bool) -> None:
    """Print the result of a quantization, and where its report is."""
    from crnn_deploy.report.quantization.terminal import quantization_tables

    artifact, record = quantized.artifact, quantized.record
    if as_json:
        show_json({**artifact_facts(artifact), "quantization": record.model_dump(mode="json")}, config)
        return
    show(quantization_tables(record))
    if record.rejected is None:
        show_artifact(artifact, config, as_json=False, reported=True)
    if config.report is not None:
        show_written(config.report, "")
