"""Options of a training from scratch, on labels."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from crnn_deploy.clips import Clips
from crnn_deploy.config import OneByOne, Option
from crnn_deploy.limits import MAX_HEIGHT
from crnn_deploy.models.config import CrnnChoice, NetworkChoice
from crnn_deploy.text_order import TextOrder
from crnn_deploy.training.config import TrainingImages, TrainingOptions
from crnn_deploy.training.spec_options import Charset, VectorNames


class TrainOptions(TrainingOptions):
    """Which network is trained on labels, and how."""

    RENAMED: ClassVar[Mapping[str, str]] = {"architecture": "model"}

    model: Annotated[NetworkChoice, OneByOne(metavar="FAMILY[:KEY=VALUE,…]")] = Field(
        default=CrnnChoice(), description="Family of the network: a CRNN, a student or, for pictures, a classifier."
    )
    charset: Annotated[Charset | None, Option(metavar="CHARACTERS", text=True)] = Field(
        default=None,
        description="Characters that the network can write; without it all characters of the labels.",
        examples=["0123456789"],
    )
    channels: Literal["L", "RGB"] = Field(default="L", description="Colours that the network sees.")
    size: int | None = Field(
        default=None,
        gt=0,
        le=MAX_HEIGHT,
        description="Width and height of the pictures that a classifier sees; without it those of the first image.",
        examples=[32],
    )
    clips: Annotated[Clips | None, Option(metavar="KEY=VALUE,…", text=True)] = Field(
        default=None, description="Which stills of clips frames-gru sees.", examples=["every=2,max_stills=16"]
    )
    vector: Annotated[VectorNames, Option(metavar="NAMES", text=True)] = Field(
        default=(),
        description="Numbers beside each picture that a classifier takes too: columns of the label file, or names of "
        "an NPZ's vectors, with commas between them; all: everything that the training images have.",
        examples=["age,temperature"],
    )
    text_order: TextOrder | None = Field(
        default=None,
        description="Order in which labels are learned. display: from left to right, as images have them; logical: as "
        "the labels have them. Without it display, if a label runs from right to left.",
    )

    def with_images(self, images: TrainingImages) -> TrainConfig:
        """These options for one training."""
        return TrainConfig(**dict(self), **dict(images))


class TrainConfig(TrainOptions, TrainingImages):
    """One training from scratch, on labels."""
