"""Does the exported model compute and read what its parent does?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crnn_deploy.errors import GateError
from crnn_deploy.evaluation.decoding import decode
from crnn_deploy.export.shapes import unseen_shapes
from crnn_deploy.runtime.session import Session
from crnn_deploy.spec import Preprocessing

# FP32 kernels that sum in another order differ by about 1e-6 of the largest logit; wrong graphs by orders more.
RELATIVE_TOLERANCE = 1e-4


@dataclass(frozen=True)
class Parity:
    """How far a candidate is from its reference, over all images compared."""

    images: int
    max_difference: float
    """Largest absolute difference of a logit."""
    relative_difference: float
    """The same as a share of the largest logit's magnitude in its batch."""
    changed: int
    """Images that read differently."""

    def require(self) -> None:
        """Raise `GateError` unless every image reads the same and the logits agree."""
        if self.changed:
            raise GateError(
                f"The exported model reads {self.changed} of {self.images} images differently from its parent.",
                f"The logits differ by up to {self.max_difference:.2g}.",
                "Part of the module probably depends on the batch or width that it was traced with.",
            )
        if not self.relative_difference <= RELATIVE_TOLERANCE:  # so that NaN is refused too
            raise GateError(
                f"The exported model's logits differ from its parent's by {self.relative_difference:.2g} of the largest"
                f" logit; rounding explains up to {RELATIVE_TOLERANCE:g}."
            )


def compare(reference: Session, candidate: Session, batches: Iterable[NDArray[np.float32]]) -> Parity:
    """Run both sessions on the same batches `[N, C, H, W]`.

    Raises:
        GateError: if the shapes of their logits differ.
    """
    images, changed, largest, relative = 0, 0, 0.0, 0.0
    for batch in batches:
        expected, found = reference.run(batch), candidate.run(batch)
        if expected.shape != found.shape:
            raise GateError(
                f"For input {list(batch.shape)} the exported model gives {list(found.shape)}, "
                f"its parent {list(expected.shape)}.",
                "A size that depends on the input was frozen when the module was traced.",
            )
        difference = float(np.abs(expected - found).max())
        scale = float(np.abs(expected).max())
        images += len(batch)
        texts = zip(decode(expected, reference.spec), decode(found, reference.spec), strict=True)
        changed += sum(before != after for before, after in texts)
        largest = float(np.maximum(largest, difference))  # unlike max(), keeps NaN
        relative = float(np.maximum(relative, difference / max(scale, np.finfo(np.float32).tiny)))
    return Parity(images, largest, relative, changed)


def random_batches(preprocessing: Preprocessing, seed: int = 0) -> Iterator[NDArray[np.float32]]:
    """Noise at batch sizes and widths that the exporter has not seen."""
    random = np.random.default_rng(seed)
    for shape in unseen_shapes(preprocessing):
        yield random.standard_normal(shape, np.float32)
