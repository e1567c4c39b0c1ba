"""What an engine build is asked to do."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from crnn_deploy.config import Argument, Flags, Force, Frozen, Option, OutputFile, SourceName
from crnn_deploy.runtime.tensorrt.names import Precision

FlavorChoice = Literal["auto", "tensorrt", "tensorrt-rtx"]
MOST_BUCKETS = 16


_PRECISIONS = (
    ("fp16", "Half precision."),
    ("int8", "INT8 where the model has Q/DQ nodes, and FP16 for the rest."),
    ("fp32", "Single precision, not TF32."),
)


def _architecture(target: str) -> str:
    """`sm89`, however it was written."""
    number = target.lower().removeprefix("sm").replace(".", "")
    if not re.fullmatch(r"\d{2,3}", number):
        raise ValueError(
            f"{target!r} is no GPU architecture. They are called by their compute capability: sm75 (RTX 20, T4), "
            "sm80 (A100), sm86 (RTX 30, A10), sm89 (RTX 40, L4), sm90 (H100), sm100 (B200), sm120 (RTX 50)"
        )
    return f"sm{number}"


def _distinct(targets: tuple[str, ...]) -> tuple[str, ...]:
    """In numerical order and once each: the order they are given in changes nothing."""
    return tuple(sorted(set(targets), key=lambda target: int(target.removeprefix("sm"))))


def _named(model: Path) -> Path:
    if not model.name:
        raise ValueError("The name of the model is empty. Check the command, or the variable behind it.")
    return model


class BuildOptions(Frozen):
    """What determines an engine, besides its precision, the model, the images and the version of TensorRT."""

    flavor: FlavorChoice = Field(
        default="auto",
        description="The library that builds. auto: TensorRT where a GPU is at hand, else TensorRT-RTX.",
    )
    targets: Annotated[
        tuple[Annotated[str, AfterValidator(_architecture)], ...],
        AfterValidator(_distinct),
        Option(name="target", metavar="SM"),
    ] = Field(
        default=(),
        description="A GPU architecture to build for; may be repeated. Without any, this machine's, or all from Ampere "
        "on.",
        examples=["sm89", "8.9"],
    )
    profiles: Annotated[tuple[str, ...], Option(name="profile", metavar="MIN,OPT,MAX")] = Field(
        default=(),
        description="Input shapes that the engine takes, each BATCHxWIDTH or NxCxHxW; may be repeated. Without any, "
        "those that the model's preprocessing yields.",
        examples=["1x32,8x320,16x640"],
    )
    buckets: int | None = Field(
        default=None,
        gt=0,
        le=MOST_BUCKETS,
        description="Make a profile for each of so many equally frequent ranges of width in the data.",
        examples=[3],
    )
    max_batch: int = Field(default=16, gt=0, le=4096, description="Most images at once; not with --profile.")
    plugin: bool = Field(default=True, description="Run GRU layers in our plugin, not in a loop of TensorRT's.")
    embed_plugin: bool = Field(default=True, description="Put the plugin library into the engine.")
    keep_fp32: Annotated[tuple[str, ...], Option(metavar="NODE")] = Field(
        default=(), description="An ONNX node that stays in FP32; may be repeated.", examples=["/head/MatMul"]
    )
    version_compatible: bool = Field(
        default=False, description="Build for later versions of TensorRT too; not with tensorrt-rtx."
    )
    hardware_compatible: bool = Field(
        default=False, description="Build for all GPUs from Ampere on; not with tensorrt-rtx."
    )
    optimization_level: int | None = Field(
        default=None, ge=0, le=5, description="Effort of TensorRT's search; without it TensorRT chooses.", examples=[5]
    )
    workspace_mb: int | None = Field(
        default=None, gt=0, description="Most scratch memory of a layer in MB; without it all.", examples=[1024]
    )

    @model_validator(mode="after")
    def _profiles_come_one_way(self) -> BuildOptions:
        if self.profiles and self.buckets is not None:
            raise ValueError("profiles are given or made from buckets, not both")
        return self


class EngineOptions(BuildOptions):
    """The same with the precision."""

    precision: Annotated[Precision, Flags(texts=_PRECISIONS)] = Field(
        default="fp16", description="Precision of the layers."
    )

    def with_paths(self, model: Path, output: Path, data: str | None, force: bool = False) -> EngineConfig:
        """These options for one model."""
        return EngineConfig(**dict(self), model=model, output=output, data=data, force=force)


class EngineConfig(EngineOptions):
    """One engine build."""

    model: Annotated[Path, AfterValidator(_named), Argument(metavar="MODEL", suffixes=(".onnx",))] = Field(
        description="An .onnx artifact; for --int8 one made by quantize --target tensorrt.", examples=["student.onnx"]
    )
    output: OutputFile = Field(
        default_factory=lambda values: values["model"].with_suffix(".engine"),
        description="The file to write; without it MODEL.engine.",
    )
    data: SourceName | None = Field(
        default=None, description="Real images: for widths, and to compare with the model.", examples=["train.tar"]
    )
    force: Force = False
