"""`ModelSpec`: what a model file says about itself, so that anyone who holds the file can run and explain it.

The spec travels inside the artifact (see `artifact.py`) as JSON with a schema version. Nothing in it depends on the
time or the machine, so the same inputs give the same bytes.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from crnn_deploy.config import Frozen

SCHEMA_VERSION: Literal[1] = 1


class Preprocessing(Frozen):
    """From a PIL image to the network's input `[C, H, W]`: x = (pixel / 255 - mean) / std, padded on the right.

    The padded width follows from the image alone, never from its neighbours in a batch: that is what makes results
    independent of the batch.
    """

    channels: Literal["L", "RGB", "BGR"] = "L"
    height: int = Field(gt=0)
    width: int | None = Field(default=None, gt=0, description="fixed width; absent: keep the aspect ratio")
    width_rounding: Literal["ceil", "round"] = "ceil"
    width_multiple: int = Field(default=4, gt=0, description="padded up to a multiple of this")
    min_width: int = Field(default=8, gt=0, description="narrower lines are stretched to this")
    max_width: int = Field(default=4096, gt=0, description="wider lines are squeezed to this")
    resize: Literal["nearest", "bilinear", "bicubic", "lanczos"] = "bilinear"
    mean: tuple[float, ...] = (0.5,)
    std: tuple[float, ...] = (0.5,)
    padding: Literal["edge", "white", "black"] = "white"

    @property
    def channel_count(self) -> int:
        return 1 if self.channels == "L" else 3

    def resized_width(self, image_width: int, image_height: int) -> int:
        """Width in pixels that an image of the given size is resized to, before padding."""
        if self.width is not None:
            return self.width
        scaled = image_width * self.height / max(1, image_height)
        rounded = math.ceil(scaled) if self.width_rounding == "ceil" else round(scaled)
        return min(self.max_width, max(self.min_width, rounded))

    def padded_width(self, image_width: int, image_height: int) -> int:
        """Width in pixels of the network's input for an image of the given size."""
        return self.with_padding(self.resized_width(image_width, image_height))

    def with_padding(self, width: int) -> int:
        """`width` rounded up to whole multiples, unless the width is fixed."""
        return width if self.width is not None else -(-width // self.width_multiple) * self.width_multiple

    @model_validator(mode="after")
    def _channels_agree(self) -> Preprocessing:
        for name, values in (("mean", self.mean), ("std", self.std)):
            if len(values) not in (1, self.channel_count):
                raise ValueError(f"{name} needs 1 or {self.channel_count} numbers, got {len(values)}")
        if any(s == 0 for s in self.std):
            raise ValueError("std must not be zero")
        return self


class Architecture(Frozen):
    """Which network the weights belong to. `crnn_deploy.models` knows the families and their options."""

    family: str
    options: dict[str, Any] = Field(default_factory=dict)


class LineageStep(Frozen):
    """One stage that the model went through."""

    stage: str
    options: dict[str, Any] = Field(default_factory=dict)
    parent_sha256: str | None = None
    tools: dict[str, str] = Field(default_factory=dict, description="package versions that did the work")
    notes: dict[str, Any] = Field(default_factory=dict, description="what the stage found, such as flushed subnormals")


Charset = Annotated[tuple[str, ...], BeforeValidator(lambda value: tuple(value) if isinstance(value, str) else value)]
Task = Literal["ctc", "classify"]


class ModelSpec(Frozen):
    """Task, alphabet, preprocessing, architecture, lineage and metrics of one model."""

    schema_version: Literal[1] = SCHEMA_VERSION
    name: str
    task: Task = "ctc"
    charset: Charset = Field(default=(), description="characters in class order, without the blank")
    blank: int = Field(default=0, ge=0)
    class_names: tuple[str, ...] = ()
    preprocessing: Preprocessing
    output_layout: Literal["NTC", "TNC"] = Field(default="NTC", description="axes of CTC logits")
    architecture: Architecture | None = None
    lineage: tuple[LineageStep, ...] = ()
    metrics: dict[str, dict[str, float]] = Field(default_factory=dict, description="data set → figure → value")

    @property
    def num_outputs(self) -> int:
        """Size of the head: characters and the blank, or classes."""
        return len(self.charset) + 1 if self.task == "ctc" else len(self.class_names)

    @property
    def alphabet(self) -> tuple[str, ...]:
        """Text of each output class; the blank stands for the empty string."""
        return (*self.charset[: self.blank], "", *self.charset[self.blank :])

    def text(self, classes: Iterable[int]) -> str:
        """Text of output classes, one after the other; does not build the alphabet, which may be large."""
        return "".join(self.charset[k - (k > self.blank)] for k in classes if k != self.blank)

    def after(self, step: LineageStep, **changes: Any) -> ModelSpec:
        """The spec of the model that `step` makes from this one, with the given fields changed."""
        return self.model_copy(update={"lineage": (*self.lineage, step), **changes})

    @model_validator(mode="after")
    def _outputs_are_named(self) -> ModelSpec:
        if self.task == "classify":
            if not self.class_names:
                raise ValueError("a classifier needs class_names")
            return self
        if not self.charset:
            raise ValueError("a CTC model needs a charset")
        repeated = sorted(character for character, count in Counter(self.charset).items() if count > 1)
        if repeated:
            raise ValueError(f"the charset repeats {repeated}")
        if self.blank > len(self.charset):
            raise ValueError(f"blank index {self.blank} is outside the {self.num_outputs} classes")
        return self
