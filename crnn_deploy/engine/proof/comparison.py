"""The requirement on a graph that was lowered for TensorRT: it reads what its parent does."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from crnn_deploy.engine.lowering.half_range import LARGEST
from crnn_deploy.errors import GateError
from crnn_deploy.evaluation.model_comparison import ModelComparison
from crnn_deploy.runtime.tensorrt.names import Precision

Form = Literal["exact", "rounded"]


class LoweringParity(ModelComparison):
    """A lowered graph against the graph that it was made from, both run by ONNX Runtime on a CPU."""

    precision: Precision
    form: Form = Field(description="exact: the very graph; rounded: in FP32, rounding wherever the graph is FP16")
    kept_fp32: tuple[str, ...] = Field(default=(), description="nodes that stay in FP32 because FP16 can't hold them")
    peak: float | None = Field(default=None, description="largest magnitude of an FP16 activation")
    peak_node: str | None = None

    def require(self) -> None:
        """Raise `GateError` if a result is not finite, or an FP32 graph reads an image differently."""
        if self.not_finite:
            raise GateError(
                f"In {self.precision.upper()} {self.not_finite} of {self.images} images give NaN or infinity.",
                self._peak_told,
                "Read the images with the FP32 model; if that gives text, keep the nodes around the peak in FP32 with "
                "--keep-fp32, or build with --fp32.",
            )
        if self.precision == "fp32" and self.changed:
            raise GateError(
                f"The graph lowered for TensorRT reads {self.changed} of {self.images} images differently.",
                f"Its logits differ by up to {self.max_difference:.2g}.",
                "Please report it, with the model.",
            )

    @property
    def _peak_told(self) -> str:
        """Where FP16 is most likely left; nodes above half of its largest number are in FP32 already."""
        if self.peak is None:
            return "The model itself gives them: nothing was rounded."
        return f"Activations reach {self.peak:,.0f} at {self.peak_node}, and FP16 ends at {LARGEST:,.0f}."
