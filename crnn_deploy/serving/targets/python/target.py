"""The target `python`: a module over NumPy, ONNX Runtime and Pillow."""

from __future__ import annotations

import shutil
from pathlib import Path

from crnn_deploy.artifact import Artifact
from crnn_deploy.serving.targets.checking import VERIFY, run_check
from crnn_deploy.serving.targets.python.module import HERE, check_model, write_module
from crnn_deploy.serving.targets.readme import notes_of_module, write_readme


class PythonTarget:
    """A module over NumPy, ONNX Runtime and Pillow."""

    image_suffix = ".png"
    searches = True

    def check(self, artifact: Artifact) -> None:
        """Raise `InputError` if the module cannot follow the spec or run the graph."""
        check_model(artifact, "python")

    def write(self, folder: Path, artifact: Artifact) -> None:
        """Add the module and its check."""
        write_module(folder, artifact)
        shutil.copyfile(HERE / VERIFY, folder / VERIFY)
        write_readme(folder, artifact, HERE, notes_of_module(folder, artifact))

    def verify(self, folder: Path) -> tuple[int, str]:
        """Run `verify.py` where there is nothing but the requirements."""
        return run_check(folder, ("pydantic", "torch"))
