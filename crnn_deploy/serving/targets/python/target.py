"""The target `python`: its files, and how they are checked."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import numpy as np

from crnn_deploy.artifact import Artifact
from crnn_deploy.child_process import child_process
from crnn_deploy.errors import InputError
from crnn_deploy.import_path import import_path
from crnn_deploy.native import LIBRARY_NAME, ort_custom_ops_path
from crnn_deploy.onnx_graph.external_data import parse
from crnn_deploy.onnx_graph.operators import DOMAIN
from crnn_deploy.runtime.onnxruntime import OnnxRuntimeSession
from crnn_deploy.serving.layout import README
from crnn_deploy.serving.spec_support import require_simple
from crnn_deploy.serving.targets.python.readme import readme

VERIFY = "verify.py"
_COPIED = ("crnn_reader.py", VERIFY, "requirements.txt")

# A package must read where there is nothing but its requirements: these modules cannot be imported in the check.
_ABSENT = ("crnn_deploy", "onnx", "pydantic", "torch")
_START = """
import sys
sys.path[:] = {path!r}
sys.modules.update(dict.fromkeys({absent!r}))
from runpy import run_path
run_path({script!r}, run_name="__main__")
"""


class PythonTarget:
    """A module over NumPy, ONNX Runtime and Pillow."""

    def check(self, artifact: Artifact) -> None:
        """Raise `InputError` if the module cannot follow the spec or run the graph."""
        require_simple(artifact, "python")
        session = OnnxRuntimeSession(artifact)
        first = session.network.session.get_outputs()[0].name
        if first != session.output:
            raise InputError(
                f"{artifact.path} gives {first} before its logits, {session.output}.",
                "The module in the package takes the first output.",
                "Export the model with its logits as the first output.",
            )
        seen = artifact.spec.preprocessing
        session.run(np.zeros(seen.input_shape(1, seen.sizes[0]), np.float32))  # the narrowest image that there can be

    def write(self, folder: Path, artifact: Artifact) -> None:
        """Copy the module and, where the model has a use for them and they were built, the kernels."""
        here = Path(__file__).parent
        for name in _COPIED:
            shutil.copyfile(here / name, folder / name)
        library = ort_custom_ops_path()
        quantized = any(function.domain == DOMAIN for function in parse(artifact.path).functions)
        if quantized and library is not None:
            shutil.copyfile(library, folder / LIBRARY_NAME)
        text = readme(artifact, folder, recurrent_int8=quantized)
        (folder / README).write_text(text, encoding="utf-8", newline="\n")

    def verify(self, folder: Path) -> tuple[int, str]:
        """Run `verify.py` in a process that cannot import crnn-deploy, and imports nothing from other folders."""
        start = _START.format(path=[str(folder), *import_path()], absent=_ABSENT, script=str(folder / VERIFY))
        with child_process([sys.executable, "-I", "-B", "-c", start], {}, errors_to_stdout=True) as process:
            assert process.stdout is not None
            said = process.stdout.read()
        return process.returncode, said
