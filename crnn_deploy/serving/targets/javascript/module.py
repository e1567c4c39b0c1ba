"""The module `reading.js`, on which both targets in JavaScript build: which models it reads, and its files."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

from crnn_deploy.artifact import Artifact
from crnn_deploy.errors import InputError
from crnn_deploy.onnx_graph.external_data import parse
from crnn_deploy.serving.targets.python.module import check_model
from crnn_deploy.serving.targets.readme import has_recurrent_kernels, notes_of_reading

VERIFY = "verify.js"
_HERE = Path(__file__).parent
_OPENING = "crnn-reader.js"
_READING, _LANGUAGE = "reading.js", "language.js"
"""Both have a function `readerOf`; the second one is for models with a language model."""
_FLOAT = 1  # onnx.TensorProto.FLOAT


def check_javascript(artifact: Artifact, target: str) -> None:
    """Raise `InputError` if the module cannot follow the spec or run the graph."""
    check_model(artifact, target)
    if parse(artifact.path).graph.output[0].type.tensor_type.elem_type != _FLOAT:
        raise InputError(
            f"{artifact.path} gives logits that are not FP32.",
            "The module in the package takes logits as JavaScript's Float32Array.",
            "Export it again with outputs in FP32.",
        )


def write_javascript(folder: Path, artifact: Artifact, target: Path) -> None:
    """Copy what both targets share, and `crnn-reader.js` from the folder of one of them, which opens its reader."""
    searches = artifact.spec.language_model is not None
    for file in _HERE.glob("*.js"):
        if searches or file.name != _LANGUAGE:
            shutil.copyfile(file, folder / file.name)
    opening = (target / _OPENING).read_text(encoding="utf-8")
    if searches:
        opening = opening.replace(f'from "./{_READING}"', f'from "./{_LANGUAGE}"')
    (folder / _OPENING).write_text(opening, encoding="utf-8", newline="\n")


def notes_of_javascript(artifact: Artifact) -> Iterator[str]:
    """What is good to know of a package that reads in JavaScript."""
    yield from notes_of_reading(artifact.spec)
    if has_recurrent_kernels(artifact):
        yield "ONNX Runtime loads no kernels of ours in JavaScript, so recurrent layers in INT8 run in FP32."
    yield "Pictures of more than 8 bits a channel have to be scaled to 8 bits first."
