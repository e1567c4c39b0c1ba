"""The module `reading.js`, on which both targets in JavaScript build: which models it reads, and its files."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

from crnn_deploy.artifact import Artifact
from crnn_deploy.errors import InputError
from crnn_deploy.onnx_graph.external_data import parse
from crnn_deploy.serving.targets.python.module import check_model
from crnn_deploy.serving.targets.readme import has_kernels, notes_of_reading

VERIFY = "verify.js"
_HERE = Path(__file__).parent
_FLOAT = 1  # onnx.TensorProto.FLOAT


def check_javascript(artifact: Artifact, target: str) -> None:
    """Raise `InputError` if the module cannot follow the spec or run the graph."""
    check_model(artifact, target)
    types = {value.type.tensor_type.elem_type for value in parse(artifact.path).graph.output}
    if types != {_FLOAT}:
        raise InputError(
            f"{artifact.path} gives numbers that are not FP32.",
            "JavaScript has no arrays of other floats.",
            "Export it again with outputs in FP32.",
        )


def write_javascript(folder: Path) -> None:
    """Copy what both targets share."""
    for file in _HERE.glob("*.js"):
        shutil.copyfile(file, folder / file.name)


def notes_of_javascript(artifact: Artifact) -> Iterator[str]:
    """What is good to know of a package that reads in JavaScript."""
    yield from notes_of_reading(artifact.spec)
    if has_kernels(artifact):
        yield "ONNX Runtime loads no kernels of ours in JavaScript, so recurrent layers in INT8 run in FP32."
    yield "Pictures have 8 bits a channel: others have to be made lighter or darker before."
