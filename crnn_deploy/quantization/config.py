"""Options of `quantize`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar, Literal

from pydantic import Field

from crnn_deploy.config import Frozen
from crnn_deploy.quantization.calibration.calibrators import CalibratorName
from crnn_deploy.quantization.target import Target
from crnn_deploy.runtime.config import Threads


class QuantizeOptions(Frozen):
    """What determines the quantized file, besides the model, the images and the machine."""

    RENAMED: ClassVar[Mapping[str, str]] = {
        "max_drop": "max_error_rise, a fraction: 0.5 points are 0.005",
        "calib": "data",
    }
    """Keys of version 0.1 → what they are called now."""

    target: Target = Field(default="cpu", description="what runs it: ONNX Runtime on a CPU, or TensorRT on a GPU")
    calibrator: CalibratorName | Literal["auto"] = Field(
        default="auto", description="how ranges are chosen; auto: what reads best on the held-out images"
    )
    samples: int | None = Field(default=None, gt=0, description="images to calibrate on; absent: up to 300")
    held_out: int | None = Field(
        default=None, gt=0, description="other images of the same source to compare on; absent: up to 200"
    )
    max_error_rise: float | None = Field(
        default=None,
        ge=0,
        le=1,
        description="highest rise of the error over the parent, a fraction: upper end of the paired 95 % interval; "
        "layers that cost too much stay in FP32; absent: only a broken model is repaired",
    )
    sensitivity: bool = Field(default=False, description="measure each layer's sensitivity even where all may be INT8")
    seed: int = Field(default=0, ge=0, description="of the random choice of images")
    skip_bad: bool = Field(default=False, description="leave broken images out instead of stopping")
    threads: Threads | None = Field(default=None, description="of ONNX Runtime; absent: its own choice")

    def with_paths(self, model: Path, output: Path, data: str, force: bool = False) -> QuantizeConfig:
        """These options for one model."""
        return QuantizeConfig(**dict(self), model=model, output=output, data=data, force=force)


class QuantizeConfig(QuantizeOptions):
    """One quantization."""

    model: Path
    data: str = Field(description="images to calibrate and to compare on; labels are used where there are some")
    output: Path
    force: bool = False
