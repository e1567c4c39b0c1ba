"""`crnn-deploy import`."""

from __future__ import annotations

from rich.table import Table
from rich.text import Text

from crnn_deploy import api
from crnn_deploy.checkpoints.config import ImportConfig
from crnn_deploy.cli.console import RichProgress, show
from crnn_deploy.cli.options import Shown
from crnn_deploy.cli.written_files import show_artifact


def import_(config: ImportConfig, as_json: bool) -> None:
    """Turn a third-party checkpoint into an artifact that carries its spec.

    The family is recognised from the file; `--families` lists those that are known, with an example of each.
    Nothing in the file is executed.

    A SPEC.yaml has the keys charset (or charset_file: one character a line),
    blank, preprocessing (channels, height, width, mean, std, padding …) and,
    for --module, architecture.options.arguments.

    \b
    Examples:
      crnn-deploy import english_g2.pth -o teacher.safetensors
      crnn-deploy import package:rapidocr/models/PP-OCRv6_rec_small.onnx -o ppocr.onnx
      crnn-deploy import my.pth --module my.py:Crnn --spec my.yaml -o my.safetensors
      crnn-deploy import plates.onnx --spec plates.yaml -o reader.onnx
    """
    with RichProgress() as progress:
        artifact = api.import_checkpoint(config, progress)
    show_artifact(artifact, config, as_json)


def show_families() -> None:
    """Print the known families with the files that they come in and an example."""
    table = Table(box=None, padding=(0, 2, 1, 0))
    table.add_column("family", style="bold", no_wrap=True)
    table.add_column("what it is, its files, and an example", overflow="fold")
    for family in api.families():
        text = Text.assemble(family.about, "\n", (family.files, "dim"), "\n", (f"crnn-deploy {family.example}", "cyan"))
        table.add_row(family.name, text)
    show(table)


FAMILIES = Shown("List the families of checkpoints that are known.", show_families)
