"""Options of `import`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field

from crnn_deploy.config import Argument, Force, Frozen, Option, OutputFile
from crnn_deploy.files import locate

_SUFFIXES = (".pth", ".pt", ".ckpt", ".safetensors", ".onnx", ".mlmodel", ".keras", ".h5")


class ImportConfig(Frozen):
    """One import."""

    checkpoint: Annotated[
        Path,
        AfterValidator(locate),
        Argument(metavar="CHECKPOINT", suffixes=_SUFFIXES),
    ] = Field(
        description="A checkpoint (.pth, .pt, .ckpt, .safetensors, .onnx, .mlmodel, .keras or .h5); "
        "package:NAME/FILE is one of a package.",
        examples=["english_g2.pth", "package:rapidocr/models/PP-OCRv6_rec_small.onnx"],
    )
    output: OutputFile
    module: Annotated[str | None, Option(metavar="FILE.py:CLASS")] = Field(
        default=None, description="The class of your own network. Its source file is executed.", examples=["my.py:Crnn"]
    )
    family: str | None = Field(
        default=None,
        description="What the checkpoint is, where its weights could be of several families.",
        examples=["deep-text"],
    )
    lang: str | None = Field(
        default=None, description="Language of the charset, where a family has several.", examples=["ja"]
    )
    spec: Annotated[Path | None, Option(metavar="SPEC.yaml", suffixes=(".yaml", ".yml"))] = Field(
        default=None,
        description="YAML with what the checkpoint does not say; its fields replace detected ones.",
        examples=["my.yaml"],
    )
    force: Force = False
