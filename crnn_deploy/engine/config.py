"""What an engine build is asked to do."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from crnn_deploy.config import Frozen
from crnn_deploy.runtime.tensorrt.names import Precision

FlavorChoice = Literal["auto", "tensorrt", "tensorrt-rtx"]
MOST_BUCKETS = 16


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


class BuildOptions(Frozen):
    """What determines an engine, besides its precision, the model, the images and the version of TensorRT."""

    flavor: FlavorChoice = Field(default="auto", description="auto: TensorRT where a GPU is at hand, else TensorRT-RTX")
    targets: Annotated[tuple[Annotated[str, AfterValidator(_architecture)], ...], AfterValidator(_distinct)] = Field(
        default=(), description="GPU architectures such as sm89; absent: this machine's, or all from Ampere on"
    )
    profiles: tuple[str, ...] = Field(
        default=(), description="min,opt,max, each NxW or NxCxHxW; absent: what the model's preprocessing admits"
    )
    buckets: int | None = Field(
        default=None, gt=0, le=MOST_BUCKETS, description="profiles for as many equally frequent ranges of width"
    )
    max_batch: int = Field(default=16, gt=0, le=4096, description="images at once, where no profile is given")
    plugin: bool = Field(default=True, description="run GRU layers in our plugin, not in a loop of TensorRT's")
    embed_plugin: bool = Field(default=True, description="put the plugin library into the engine")
    keep_fp32: tuple[str, ...] = Field(default=(), description="ONNX nodes that stay in FP32")
    version_compatible: bool = Field(default=False, description="the engine runs on later versions of TensorRT too")
    hardware_compatible: bool = Field(default=False, description="the engine runs on all GPUs from Ampere on")
    optimization_level: int | None = Field(
        default=None, ge=0, le=5, description="of TensorRT's search; absent: its own"
    )
    workspace_mb: int | None = Field(default=None, gt=0, description="most scratch memory of a layer; absent: all")

    @model_validator(mode="after")
    def _profiles_come_one_way(self) -> BuildOptions:
        if self.profiles and self.buckets is not None:
            raise ValueError("profiles are given or made from buckets, not both")
        return self


class EngineOptions(BuildOptions):
    """The same with the precision."""

    precision: Precision = "fp16"

    def with_paths(self, model: Path, output: Path, data: str | None, force: bool = False) -> EngineConfig:
        """These options for one model."""
        return EngineConfig(**dict(self), model=model, output=output, data=data, force=force)


class EngineConfig(EngineOptions):
    """One build."""

    model: Path
    output: Path
    data: str | None = Field(default=None, description="real images, for the parity check and the buckets")
    force: bool = False
