"""Checkpoints of families that scripts measure one by one: those of the command line, and some with random weights."""

from __future__ import annotations

import argparse
import io
import json
import tarfile
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from random_checkpoints import RANDOM, write

from crnn_deploy.artifact import Artifact
from crnn_deploy.checkpoints.config import ImportConfig
from crnn_deploy.checkpoints.import_checkpoint import import_checkpoint
from crnn_deploy.errors import CrnnDeployError
from crnn_deploy.export.config import ExportConfig
from crnn_deploy.export.export import export

Row = dict[str, Any]
"""What was measured of one checkpoint, as JSON."""


@dataclass(frozen=True)
class Case:
    """A checkpoint and the images that it reads."""

    name: str
    checkpoint: Path
    lines: Path


Measuring = Callable[[Case, Path], Row]
"""Measures a checkpoint, with a folder for its files."""


def run(description: str | None, measured: Measuring, table: Callable[[list[Row]], Iterator[str]]) -> None:
    """A script that measures each checkpoint of its command line, and writes JSON and a table in Markdown."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("lines", type=Path, help="a .tar with images of lines")
    parser.add_argument("files", nargs="*", metavar="NAME=FILE[@LINES]")
    parser.add_argument("--random", nargs="?", const="", metavar="PART", help="also networks with random weights")
    parser.add_argument("-o", "--output", type=Path, required=True, help="without a suffix")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        rows = [measured(case, Path(folder)) for case in cases(options, Path(folder))]
    options.output.with_suffix(".json").write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
    options.output.with_suffix(".md").write_text("\n".join(table(rows)) + "\n", encoding="utf-8")


def cases(options: argparse.Namespace, folder: Path) -> Iterator[Case]:
    """The files given, then those with random weights."""
    for text in options.files:
        name, _, rest = text.partition("=")
        file, _, lines = rest.partition("@")
        yield Case(name, Path(file), Path(lines) if lines else options.lines)
    for name in RANDOM if options.random is not None else ():
        if options.random in name:
            yield Case(name, write(name, folder / name), options.lines)


def exported(case: Case, folder: Path) -> Artifact:
    """The checkpoint as an FP32 ONNX artifact, imported with the spec beside it."""
    spec = case.checkpoint.with_name(f"{case.checkpoint.name}.yaml")
    suffix = ".onnx" if case.checkpoint.suffix == ".onnx" else ".safetensors"
    options = {"spec": spec} if spec.exists() else {}
    options |= {"family": "deep-text"} if case.name.startswith("deep-text") else {}
    config = ImportConfig(checkpoint=case.checkpoint, output=folder / f"m{suffix}", force=True, **options)
    artifact = import_checkpoint(config)
    if suffix == ".onnx":
        return artifact
    return export(ExportConfig(model=artifact.path, output=folder / "m.onnx", force=True))


def some_of(lines: Path, output: Path, count: int) -> Path:
    """The first images of a `.tar`, or the source itself if it is none."""
    if lines.suffix != ".tar":
        return lines
    with tarfile.open(lines) as given, tarfile.open(output, "w") as taken:
        images = (member for member in given if member.name.endswith((".png", ".jpg")))
        for member, _ in zip(images, range(count), strict=False):
            file = given.extractfile(member)
            assert file is not None
            taken.addfile(member, io.BytesIO(file.read()))
    return output


def refusal(error: CrnnDeployError) -> dict[str, str]:
    """What a message says, as data."""
    return {"kind": type(error).__name__, "what": error.what, "cause": error.cause, "fix": error.fix}
