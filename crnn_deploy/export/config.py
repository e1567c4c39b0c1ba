"""Options of `export`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field

from crnn_deploy.config import Argument, Force, Frozen, OutputFile, SourceName, TrustModule


class ExportOptions(Frozen):
    """What determines the exported file, besides the model."""

    opset: int = Field(default=20, ge=19, le=20, description="Version of the ONNX operators; FP16 with Q/DQ needs 19.")

    def with_paths(
        self, model: Path, output: Path, data: str | None, force: bool = False, trust_module: bool = False
    ) -> ExportConfig:
        """These options for one model."""
        paths = {"model": model, "output": output, "data": data}
        return ExportConfig(**dict(self), **paths, force=force, trust_module=trust_module)


class ExportConfig(ExportOptions):
    """One export."""

    model: Annotated[Path, Argument(metavar="MODEL", suffixes=(".safetensors",))] = Field(
        description="A .safetensors artifact.", examples=["student.safetensors"]
    )
    output: OutputFile
    data: SourceName | None = Field(
        default=None, description="Real images for the parity check, besides noise.", examples=["lines.tar"]
    )
    force: Force = False
    trust_module: TrustModule = False
