"""The target `easyocr`: a network that EasyOCR loads in place of its own recogniser."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import torch
import yaml

from crnn_deploy.artifact import Artifact
from crnn_deploy.errors import InputError
from crnn_deploy.onnx_graph.external_data import model_files
from crnn_deploy.serving.layout import MODEL
from crnn_deploy.serving.spec_support import require_lines
from crnn_deploy.serving.targets.checking import VERIFY, Program
from crnn_deploy.serving.targets.python.module import HERE as MODULE
from crnn_deploy.serving.targets.python.module import REQUIREMENTS, check_graph, write_kernels
from crnn_deploy.serving.targets.readme import notes_of_greedy, notes_of_kernels, write_readme
from crnn_deploy.spec import ModelSpec

NAME = "crnn_easyocr"
"""Of the three files, as EasyOCR's `recog_network`."""

LEAST_HEIGHT = 64
"""Of the lines that EasyOCR is told to give, in pixels. It keeps the height for all readers of a process, and its own
models take 64. Of 1,000 receipt lines, students of 32 pixels read more right than with lines of 32 or 48."""

_ON_CPU = "The recogniser runs on the CPU, also where EasyOCR's detector runs on a GPU."
_BESIDE = f"It must lie beside `{NAME}.py`."
_HERE = Path(__file__).parent
_PROGRAM = Program("easyocr", "EasyOCR", extra="easyocr")
_SEEN = (
    *("channels", "height", "width_rounding", "width_multiple", "min_width", "max_width", "resize"),
    *("mean", "std", "normalise", "padding", "pad_to", "margin", "invert"),
)
"""What of the preprocessing the network follows."""


class EasyOcrTarget:
    """A network in PyTorch that runs the model with ONNX Runtime."""

    image_suffix = ".png"
    searches = False

    def check(self, artifact: Artifact) -> None:
        """Raise `InputError` unless EasyOCR can read with the model, and is installed."""
        require_lines(
            artifact,
            "EasyOCR",
            {"has a class whose text is no single character": any(len(text) != 1 for text in artifact.spec.charset)},
        )
        if len(model_files(artifact.path)) > 1:
            raise InputError(
                f"{artifact.path} keeps weights in other files.",
                "EasyOCR loads a model as one file.",
                "Save the model with all its weights in one file.",
            )
        check_graph(artifact)
        _PROGRAM.require()

    def write(self, folder: Path, artifact: Artifact) -> None:
        """Add the network with its settings and weights, and the check."""
        weights = torch.frombuffer(bytearray((folder / MODEL).read_bytes()), dtype=torch.uint8)
        torch.save({"module._extra_state": weights}, folder / f"{NAME}.pth")
        (folder / MODEL).unlink()
        settings = yaml.safe_dump(_settings(artifact.spec), allow_unicode=True, sort_keys=False)
        (folder / f"{NAME}.yaml").write_text(settings, encoding="utf-8", newline="\n")
        for name in (f"{NAME}.py", VERIFY, REQUIREMENTS):
            shutil.copyfile(_HERE / name, folder / name)
        shutil.copyfile(MODULE / "expected.py", folder / "expected.py")
        write_kernels(folder, artifact)
        kernels, greedy = notes_of_kernels(folder, artifact, _BESIDE), notes_of_greedy(artifact.spec, "EasyOCR")
        write_readme(folder, artifact, _HERE, [_ON_CPU, *kernels, *greedy])

    def verify(self, folder: Path) -> tuple[int, str]:
        """Read the examples with EasyOCR."""
        return _PROGRAM.check(folder)


def _settings(spec: ModelSpec) -> dict[str, Any]:
    """What EasyOCR reads of `crnn_easyocr.yaml`; `network_params` go to `Model`."""
    preprocessing = spec.preprocessing.model_dump(mode="json")
    return {
        "imgH": max(LEAST_HEIGHT, spec.preprocessing.height),
        "lang_list": ["en"],
        "character_list": "".join(spec.charset),
        "network_params": {
            "preprocessing": {name: preprocessing[name] for name in _SEEN},
            "blank": spec.blank,
            "output_layout": spec.output_layout,
            "temperature": spec.temperature,
        },
    }
