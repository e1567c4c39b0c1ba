"""The methods that the study compares: labels, or losses on teachers in addition to labels or instead of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from crnn_deploy.training.config import QatOptions
from crnn_deploy.training.losses.options import (
    CrossEntropyOptions,
    CtcOptions,
    DctcOptions,
    DistOptions,
    DkdOptions,
    FeatureOptions,
    FrameKlOptions,
    HintonKdOptions,
    LossOptions,
    PseudoLabelOptions,
)

Precision = Literal["fp32", "int8"]

_GUIDED = 0.5  # share of the training after which losses on the teacher have faded, as by default


@dataclass(frozen=True)
class Method:
    """One way to train a student; `precisions` are those in which it is evaluated."""

    name: str
    losses: tuple[LossOptions, ...]
    qat: QatOptions | None = None
    precisions: tuple[Precision, ...] = ("fp32",)

    @property
    def labels(self) -> bool:
        """Whether any loss needs labels."""
        return any(loss.reads == "labels" for loss in self.losses)


LABELS = "labels only"
"""The method that all others are compared with, in FP32 and, for quantization-aware training, in INT8."""

_BOTH: tuple[Precision, ...] = ("fp32", "int8")
_KL = FrameKlOptions(until=_GUIDED)
_ALL_FRAMES = FrameKlOptions(until=_GUIDED, selection="all")
_FEATURES = FeatureOptions(until=_GUIDED)

FOR_LINES = (
    Method(LABELS, (CtcOptions(),), precisions=_BOTH),
    Method("+ frame KL, all frames", (CtcOptions(), _ALL_FRAMES)),
    Method("+ frame KL, blanks selected", (CtcOptions(), _KL)),
    Method("+ frame KL, blanks selected, + features", (CtcOptions(), _KL, _FEATURES)),
    Method("pseudo-labels only", (PseudoLabelOptions(),)),
    Method("+ DCTC", (CtcOptions(), DctcOptions())),
    Method("+ QAT", (CtcOptions(),), QatOptions(), ("int8",)),
    Method("frame KL and pseudo-labels, no labels", (FrameKlOptions(), PseudoLabelOptions())),
)

FOR_CLASSES = (
    Method(LABELS, (CrossEntropyOptions(),), precisions=_BOTH),
    Method("+ Hinton", (CrossEntropyOptions(), HintonKdOptions())),
    Method("+ DIST", (CrossEntropyOptions(), DistOptions())),
    Method("+ DKD", (CrossEntropyOptions(), DkdOptions())),
    Method("+ features", (CrossEntropyOptions(), FeatureOptions())),
    Method("+ QAT", (CrossEntropyOptions(),), QatOptions(), ("int8",)),
)
