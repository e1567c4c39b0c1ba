"""Options of `explain`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from crnn_deploy.config import MODEL_SUFFIXES, Argument, Force, Frozen, Option, SkipBad, TrustModule
from crnn_deploy.runtime.config import Threads

Method = Literal["occlusion", "gradients"]


class ExplainConfig(Frozen):
    """A model, and the images whose answers are explained."""

    model: Annotated[Path, Argument(metavar="ARTIFACT", suffixes=MODEL_SUFFIXES)] = Field(
        description="A .safetensors, .onnx or .engine artifact.", examples=["student.int8.onnx"]
    )
    images: Annotated[tuple[str, ...], Argument(metavar="IMAGE", suffixes=(".png", ".jpg", ".tar", ".zip"))] = Field(
        min_length=1, description="Image files, folders, .tar or .zip archives or other sources.", examples=["line.png"]
    )
    output: Annotated[Path | None, Option(short="-o", metavar="OUT", suffixes=(".html", ".png"))] = Field(
        default=None,
        description="Write a page (.html) or a picture (.png); without it the places are printed only.",
        examples=["page.html"],
    )
    method: Method = Field(
        default="occlusion",
        description="occlusion: hide parts of the image and ask again, with any artifact; gradients: integrated "
        "gradients, with .safetensors artifacts and the extra explain.",
    )
    limit: int = Field(default=20, gt=0, le=1000, description="Explain only the first images.")
    skip_bad: SkipBad = False
    threads: Threads | None = Field(
        default=None, description="Threads of the runtime; without it the runtime chooses.", examples=[1]
    )
    trust_module: TrustModule = False
    force: Force = False
