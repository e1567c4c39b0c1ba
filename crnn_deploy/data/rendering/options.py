"""Options of rendered lines."""

from __future__ import annotations

import string
from collections.abc import Mapping
from typing import ClassVar

from pydantic import Field, field_validator, model_validator

from crnn_deploy.config import Frozen
from crnn_deploy.data.rendering.font_sets import FONT_SETS, expand_font_sets
from crnn_deploy.errors import InputError

PRINTABLE = string.digits + string.ascii_letters + string.punctuation + " "


class RenderOptions(Frozen):
    """Which lines to render. With the same versions of Pillow and the fonts, the same options give the same bytes.

    Raises:
        InputError: if a minimum is above its maximum, or the charset cannot make a line.
    """

    RENAMED: ClassVar[Mapping[str, str]] = {"alphabet": "charset"}

    count: int = Field(gt=0, le=10_000_000, description="number of lines")
    seed: int = Field(default=0, ge=0, description="line i depends only on the seed and i, not on the count")
    fonts: tuple[str, ...] = Field(
        default=(),
        description="families of fontpkg, .ttf/.otf files, folders, or named sets: "
        f"{', '.join(FONT_SETS)}; empty: DejaVu of matplotlib",
    )
    labelled: bool = Field(default=True, description="write labels.tsv")
    charset: str = Field(default=PRINTABLE, description="characters that may occur")
    min_length: int = Field(default=2, ge=1, description="characters of the shortest line")
    max_length: int = Field(default=40, ge=1, le=1000, description="characters of the longest line")
    min_height: int = Field(default=24, ge=12, description="pixels")
    max_height: int = Field(default=48, le=512, description="pixels")
    degradation: float = Field(default=0.5, ge=0, le=1, description="0: clean print, 1: barely readable copies")

    @field_validator("fonts")
    @classmethod
    def _sets_are_expanded(cls, fonts: tuple[str, ...]) -> tuple[str, ...]:
        """The stored options name each family, so that they mean the same when a later version has another set."""
        return expand_font_sets(fonts)

    @field_validator("charset")
    @classmethod
    def _charset_writes_lines(cls, charset: str) -> str:
        if any(c != " " and (c.isspace() or not c.isprintable()) for c in charset) or not charset.strip():
            raise InputError(
                "The charset must hold visible characters, and no white space but the space.",
                fix="Give the characters to draw, such as 0123456789.",
            )
        return "".join(dict.fromkeys(charset))

    @model_validator(mode="after")
    def _ranges_are_not_empty(self) -> RenderOptions:
        for name, low, high in (
            ("length", self.min_length, self.max_length),
            ("height", self.min_height, self.max_height),
        ):
            if low > high:
                raise InputError(
                    f"min_{name} {low} is above max_{name} {high}.", fix=f"Set min_{name} to at most max_{name}."
                )
        return self
