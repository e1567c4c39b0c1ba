"""The target `rapidocr`: a recogniser that RapidOCR loads in place of its own."""

from __future__ import annotations

import shutil
from pathlib import Path

import onnx

from crnn_deploy.artifact import Artifact, read_onnx
from crnn_deploy.errors import InputError
from crnn_deploy.onnx_graph.attributes import opset_of
from crnn_deploy.serving.layout import MODEL
from crnn_deploy.serving.spec_support import require_lines
from crnn_deploy.serving.targets.checking import VERIFY, Program
from crnn_deploy.serving.targets.python.module import HERE as MODULE
from crnn_deploy.serving.targets.python.module import REQUIREMENTS
from crnn_deploy.serving.targets.rapidocr.graph import OPSET, RESIZE, for_rapidocr
from crnn_deploy.serving.targets.readme import has_recurrent_kernels, notes_of_greedy, write_readme

_HERE = Path(__file__).parent
_PROGRAM = Program("rapidocr", "RapidOCR", extra="pages", absent=("torch",))


class RapidOcrTarget:
    """A model that takes lines as RapidOCR prepares them."""

    image_suffix = ".png"
    searches = False

    def check(self, artifact: Artifact) -> None:
        """Raise `InputError` unless RapidOCR can read with the model, and is installed."""
        seen = artifact.spec.preprocessing
        require_lines(
            artifact,
            "RapidOCR",
            {
                "takes the mean and deviation of each line (`normalise: image`)": seen.normalise == "image",
                f"resizes by `{seen.resize}`, which no graph does": seen.resize not in RESIZE,
                "has a class whose text is no single line": any(
                    text.splitlines() != [text] for text in artifact.spec.charset
                ),
            },
        )
        opset = opset_of(read_onnx(artifact.path))
        if opset < OPSET:
            raise InputError(
                f"{artifact.path} is of opset {opset}, and {OPSET} is needed.",
                f"Only since opset {OPSET} a graph can resize lines as the model has learnt it.",
                f"Export it again: crnn-deploy export MODEL.safetensors -o {artifact.path}",
            )
        _PROGRAM.require()

    def write(self, folder: Path, artifact: Artifact) -> None:
        """Put the model between two parts that fit it to RapidOCR, and add the check."""
        onnx.save(for_rapidocr(read_onnx(artifact.path), artifact.spec), folder / MODEL)
        for name in (VERIFY, REQUIREMENTS):
            shutil.copyfile(_HERE / name, folder / name)
        shutil.copyfile(MODULE / "expected.py", folder / "expected.py")
        notes = [*notes_of_greedy(artifact.spec, "RapidOCR")]
        if has_recurrent_kernels(artifact):
            notes.append("RapidOCR loads no kernels of ours, so recurrent layers in INT8 run in FP32.")
        write_readme(folder, artifact, _HERE, notes)

    def verify(self, folder: Path) -> tuple[int, str]:
        """Read the examples with RapidOCR."""
        return _PROGRAM.check(folder)
