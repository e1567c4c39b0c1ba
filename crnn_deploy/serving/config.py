"""Options of `package`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from crnn_deploy.config import Argument, Force, Frozen, Option, SourceName

TargetName = Literal["cpp", "easyocr", "http", "node", "onnxtr", "python", "rapidocr", "triton", "web"]
"""Who reads with a package; `crnn_deploy.serving.targets.registry` knows what is in it."""


class PackageConfig(Frozen):
    """One package."""

    model: Annotated[Path, Argument(metavar="MODEL", suffixes=(".onnx",))] = Field(
        description="An .onnx artifact.", examples=["student.int8.onnx"]
    )
    target: TargetName = Field(
        description="What the package is for. python: a module that needs only NumPy, ONNX Runtime and Pillow; http: a "
        "server; easyocr, onnxtr, rapidocr: a recogniser for these programs; triton: model repositories for "
        "NVIDIA's Triton; node: a module for Node.js; web: a static page; cpp: a CMake project in C++."
    )
    output: Annotated[Path, Option(short="-o", metavar="DIR")] = Field(description="The folder to write.")
    data: SourceName | None = Field(
        default=None,
        description="Images to take the examples from; without it lines are rendered, for readers of lines.",
        examples=["lines.tar"],
    )
    examples: int = Field(default=8, gt=0, le=100, description="Example images in the package.")
    force: Force = False
