"""Options of `evaluate` and `predict`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from crnn_deploy.config import MODEL_SUFFIXES, SOURCE_KINDS, Argument, Option, SourceName, TrustModule
from crnn_deploy.reading.options import ReadOptions
from crnn_deploy.zoo import READER


class EvaluateOptions(ReadOptions):
    """How a model is evaluated."""

    limit: int | None = Field(default=None, gt=0, description="Evaluate only the first images.", examples=[1000])
    resamples: int = Field(default=1000, gt=0, le=100_000, description="Bootstrap resamples for the 95 % intervals.")
    seed: int = Field(default=0, ge=0, description="Seed of the bootstrap.")

    def with_paths(self, artifact: Path, data: str, trust_module: bool = False) -> EvaluateConfig:
        """These options for one model."""
        return EvaluateConfig(**dict(self), artifact=artifact, data=data, trust_module=trust_module)


class EvaluateConfig(EvaluateOptions):
    """One evaluation."""

    artifact: Annotated[Path, Argument(metavar="ARTIFACT", suffixes=MODEL_SUFFIXES)] = Field(
        description="A .safetensors, .onnx or .engine artifact.", examples=["student.int8.onnx"]
    )
    data: SourceName = Field(description=f"Labelled images: {SOURCE_KINDS}.", examples=["val.tar"])
    trust_module: TrustModule = False


class PredictConfig(ReadOptions):
    """Images to read, and the model that reads them."""

    images: Annotated[tuple[str, ...], Argument(metavar="IMAGE", suffixes=(".png", ".jpg", ".tar", ".zip"))] = Field(
        min_length=1,
        description="Image files, folders, .tar or .zip archives or other sources; patterns such as 'scans/*.png'; "
        "- reads one image from stdin.",
        examples=["line.png"],
    )
    model: Annotated[Path, Option(metavar="ARTIFACT", suffixes=MODEL_SUFFIXES)] = Field(
        default=READER,
        description="The model; without it the English line reader that comes with the package reads.",
        examples=["student.int8.onnx"],
    )
    trust_module: TrustModule = False
    format: Literal["tsv", "csv", "jsonl"] = Field(
        default="tsv",
        description="How the command line prints each image as soon as it is read. tsv: path, text and confidence; "
        "csv: these with a head line; jsonl: one JSON object a line, with the place of each character.",
    )
