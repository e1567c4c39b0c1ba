"""`ModelSpec`: what a model file says about itself, so that anyone who holds the file can run and explain it.

The spec travels inside the artifact (see `artifact.py`) as JSON with a schema version. Nothing in it depends on the
time or the machine, so the same inputs give the same bytes.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, FiniteFloat, StringConstraints, model_validator

from crnn_deploy import limits
from crnn_deploy.config import Frozen

SCHEMA_VERSION: Literal[1] = 1
_RESERVATION = "reservation"

Text = Annotated[str, StringConstraints(max_length=limits.MAX_TEXT)]
ClassText = Annotated[str, StringConstraints(max_length=limits.MAX_CLASS_TEXT)]
_LINE_SIZE = (100, 32)  # whose padded width tells the size of an input
FIXED_SQUEEZE = 4
"""How far a fixed width may squeeze a line before it counts as squeezed: models of a fixed width learnt from lines of
many widths."""


class Preprocessing(Frozen):
    """From a PIL image to the network's input `[C, H, W]`: x = (pixel / 255 - mean) / std, padded on the right.

    With `invert`, ink is bright: x = (1 - pixel / 255 - mean) / std.

    The padded width follows from the image alone, never from its neighbours in a batch: that is what makes results
    independent of the batch.
    """

    channels: Literal["L", "RGB", "BGR"] = Field(default="L", description="Colours that the network sees.")
    height: int = Field(gt=0, le=limits.MAX_HEIGHT, description="Height of the input in pixels.", examples=[32])
    width: int | None = Field(
        default=None,
        gt=0,
        le=limits.MAX_WIDTH,
        description="Fixed width in pixels; absent: the aspect ratio is kept.",
    )
    keep_ratio: bool = Field(
        default=False, description="With a fixed width: keep the aspect ratio and pad, where it fits."
    )
    width_rounding: Literal["ceil", "round", "floor"] = Field(
        default="ceil", description="How the width that keeps the aspect ratio becomes whole pixels."
    )
    width_multiple: int = Field(
        default=4, gt=0, le=limits.MAX_WIDTH, description="The width is padded up to a multiple of this."
    )
    min_width: int = Field(
        default=8, gt=0, le=limits.MAX_WIDTH, description="Narrower lines are stretched to this width."
    )
    max_width: int = Field(
        default=4096, gt=0, le=limits.MAX_WIDTH, description="Wider lines are squeezed to this width."
    )
    resize: Literal["nearest", "bilinear", "bicubic", "lanczos"] = Field(
        default="bilinear", description="Interpolation of Pillow."
    )
    mean: tuple[FiniteFloat, ...] = Field(
        default=(0.5,), description="Mean of each channel, or one for all; pixels are 0 to 1."
    )
    std: tuple[FiniteFloat, ...] = Field(
        default=(0.5,), description="Standard deviation of each channel, or one for all."
    )
    padding: Literal["edge", "white", "black"] = Field(default="white", description="What pads a line on the right.")
    margin: int = Field(
        default=0, ge=0, le=limits.MAX_MARGIN, description="Columns of padding on the left and, besides, on the right."
    )
    invert: bool = Field(default=False, description="Whether the network sees white as 0 and black as 1.")

    @property
    def channel_count(self) -> int:
        return 1 if self.channels == "L" else 3

    def resized_width(self, image_width: int, image_height: int) -> int:
        """Width in pixels that an image of the given size is resized to, before padding."""
        if self.width is not None:
            space = self.width - 2 * self.margin
            return min(space, self.scaled_width(image_width, image_height)) if self.keep_ratio else space
        return min(self.max_width, max(self.min_width, self.scaled_width(image_width, image_height)))

    def scaled_width(self, image_width: int, image_height: int) -> int:
        """Width in pixels that keeps the aspect ratio of an image of the given size, without any limit."""
        scaled = image_width * self.height / max(1, image_height)
        rounded = {"ceil": math.ceil(scaled), "round": round(scaled), "floor": math.floor(scaled)}
        return max(1, rounded[self.width_rounding])

    def squeezes(self, image_width: int, image_height: int) -> bool:
        """Whether an image of the given size is wider than `max_width`, or far wider than the fixed width.

        A fixed width that keeps the aspect ratio squeezes all that are wider.
        """
        fixed = (1 if self.keep_ratio else FIXED_SQUEEZE) * (self.width or 0)
        most = self.max_width if self.width is None else fixed
        return self.scaled_width(image_width, image_height) > most

    def padded_width(self, image_width: int, image_height: int) -> int:
        """Width in pixels of the network's input for an image of the given size."""
        return self.with_padding(self.resized_width(image_width, image_height))

    @property
    def widest(self) -> int:
        """Largest width in pixels of the network's input."""
        return self.with_padding(self.max_width)

    def with_padding(self, width: int) -> int:
        """Width in pixels of the network's input for a line that was resized to `width`."""
        return self.width or self.whole(width + 2 * self.margin)

    def whole(self, width: int) -> int:
        """`width` rounded up to whole multiples."""
        return -(-width // self.width_multiple) * self.width_multiple

    @model_validator(mode="after")
    def _channels_agree(self) -> Preprocessing:
        for name, values in (("mean", self.mean), ("std", self.std)):
            if len(values) not in (1, self.channel_count):
                raise ValueError(f"{name} needs 1 or {self.channel_count} numbers, got {len(values)}")
        if not all(limits.SMALLEST_STD <= value <= limits.LARGEST_NORM for value in self.std):
            raise ValueError(f"std must be from {limits.SMALLEST_STD:g} to {limits.LARGEST_NORM:g}; pixels are 0 to 1")
        if not all(abs(value) <= limits.LARGEST_NORM for value in self.mean):
            raise ValueError(f"mean must be within ±{limits.LARGEST_NORM:g}; pixels are 0 to 1")
        return self

    @model_validator(mode="after")
    def _margins_fit(self) -> Preprocessing:
        if self.width is not None and self.width <= 2 * self.margin:
            raise ValueError(f"margins of {self.margin} pixels leave nothing of the width of {self.width}")
        return self

    @model_validator(mode="after")
    def _input_is_small(self) -> Preprocessing:
        pixels = self.height * self.padded_width(*_LINE_SIZE)
        if pixels > limits.MAX_INPUT_PIXELS:
            raise ValueError(
                f"a line of 100×32 pixels becomes {pixels:,} pixels, and {limits.MAX_INPUT_PIXELS:,} are allowed"
            )
        return self


class Architecture(Frozen):
    """Which network the weights belong to. `crnn_deploy.models` knows the families and their options."""

    family: Text = Field(description="Name of the family.", examples=["mobilenet-v4-gru"])
    options: dict[str, Any] = Field(default_factory=dict, description="Options of the family, such as hidden: 96.")


class LineageStep(Frozen):
    """One stage that the model went through."""

    stage: str = Field(description="Verb that made the model.")
    options: dict[str, Any] = Field(default_factory=dict, description="Options of the stage.")
    parent_sha256: str | None = Field(default=None, description="SHA-256 of the parent.")
    tools: dict[str, str] = Field(default_factory=dict, description="Versions of the packages that did the work.")
    notes: dict[str, Any] = Field(default_factory=dict, description="What the stage measured.")

    def reserved(self, reservation: str) -> LineageStep:
        """This step with a note on why it proved less than it should; unchanged where `reservation` is empty."""
        return self.model_copy(update={"notes": {**self.notes, _RESERVATION: reservation}}) if reservation else self


Charset = Annotated[
    tuple[ClassText, ...], BeforeValidator(lambda value: tuple(value) if isinstance(value, str) else value)
]
Figures = Annotated[dict[Text, FiniteFloat], Field(max_length=limits.MAX_FIGURES)]
Task = Literal["ctc", "classify"]
NormalForm = Literal["NFC", "NFD", "NFKC", "none"]


class ModelSpec(Frozen):
    """Task, alphabet, preprocessing, architecture, lineage and metrics of one model."""

    schema_version: Literal[1] = Field(default=SCHEMA_VERSION, description="Version of this schema.")
    name: Text = Field(description="Name of the model.")
    task: Task = Field(default="ctc", description="ctc: reads lines; classify: names classes.")
    charset: Charset = Field(
        default=(),
        max_length=limits.MAX_CLASSES,
        description="Characters in class order, without the blank; a list may hold classes of several characters.",
    )
    blank: int = Field(default=0, ge=0, description="Class of the CTC blank.")
    normal_form: NormalForm = Field(
        default="NFC", description="Unicode form in which labels and what is read are compared; none: as they are."
    )
    class_names: tuple[Text, ...] = Field(
        default=(), max_length=limits.MAX_CLASSES, description="Names of the classes of a classifier."
    )
    preprocessing: Preprocessing = Field(description="From an image to the input of the network.")
    output_layout: Literal["NTC", "TNC"] = Field(default="NTC", description="Axes of the CTC logits.")
    architecture: Architecture | None = Field(default=None, description="The network; absent for ONNX files of others.")
    lineage: tuple[LineageStep, ...] = Field(
        default=(), max_length=limits.MAX_LINEAGE, description="The stages that the model went through."
    )
    metrics: dict[Text, Figures] = Field(
        default_factory=dict, max_length=limits.MAX_FIGURES, description="Data set → figure → value."
    )

    @property
    def num_outputs(self) -> int:
        """Size of the head: characters and the blank, or classes."""
        return len(self.charset) + 1 if self.task == "ctc" else len(self.class_names)

    @property
    def output_axes(self) -> int:
        """Axes of the network's output: batch, frames and classes, or batch and classes."""
        return 3 if self.task == "ctc" else 2

    @property
    def alphabet(self) -> tuple[str, ...]:
        """Text of each output class; the blank stands for the empty string."""
        return (*self.charset[: self.blank], "", *self.charset[self.blank :])

    @property
    def reservation(self) -> str:
        """Why the last stage proved less than it should, such as a parent that reads nothing; empty: it proved all."""
        return str(self.lineage[-1].notes.get(_RESERVATION, "")) if self.lineage else ""

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
        if self.blank > len(self.charset):
            raise ValueError(f"blank index {self.blank} is outside the {self.num_outputs} classes")
        return self
