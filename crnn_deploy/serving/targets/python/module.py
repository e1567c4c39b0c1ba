"""The module `crnn_reader.py`, on which all targets in Python build: which models it reads, and its files."""

from __future__ import annotations

import shutil
from pathlib import Path

from crnn_deploy.artifact import Artifact
from crnn_deploy.errors import InputError
from crnn_deploy.native import LIBRARY_NAME, ort_custom_ops_path
from crnn_deploy.runtime.onnxruntime import OnnxRuntimeSession
from crnn_deploy.serving.spec_support import check_narrowest, require_simple
from crnn_deploy.serving.targets.readme import has_kernels

HERE = Path(__file__).parent
REQUIREMENTS = "requirements.txt"


def check_model(artifact: Artifact, target: str) -> None:
    """Raise `InputError` if the module cannot follow the spec or run the graph."""
    require_simple(artifact, target)
    check_graph(artifact)


def check_graph(artifact: Artifact) -> None:
    """Raise `InputError` if a module that takes the first output of the graph cannot run it."""
    session = OnnxRuntimeSession(artifact)
    first = session.network.session.get_outputs()[0].name
    if first != session.output:
        raise InputError(
            f"{artifact.path} gives {first} before its logits, {session.output}.",
            "The module in the package takes the first output.",
            "Export the model with its logits as the first output.",
        )
    check_narrowest(session)


def write_module(folder: Path, artifact: Artifact) -> None:
    """Copy the module and the kernels."""
    for name in ("crnn_reader.py", "expected.py", REQUIREMENTS):
        shutil.copyfile(HERE / name, folder / name)
    write_kernels(folder, artifact)


def write_kernels(folder: Path, artifact: Artifact) -> None:
    """Copy the kernels, where the model has a use for them and they were built."""
    library = ort_custom_ops_path()
    if has_kernels(artifact) and library is not None:
        shutil.copyfile(library, folder / LIBRARY_NAME)
