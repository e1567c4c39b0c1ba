"""The target `onnxtr`: a recogniser that OnnxTR takes in place of its own."""

from __future__ import annotations

import shutil
from pathlib import Path

from crnn_deploy.artifact import Artifact
from crnn_deploy.errors import InputError
from crnn_deploy.serving.targets.checking import VERIFY, Program
from crnn_deploy.serving.targets.python.module import REQUIREMENTS, check_model, write_module
from crnn_deploy.serving.targets.readme import notes_of_module, write_readme

_WIDE = "OnnxTR cuts what is more than 8 times as wide as high, such as a whole line, and joins the texts of its parts."
_HERE = Path(__file__).parent
_PROGRAM = Program("onnxtr", "OnnxTR", extra="onnxtr", absent=("torch",))


class OnnxTrTarget:
    """The module for Python, as one of OnnxTR's recognisers."""

    image_suffix = ".png"
    searches = True

    def check(self, artifact: Artifact) -> None:
        """Raise `InputError` unless the module can read lines with the model, and OnnxTR is installed."""
        if artifact.spec.task != "ctc":
            raise InputError(
                f"OnnxTR cannot read with {artifact.path}: it names classes.",
                "OnnxTR reads words.",
                "Choose another target, such as python.",
            )
        check_model(artifact, "onnxtr")
        _PROGRAM.require()

    def write(self, folder: Path, artifact: Artifact) -> None:
        """Add the module, the recogniser over it, and its check."""
        write_module(folder, artifact)
        for name in ("crnn_onnxtr.py", VERIFY, REQUIREMENTS):
            shutil.copyfile(_HERE / name, folder / name)
        write_readme(folder, artifact, _HERE, [_WIDE, *notes_of_module(folder, artifact)])

    def verify(self, folder: Path) -> tuple[int, str]:
        """Read the examples with OnnxTR."""
        return _PROGRAM.check(folder)
