"""Options of joined lines."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field

from crnn_deploy.config import Argument, Force, Frozen, OutputFile, SourceName


class JoinOptions(Frozen):
    """How many lines to join, and what finds their characters."""

    count: int = Field(gt=0, le=10_000_000, description="Lines to join.", examples=[12000])
    seed: int = Field(
        default=0, ge=0, description="The same seed gives the same lines; a larger count keeps the first."
    )
    model: Path | None = Field(
        default=None,
        description="A model that reads such lines, to find where their characters are; without it the English line "
        "reader that comes with the package.",
        examples=["teacher.onnx"],
    )


class JoinConfig(JoinOptions):
    """Lines joined of parts of those of `data`, written to `output`."""

    data: Annotated[SourceName, Argument(metavar="SOURCE")] = Field(
        description="Labelled lines.", examples=["train.tar"]
    )
    output: OutputFile
    force: Force = False
