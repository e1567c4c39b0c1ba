"""Options of `label`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field

from crnn_deploy.config import MODEL_SUFFIXES, Argument, Fraction, Option, TrustModule
from crnn_deploy.reading.options import ReadOptions
from crnn_deploy.workers.options import WorkerOptions


class LabelConfig(WorkerOptions, ReadOptions):
    """Images to label, and the model that reads them."""

    model: Annotated[Path, Argument(metavar="MODEL", suffixes=MODEL_SUFFIXES)] = Field(
        description="A .safetensors, .onnx or .engine artifact.", examples=["teacher.onnx"]
    )
    sources: Annotated[tuple[str, ...], Argument(metavar="SOURCE", suffixes=(".parquet", ".tar", ".zip"))] = Field(
        min_length=1,
        description="Parquet or .tar files with images, folders of them, LMDBs, folders of images; their labels are "
        "not read.",
        examples=["archive"],
    )
    output: Annotated[Path, Option(short="-o", metavar="FOLDER")] = Field(
        description="The folder to write, with a Parquet file for each shard. A folder that an interrupted command "
        "has left is completed.",
        examples=["labelled"],
    )
    min_confidence: Fraction = Field(
        default=0.0, ge=0, le=1, description="Leave out what is read with a lower confidence.", examples=[0.9]
    )
    keep_images: bool = Field(
        default=False,
        description="Write the bytes of the images beside their texts, so that the folder is a labelled source for "
        "`train` and `distill`.",
    )
    shard_size: int = Field(
        default=100_000,
        gt=0,
        description="Images of a shard where a source has none: an LMDB, a .zip or a folder of images. A Parquet file "
        "or a .tar is a shard, whatever its size.",
    )
    trust_module: TrustModule = False
