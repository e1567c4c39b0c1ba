"""Options of the losses, as recipes and the command line write them."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import BeforeValidator, Field

from crnn_deploy.compact import expand_compact
from crnn_deploy.config import Frozen

Metric = Literal["cosine", "l2"]
Selection = Literal["symmetric", "all"]
_ClassWeight = Annotated[float, Field(gt=0, allow_inf_nan=False)]


def _balanced_or_list(value: object) -> object:
    if value is not None and value != "balanced" and not isinstance(value, (list, tuple)):
        raise ValueError(f"'weights' is {value!r}; write balanced, or in a recipe a list with a number for each class")
    return value


ClassWeights = Annotated[Literal["balanced"] | tuple[_ClassWeight, ...] | None, BeforeValidator(_balanced_or_list)]


class Weighted(Frozen):
    """Options of every loss; `reads` is what the loss needs beside the images."""

    NAMED_BY: ClassVar[str] = "kind"
    reads: ClassVar[Literal["labels", "teachers"]]

    weight: float = Field(default=1.0, gt=0, description="Weight of the loss in the sum.")
    until: float | None = Field(
        default=None,
        gt=0,
        le=1,
        description="Share of the training over which the weight fades to zero; absent: never.",
    )


class CtcOptions(Weighted):
    """CTC on labels (Graves et al., ICML 2006)."""

    reads = "labels"
    kind: Literal["ctc"] = Field(default="ctc", description="Kind of the loss.")


class DctcOptions(Weighted):
    """CTC self-distillation on labels (arXiv 2308.08806)."""

    reads = "labels"
    kind: Literal["dctc"] = Field(default="dctc", description="Kind of the loss.")
    weight: float = Field(default=0.1, gt=0, description="Weight of the loss in the sum.")


class FrameKlOptions(Weighted):
    """Divergence of the student's frames from the teacher's, with few blank frames."""

    reads = "teachers"
    kind: Literal["frame-kl"] = Field(default="frame-kl", description="Kind of the loss.")
    temperature: float = Field(default=1.0, gt=0, description="Divides the logits of teacher and student.")
    selection: Selection = Field(
        default="symmetric",
        description="Frames that count fully. symmetric: those beside a character of one of both; all: every frame.",
    )
    far_blank: float = Field(
        default=0.1, ge=0, le=1, description="Weight of blank frames that are not beside a character."
    )


class PseudoLabelOptions(Weighted):
    """CTC on the readings of a teacher, where it is sure."""

    reads = "teachers"
    kind: Literal["pseudo-labels"] = Field(default="pseudo-labels", description="Kind of the loss.")
    confidence: float = Field(default=0.5, ge=0, le=1, description="Least probability that a reading is right.")


class FeatureOptions(Weighted):
    """Distance of the features before the head."""

    reads = "teachers"
    kind: Literal["features"] = Field(default="features", description="Kind of the loss.")
    metric: Metric = Field(default="cosine", description="Distance between the features of teacher and student.")


class CrossEntropyOptions(Weighted):
    """Cross-entropy on class labels."""

    reads = "labels"
    kind: Literal["cross-entropy"] = Field(default="cross-entropy", description="Kind of the loss.")
    label_smoothing: float = Field(
        default=0.05, ge=0, lt=1, description="Share of the probability that is spread over all classes."
    )
    weights: ClassWeights = Field(
        default=None,
        description="How much the images of each class count: a list of numbers, or balanced: the fewer there are, the "
        "more each counts, so that all classes count the same. Absent: all images count the same.",
        examples=["balanced"],
    )


class HintonKdOptions(Weighted):
    """Divergence of the class probabilities (Hinton et al., arXiv 1503.02531)."""

    reads = "teachers"
    kind: Literal["hinton-kd"] = Field(default="hinton-kd", description="Kind of the loss.")
    temperature: float = Field(default=1.0, gt=0, description="Divides the logits of teacher and student.")


class DistOptions(Weighted):
    """Correlation of the class probabilities (Huang et al., arXiv 2205.10536)."""

    reads = "teachers"
    kind: Literal["dist"] = Field(default="dist", description="Kind of the loss.")
    temperature: float = Field(default=1.0, gt=0, description="Divides the logits of teacher and student.")


class DkdOptions(Weighted):
    """Decoupled knowledge distillation (Zhao et al., arXiv 2203.08679)."""

    reads = "teachers"
    kind: Literal["dkd"] = Field(default="dkd", description="Kind of the loss.")
    temperature: float = Field(default=4.0, gt=0, description="Divides the logits of teacher and student.")
    target_weight: float = Field(default=1.0, ge=0, description="Weight of the right class against all others.")
    others_weight: float = Field(default=2.0, ge=0, description="Weight of the distribution over the other classes.")


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
