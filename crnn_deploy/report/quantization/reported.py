"""A quantization with its report, where the config asks for one."""

from __future__ import annotations

from crnn_deploy.progress import SILENT, Progress
from crnn_deploy.quantization.config import QuantizeConfig
from crnn_deploy.quantization.quantize import Quantized, RejectedError, quantize
from crnn_deploy.report.quantization.page import check_quantization_report, write_quantization_report


def quantize_with_report(config: QuantizeConfig, progress: Progress = SILENT) -> Quantized:
    """Quantize, and write the report to `config.report`; a rejected model has a report too.

    Raises:
        InputError: as `quantize`, or if the report can't be written; that is checked first.
        RejectedError: as `quantize`.
    """
    if config.report is not None:
        check_quantization_report(config.report, config.force)
    try:
        quantized = quantize(config, progress)
    except RejectedError as error:
        _write(error.quantized, config)
        raise
    _write(quantized, config)
    return quantized


def _write(quantized: Quantized, config: QuantizeConfig) -> None:
    if config.report is not None:
        name = quantized.artifact.spec.name
        write_quantization_report(quantized.record, config.report, name, config.force)
