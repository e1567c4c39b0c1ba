"""Families of networks for pictures, and their options."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from crnn_deploy.models.family_choice import FamilyChoice
from crnn_deploy.models.recurrent_options import RecurrentOptions


class PictureOptions(RecurrentOptions, FamilyChoice):
    """How a sequence of steps becomes classes."""

    hidden: int = Field(default=256, gt=0, le=1024, description="Recurrent units in each direction.")
    layers: int = Field(default=2, gt=0, le=4, description="Recurrent layers.")
    bidirectional: bool = Field(default=False, description="Run the recurrent layers in both directions.")
    pool: Literal["last", "mean"] = Field(
        default="last", description="What the head sees: the state after the last step, or the mean over all steps."
    )


class CnnLstm(PictureOptions):
    """Two convolutions and LSTM layers over rows, for pictures such as MNIST's."""

    family: Literal["cnn-lstm"] = Field(default="cnn-lstm", description="Family of the network.")
    hidden: int = Field(default=128, gt=0, le=1024, description="Recurrent units in each direction.")
    channels: int = Field(default=32, gt=0, le=256, description="Channels of the first convolution; the second: twice.")


class CnnGru(PictureOptions):
    """Two convolutions and GRU layers over rows, for pictures of any size."""

    family: Literal["cnn-gru"] = Field(default="cnn-gru", description="Family of the network.")
    channels: int = Field(default=64, gt=0, le=256, description="Channels of the first convolution; the second: twice.")


class ResNet(PictureOptions):
    """ResNet-18, alone or with recurrent layers over the cells of its feature map."""

    family: Literal["resnet18", "resnet18-gru", "resnet18-lstm"] = Field(
        default="resnet18-gru", description="Family of the network."
    )
    width: float = Field(default=1.0, gt=0, le=2, description="Scales the channels of the convolutions.")
    stem: Literal["small", "large"] | None = Field(
        default=None,
        description="small: 3×3 without pooling; large: 7×7, and both halve the size. Without it large from 96 pixels.",
    )


class PixelGru(PictureOptions):
    """GRU layers over rows, or over all pixels."""

    family: Literal["pixel-gru"] = Field(default="pixel-gru", description="Family of the network.")
    steps: Literal["rows", "pixels"] = Field(default="rows", description="What a step of the sequence is.")
    channels: int = Field(default=8, gt=0, le=256, description="Channels of the 1×1 convolution before it.")


class FramesGru(PictureOptions):
    """A CNN on each still of a clip, and GRU layers over these, for videos and slices of volumes."""

    family: Literal["frames-gru"] = Field(default="frames-gru", description="Family of the network.")
    hidden: int = Field(default=128, gt=0, le=1024, description="Recurrent units in each direction.")
    layers: int = Field(default=1, gt=0, le=4, description="Recurrent layers.")
    channels: int = Field(default=16, gt=0, le=128, description="Channels of the first convolution; each next: twice.")
    stages: int = Field(default=3, gt=0, le=6, description="Convolutions, each of which halves the size.")


PictureChoice = CnnLstm | CnnGru | ResNet | PixelGru | FramesGru
"""A network for pictures: fields, or `FAMILY[:KEY=VALUE,…]`."""
