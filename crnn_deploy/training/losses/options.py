"""Options of the losses, as recipes and the command line write them."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import BeforeValidator, Field

from crnn_deploy.compact import expand_compact
from crnn_deploy.config import Frozen

Metric = Literal["cosine", "l2"]
Selection = Literal["symmetric", "all"]


class Weighted(Frozen):
    """Options of every loss; `reads` is what the loss needs beside the images."""

    reads: ClassVar[Literal["labels", "teachers"]]

    weight: float = Field(default=1.0, gt=0)
    until: float | None = Field(
        default=None, gt=0, le=1, description="share of the training over which the weight fades to zero"
    )


class CtcOptions(Weighted):
    reads = "labels"
    kind: Literal["ctc"] = "ctc"


class DctcOptions(Weighted):
    reads = "labels"
    kind: Literal["dctc"] = "dctc"
    weight: float = Field(default=0.1, gt=0)


class FrameKlOptions(Weighted):
    reads = "teachers"
    kind: Literal["frame-kl"] = "frame-kl"
    temperature: float = Field(default=1.0, gt=0)
    selection: Selection = "symmetric"
    far_blank: float = Field(
        default=0.1, ge=0, le=1, description="weight of blank frames that are not beside a character"
    )


class PseudoLabelOptions(Weighted):
    reads = "teachers"
    kind: Literal["pseudo-labels"] = "pseudo-labels"
    confidence: float = Field(default=0.9, ge=0, le=1, description="least mean probability of a line's characters")


class FeatureOptions(Weighted):
    reads = "teachers"
    kind: Literal["features"] = "features"
    metric: Metric = "cosine"


class CrossEntropyOptions(Weighted):
    reads = "labels"
    kind: Literal["cross-entropy"] = "cross-entropy"
    label_smoothing: float = Field(default=0.05, ge=0, lt=1)


class HintonKdOptions(Weighted):
    reads = "teachers"
    kind: Literal["hinton-kd"] = "hinton-kd"
    temperature: float = Field(default=1.0, gt=0)


class DistOptions(Weighted):
    reads = "teachers"
    kind: Literal["dist"] = "dist"
    temperature: float = Field(default=1.0, gt=0)


class DkdOptions(Weighted):
    reads = "teachers"
    kind: Literal["dkd"] = "dkd"
    temperature: float = Field(default=4.0, gt=0)
    target_weight: float = Field(default=1.0, ge=0)
    others_weight: float = Field(default=2.0, ge=0)


def _from_compact(value: object) -> object:
    return expand_compact(value, "kind")


LossOptions = Annotated[
    CtcOptions
    | DctcOptions
    | FrameKlOptions
    | PseudoLabelOptions
    | FeatureOptions
    | CrossEntropyOptions
    | HintonKdOptions
    | DistOptions
    | DkdOptions,
    Field(discriminator="kind"),
    BeforeValidator(_from_compact),
]
"""One loss: fields, or `KIND[:KEY=VALUE,…]`."""
