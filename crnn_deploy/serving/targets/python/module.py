"""The module `crnn_reader.py`, on which all targets in Python build: which models it reads, and its files."""

from __future__ import annotations

import shutil
from pathlib import Path

from crnn_deploy import ngrams
from crnn_deploy.artifact import Artifact
from crnn_deploy.errors import InputError
from crnn_deploy.native import LIBRARY_NAME, ctc_beam, ort_custom_ops_path
from crnn_deploy.reading import beam
from crnn_deploy.runtime.onnxruntime import OnnxRuntimeSession
from crnn_deploy.serving.spec_support import check_narrowest, require_simple
from crnn_deploy.serving.targets.readme import has_kernels

HERE = Path(__file__).parent
REQUIREMENTS = "requirements.txt"
SEARCH = {
    "crnn_search.py": HERE / "crnn_search.py",
    "crnn_beam.py": Path(beam.__file__),
    "crnn_ctc_beam.py": Path(ctc_beam.__file__),
    "crnn_ngrams.py": Path(ngrams.__file__),
}
"""What a language model needs. The files of crnn-deploy get names that are no one else's."""


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
    """Copy the module and the kernels, and what the check needs."""
    for name in ("expected.py", REQUIREMENTS):
        shutil.copyfile(HERE / name, folder / name)
    write_reader(folder, artifact)
    write_kernels(folder, artifact)


def write_reader(folder: Path, artifact: Artifact) -> None:
    """Copy the module, and, where it reads with a language model, the search; the library makes that faster."""
    shutil.copyfile(HERE / "crnn_reader.py", folder / "crnn_reader.py")
    if artifact.spec.language_model is not None:
        for name, source in SEARCH.items():
            shutil.copyfile(source, folder / name)
        _write_library(folder)


def write_kernels(folder: Path, artifact: Artifact) -> None:
    """Copy the kernels, where they run layers of the model and were built."""
    if has_kernels(artifact):
        _write_library(folder)


def _write_library(folder: Path) -> None:
    library = ort_custom_ops_path()
    if library is not None:
        shutil.copyfile(library, folder / LIBRARY_NAME)
