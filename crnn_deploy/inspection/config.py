"""Options of `inspect`."""

from __future__ import annotations

import os
from typing import Annotated

from pydantic import BeforeValidator, Field

from crnn_deploy.config import MODEL_SUFFIXES, Argument, Frozen, SourceName

CHECKPOINT_SUFFIXES = (".pth", ".pt", ".ckpt", ".mlmodel", ".keras", ".h5")
"""Of models other than our artifacts."""


def _text(location: object) -> object:
    return os.fspath(location) if isinstance(location, os.PathLike) else location


class InspectConfig(Frozen):
    """A model file or a data set to describe."""

    location: Annotated[
        str,
        BeforeValidator(_text),
        Argument(metavar="MODEL_OR_SOURCE", suffixes=(*MODEL_SUFFIXES, *CHECKPOINT_SUFFIXES, ".tar", ".zip")),
    ] = Field(
        description="A model (.pth, .pt, .ckpt, .safetensors, .onnx, .engine, .mlmodel, .keras or .h5) or a data set.",
        examples=["student.int8.onnx", "train.tar"],
    )
    data: SourceName | None = Field(
        default=None,
        description="With a data set: another one, whose images are compared with those of the first.",
        examples=["val.tar"],
    )
