"""Options of `inspect`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field

from crnn_deploy.config import MODEL_SUFFIXES, Argument, Frozen


class InspectConfig(Frozen):
    """A model file to describe."""

    file: Annotated[Path, Argument(metavar="FILE", suffixes=(*MODEL_SUFFIXES, ".pth", ".pt", ".ckpt"))] = Field(
        description="A .pth, .pt, .safetensors, .onnx or .engine file.", examples=["student.int8.onnx"]
    )
