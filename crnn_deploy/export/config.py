"""Options of `export`."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from crnn_deploy.config import Frozen


class ExportOptions(Frozen):
    """What determines the exported file, besides the model."""

    opset: int = Field(default=20, ge=19, le=20, description="ONNX operator set; Q/DQ in FP16 needs 19")

    def with_paths(self, model: Path, output: Path, data: str | None, force: bool = False) -> ExportConfig:
        """These options for one model."""
        return ExportConfig(**dict(self), model=model, output=output, data=data, force=force)


class ExportConfig(ExportOptions):
    """One export."""

    model: Path
    output: Path
    force: bool = False
    data: str | None = Field(default=None, description="real images for the parity check, besides noise")
