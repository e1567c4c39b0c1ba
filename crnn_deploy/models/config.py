"""Families of networks that can be trained, and their options."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from crnn_deploy.compact import expand_compact
from crnn_deploy.config import Frozen
from crnn_deploy.models.family_choice import FamilyChoice
from crnn_deploy.models.pictures.config import FramesGru, PictureChoice
from crnn_deploy.models.recurrent_options import RecurrentOptions

StudentFamily = Literal["mobilenet-v1-gru", "mobilenet-v3-gru", "mobilenet-v4-gru"]


class StudentOptions(RecurrentOptions):
    """Size and shape of a student."""

    width: float = Field(default=1.0, gt=0, le=4, description="Scales the channels of the backbone.")
    stride: Literal[4, 8] = Field(
        default=4,
        description="Input pixels for each output frame of a line; 8 suits wide print. Twice or four times as many for "
        "pictures of more than 64 or 128 pixels of height.",
    )
    head_rank: int = Field(
        default=0,
        ge=0,
        le=1024,
        description="Features to which what the head reads is reduced before, for large alphabets; 0: not reduced.",
        examples=[48],
    )


class StudentChoice(StudentOptions, FamilyChoice):
    """Family, size and shape of a student: fields, or `FAMILY[:KEY=VALUE,…]`."""

    family: StudentFamily = Field(default="mobilenet-v4-gru", description="Family of the network.")

    def options(self) -> StudentOptions:
        """All but the family, as an artifact's architecture holds it."""
        return StudentOptions(**self.model_dump(exclude={"family"}))


CrnnFamily = Literal["crnn-bilstm", "crnn-bigru"]


class CrnnOptions(Frozen):
    """Size of a CRNN; the defaults are those of the paper."""

    width: float = Field(default=1.0, gt=0, le=4, description="Scales the channels of the convolutions.")
    hidden: int = Field(default=256, gt=0, le=1024, description="Recurrent units in each direction.")
    layers: int = Field(default=2, gt=0, le=4, description="Recurrent layers.")
    dropout: float = Field(default=0.1, ge=0, lt=1, description="Dropout before the head, in training only.")


class CrnnChoice(CrnnOptions, FamilyChoice):
    """Family and size of a CRNN: fields, or `FAMILY[:KEY=VALUE,…]`."""

    family: CrnnFamily = Field(default="crnn-bilstm", description="Family of the network.")

    def options(self) -> CrnnOptions:
        """All but the family, as an artifact's architecture holds it."""
        return CrnnOptions(**self.model_dump(exclude={"family"}))


def _by_default(choice: FamilyChoice, family: str) -> BeforeValidator:
    """Makes fields of a choice that is spelled in one text, or names no family; nothing set gives `choice` itself."""

    def with_family(value: object) -> object:
        fields = expand_compact(value, "family")
        if fields == {}:
            return choice
        return {"family": family, **fields} if isinstance(fields, dict) else fields

    return BeforeValidator(with_family)


NetworkChoice = Annotated[
    CrnnChoice | StudentChoice | PictureChoice,
    Field(discriminator="family"),
    _by_default(CrnnChoice(), CrnnChoice().family),
]
"""A network that can be trained from scratch: fields, or `FAMILY[:KEY=VALUE,…]`; without a family a `crnn-bilstm`."""

DistilledChoice = Annotated[
    StudentChoice | FramesGru, Field(discriminator="family"), _by_default(StudentChoice(), StudentChoice().family)
]
"""A network that teachers teach: a student for lines and pictures, or `frames-gru` for clips."""
