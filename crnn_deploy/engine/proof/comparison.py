"""Does a lowered graph read what its parent does?"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

import numpy as np
import onnx
from numpy.typing import NDArray
from pydantic import Field

from crnn_deploy.config import Frozen
from crnn_deploy.errors import GateError
from crnn_deploy.evaluation.decoding import decode
from crnn_deploy.runtime.onnxruntime import inference_session
from crnn_deploy.runtime.outputs import batch_first
from crnn_deploy.runtime.tensorrt.names import Precision
from crnn_deploy.spec import ModelSpec

Form = Literal["exact", "rounded"]


class LoweringParity(Frozen):
    """A lowered graph against the graph that it was made from, both run by ONNX Runtime on a CPU."""

    precision: Precision
    form: Form = Field(description="exact: the very graph; rounded: in FP32, rounding wherever the graph is FP16")
    images: int
    changed: int = Field(description="images that read differently")
    not_finite: int = Field(description="images with an output that is NaN or infinite")
    max_difference: float = Field(description="largest absolute difference of a finite logit")
    kept_fp32: tuple[str, ...] = Field(default=(), description="nodes that stay in FP32 because FP16 can't hold them")
    peak: float | None = Field(default=None, description="largest magnitude of an FP16 activation")
    peak_node: str | None = None

    @property
    def same_text(self) -> float:
        """Share of images that read exactly as the parent reads them."""
        return 1 - self.changed / max(1, self.images)

    def require(self) -> None:
        """Raise `GateError` if a result is not finite, or an FP32 graph reads an image differently."""
        if self.not_finite:
            raise GateError(
                f"In {self.precision.upper()} {self.not_finite} of {self.images} images give NaN or infinity.",
                "An activation overflows that didn't on the images looked at.",
                "Give more images, or name layers that must stay in FP32.",
            )
        if self.precision == "fp32" and self.changed:
            raise GateError(
                f"The graph lowered for TensorRT reads {self.changed} of {self.images} images differently.",
                f"Its logits differ by up to {self.max_difference:.2g}.",
                "Please report it, with the model.",
            )


def compare(
    parent: onnx.ModelProto,
    candidate: onnx.ModelProto,
    spec: ModelSpec,
    images: Iterable[NDArray[np.float32]],
    threads: int | None = None,
) -> tuple[int, int, int, float]:
    """Run both graphs on the same batches `[N, C, H, W]`.

    Returns:
        Images compared, those that read differently, those that are not finite, largest difference of a finite logit.
    """
    sessions = [inference_session(model, threads) for model in (parent, candidate)]
    count = changed = not_finite = 0
    largest = 0.0
    for batch in images:
        expected, found = (
            batch_first(session.run(None, {session.get_inputs()[0].name: batch})[0], spec) for session in sessions
        )
        finite = np.isfinite(found).all(axis=tuple(range(1, found.ndim)))
        texts = zip(decode(expected, spec), decode(found, spec), strict=True)
        count += len(batch)
        changed += sum(before != after for before, after in texts)
        not_finite += int((~finite).sum())
        largest = max(largest, float(np.abs(expected - found)[finite].max(initial=0)))
    return count, changed, not_finite, largest
