"""What lies where in a package, whatever its target."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

import onnx

from crnn_deploy.artifact import Artifact, read_onnx
from crnn_deploy.errors import InputError
from crnn_deploy.escaping import json_text, tsv_field
from crnn_deploy.evaluation.predict import ImageReading
from crnn_deploy.files import check_free
from crnn_deploy.onnx_graph.external_data import model_files

MODEL = "model.onnx"  # a target may move it
SPEC = "spec.json"
README = "README.md"
EXAMPLES = "examples"
EXPECTED = f"{EXAMPLES}/expected.tsv"
_DATA = f"{MODEL}.data"


def check_output(folder: Path, force: bool) -> None:
    """Raise `InputError` unless a package may be written as `folder`: a folder is replaced only if it is a package."""
    if not folder.is_dir():
        if folder.exists():
            raise InputError(f"{folder} is a file.", fix="Name a folder with -o.")
        check_free(folder, force)
        return
    first = next(folder.iterdir(), None)
    if first is None:
        return
    if not all((folder / part).is_file() for part in (SPEC, EXPECTED)):
        raise InputError(
            f"The folder {folder} holds other files, such as {first.name}.", fix="Choose another output with -o."
        )
    if not force:
        raise InputError(
            f"The folder {folder} already holds a package.", fix="Choose another with -o, or replace it with --force."
        )


def write_model(artifact: Artifact, folder: Path) -> None:
    """Copy the model, and write its spec. External data gets a name of ours: that of a stranger could be `numpy.py`."""
    (folder / SPEC).write_text(json_text(artifact.spec.model_dump(mode="json")) + "\n", encoding="utf-8")
    if len(model_files(artifact.path)) == 1:
        shutil.copyfile(artifact.path, folder / MODEL)
        return
    onnx.save_model(read_onnx(artifact.path), folder / MODEL, save_as_external_data=True, location=_DATA)


def write_expected(folder: Path, readings: Sequence[ImageReading]) -> None:
    """Write what is read in each example, as a table with tabs; texts are escaped as those of `predict`."""
    rows = [(reading.path, tsv_field(reading.text), f"{reading.confidence:.4f}") for reading in readings]
    table = "".join("\t".join(row) + "\n" for row in [("file", "text", "confidence"), *rows])
    (folder / EXPECTED).write_text(table, encoding="utf-8", newline="\n")


def size_of(folder: Path) -> int:
    """Bytes of all files of a package."""
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
