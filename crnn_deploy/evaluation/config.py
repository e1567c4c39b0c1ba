"""Options of `evaluate` and `predict`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, model_validator

from crnn_deploy.config import MODEL_SUFFIXES, SOURCE_KINDS, Argument, Option, SourceName, TrustModule
from crnn_deploy.reading.options import ReadOptions
from crnn_deploy.workers.options import WorkerOptions
from crnn_deploy.zoo import READER

STDIN = "-"
"""In place of an image: one whose encoded bytes come from stdin."""

PAGE_FORMATS = ("text", "hocr", "alto")
"""Formats that only whole pages have."""


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
    predictions: Annotated[Path | None, Option(metavar="FILE", suffixes=(".parquet",))] = Field(
        default=None,
        description="A Parquet file to write with what is read in each image, its label, confidence and errors (extra "
        "`parquet`).",
        examples=["val.parquet"],
    )
    force: Annotated[bool, Field(description="Overwrite that file if it exists.")] = False
    trust_module: TrustModule = False


class PredictConfig(WorkerOptions, ReadOptions):
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
    pages: bool = Field(
        default=False,
        description="The images are whole pages or PDFs: their lines are found, read and put in order (extra `pages`).",
    )
    dpi: int = Field(default=200, ge=50, le=1200, description="Pixels an inch at which pages of a PDF are drawn.")
    format: Literal["tsv", "csv", "jsonl", "text", "hocr", "alto"] = Field(
        default="tsv",
        description="How the command line writes images while it reads. tsv: path, text and confidence, and "
        "of a line of a page its place; csv: these with a head line; jsonl: one JSON object a line, with the places of "
        "characters or words. Pages also as text, hocr and alto.",
    )
    output: Annotated[Path | None, Option(short="-o", metavar="DIR")] = Field(
        default=None, description="With --pages: the folder to write, with a file for each page."
    )
    force: Annotated[bool, Field(description="Overwrite files of that folder.")] = False

    @property
    def shared(self) -> bool:
        """Whether workers read the images."""
        return self.engine == "ray" or self.workers is not None

    @model_validator(mode="after")
    def _workers_fit(self) -> PredictConfig:
        if self.shared and (self.pages or STDIN in self.images):
            given = "engine ray goes" if self.engine == "ray" else "workers go"
            raise ValueError(f"{given} without {'pages' if self.pages else 'an image from stdin'}")
        return self

    @model_validator(mode="after")
    def _formats_fit(self) -> PredictConfig:
        if not self.pages and (self.format in PAGE_FORMATS or self.output is not None):
            given = f"format {self.format}" if self.format in PAGE_FORMATS else "output"
            raise ValueError(f"{given} goes with pages")
        if self.format in ("hocr", "alto") and self.output is None:
            raise ValueError(f"format {self.format} needs output, the folder to write")
        return self
