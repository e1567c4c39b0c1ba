"""Reports: one set of figures as terminal table, JSON, Markdown and a self-contained HTML page."""

from crnn_deploy.report.examples import build_examples
from crnn_deploy.report.model import Comparison, ExampleLine, Gate, Report, TrainingPoint, Variant
from crnn_deploy.report.quantization_page import check_quantization_report, write_quantization_report
from crnn_deploy.report.quantization_terminal import quantization_tables
from crnn_deploy.report.terminal import terminal_table
from crnn_deploy.report.write import Written, read_report, write_report

__all__ = [
    "Comparison",
    "ExampleLine",
    "Gate",
    "Report",
    "TrainingPoint",
    "Variant",
    "Written",
    "build_examples",
    "check_quantization_report",
    "quantization_tables",
    "read_report",
    "terminal_table",
    "write_quantization_report",
    "write_report",
]
