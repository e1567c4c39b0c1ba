"""`crnn-deploy predict`."""

from __future__ import annotations

import sys

from crnn_deploy import api
from crnn_deploy.cli.console import RichProgress, show_json
from crnn_deploy.escaping import tsv_field, visible
from crnn_deploy.evaluation.config import PredictConfig


def predict(config: PredictConfig, as_json: bool) -> None:
    """Read images of one line of text each: path, text and confidence, separated by tabs.

    Does not detect lines: give images of single lines.

    Tabs, line ends, backslashes and control characters in paths and texts are escaped as in Python strings.

    The confidence is the mean probability of the characters on the most probable path.

    \b
    Examples:
      crnn-deploy predict line.png
      crnn-deploy predict lines --model student.int8.onnx
      crnn-deploy predict val.tar --model student.onnx --decoder beam --json
    """
    with RichProgress() as progress:
        readings = api.predict(config, progress)
    if as_json:
        show_json(readings.model_dump(mode="json"), config)
        return
    for reading in readings.readings:
        print(tsv_field(reading.path), tsv_field(reading.text), f"{reading.confidence:.3f}", sep="\t")
    if readings.unproven and len(readings.readings) > 1:
        print(f"! The model {visible(readings.unproven)}.", file=sys.stderr)
    for path in readings.skipped:
        print(f"{visible(path)} is broken and was left out", file=sys.stderr)
