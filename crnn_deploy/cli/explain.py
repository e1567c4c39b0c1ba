"""`crnn-deploy explain`."""

from __future__ import annotations

import sys

from crnn_deploy import api
from crnn_deploy.cli.console import RichProgress, show, show_json, show_written
from crnn_deploy.escaping import visible
from crnn_deploy.explaining.config import ExplainConfig


def explain(config: ExplainConfig, as_json: bool) -> None:
    """Show where a model's answers came from: what it looked at, and where it read each character.

    Classes: which part of the picture speaks for the class, and what the model says without it.

    Lines: at which frames each character was read, how sure, what stood second, and which columns matter to it. The
    text is that of greedy decoding.

    \b
    Examples:
      crnn-deploy explain student.int8.onnx line.png -o page.html
      crnn-deploy explain student.safetensors line.png --method gradients -o line.explained.png
      crnn-deploy explain student.onnx val.tar --limit 10 --json
    """
    with RichProgress() as progress:
        explanations = api.explain(config, progress)
    if as_json:
        show_json(explanations.model_dump(mode="json"), config)
        return
    if config.output is None:
        from crnn_deploy.report.explanation.terminal import terminal_tables

        show(terminal_tables(explanations))
    else:
        show_written(config.output, f"{len(explanations.explanations)} explained")
    for path in explanations.skipped:
        print(f"{visible(path)} is broken and was left out", file=sys.stderr)
