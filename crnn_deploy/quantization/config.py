"""Options of `quantize`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from crnn_deploy.config import Argument, Flags, Force, Fraction, Frozen, Option, OutputFile, SkipBad, SourceName
from crnn_deploy.runtime.config import Threads

Target = Literal["cpu", "portable", "tensorrt"]
CalibratorName = Literal["minmax", "percentile", "entropy", "mse"]


class QuantizeOptions(Frozen):
    """What determines the quantized file, besides the model, the images and the machine."""

    RENAMED: ClassVar[Mapping[str, str]] = {"max_drop": "max_error_rise, a fraction: 0.5 points are 0.005"}

    target: Target = Field(
        default="cpu",
        description="What runs the model: ONNX Runtime on a CPU, our library beside it; any runtime of standard ONNX, "
        "with recurrent layers in FP32; or TensorRT on a GPU.",
    )
    calibrator: CalibratorName | Literal["auto"] = Field(
        default="auto", description="How ranges are chosen. auto: what reads best on the held-out images."
    )
    samples: int | None = Field(
        default=None, gt=0, description="Images to calibrate on; without it up to 300.", examples=[400]
    )
    held_out: int | None = Field(
        default=None, gt=0, description="Other images to compare on; without it up to 200.", examples=[1000]
    )
    max_error_rise: Annotated[Fraction | None, Option(metavar="FRACTION", text=True)] = Field(
        default=None,
        ge=0,
        le=1,
        description="Cap on the rise of the error over the parent: the upper end of its paired 95 % interval, such as "
        "0.005 or 0.5%. Layers that cost too much stay in FP32; more held-out images narrow the interval. Without it "
        "only a broken model is repaired: one that reads fewer than half of the images as its parent does, or by the "
        "labels certainly more than one point worse.",
        examples=[0.005],
    )
    sensitivity: bool = Field(default=False, description="Measure what each layer costs, even if all may be INT8.")
    seed: int = Field(default=0, ge=0, description="Seed of the random choice of images.")
    skip_bad: SkipBad = False
    threads: Threads | None = Field(
        default=None, description="Threads of ONNX Runtime; without it the runtime chooses.", examples=[1]
    )

    def with_paths(self, model: Path, output: Path, data: str, force: bool = False) -> QuantizeConfig:
        """These options for one model."""
        return QuantizeConfig(**dict(self), model=model, output=output, data=data, force=force)


class QuantizeConfig(QuantizeOptions):
    """One quantization."""

    RENAMED: ClassVar[Mapping[str, str]] = {**QuantizeOptions.RENAMED, "calib": "data"}

    model: Annotated[Path, Argument(metavar="MODEL", suffixes=(".onnx",))] = Field(
        description="An FP32 .onnx artifact.", examples=["student.onnx"]
    )
    data: SourceName = Field(
        description="Images to calibrate and to compare on, like those that will be read; labels are used where there "
        "are some.",
        examples=["train.tar"],
    )
    output: OutputFile
    precision: Annotated[Literal["int8"], Flags()] = Field(
        default="int8", description="8-bit integers, the only precision so far."
    )
    report: Annotated[Path | None, Option(metavar="FILE", suffixes=(".html", ".json"))] = Field(
        default=None, description="Write all that was measured, as .html or .json.", examples=["int8.html"]
    )
    force: Force = False
