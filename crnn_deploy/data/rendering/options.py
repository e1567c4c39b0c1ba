"""Options of rendered lines."""

from __future__ import annotations

import string
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, ClassVar

from pydantic import Field, field_validator, model_validator

from crnn_deploy.config import Force, Frozen, Option, OutputFile, SourceName
from crnn_deploy.data.rendering.font_sets import FONT_SETS, expand_font_sets
from crnn_deploy.errors import InputError

PRINTABLE = string.digits + string.ascii_letters + string.punctuation + " "


class RenderOptions(Frozen):
    """Which lines to render. With the same versions of Pillow and the fonts, the same options give the same bytes.

    Raises:
        InputError: if a minimum is above its maximum, or the charset cannot make a line.
    """

    RENAMED: ClassVar[Mapping[str, str]] = {"alphabet": "charset"}

    count: int = Field(gt=0, le=10_000_000, description="Lines to render.", examples=[200])
    seed: int = Field(
        default=0, ge=0, description="The same seed gives the same bytes; a larger count keeps the first lines."
    )
    fonts: Annotated[tuple[str, ...], Option(name="font", metavar="FONT")] = Field(
        default=(),
        description="A family of the package fontpkg or of the system (fc-list), a .ttf, .otf or .ttc file, a folder "
        f"of them, or a named set ({', '.join(FONT_SETS)}); may be repeated. Without any, the DejaVu fonts of "
        "matplotlib.",
        examples=["Lato"],
    )
    text: Annotated[Path | None, Option(metavar="FILE", suffixes=(".txt",))] = Field(
        default=None,
        description="Lines to render, one in each line of the file, instead of random ones; in any script that the "
        "fonts cover.",
        examples=["words.txt"],
    )
    language: str | None = Field(
        default=None,
        description="Code of a language, such as zh, ja, ko, ru or de: lines of its words by how often they are "
        "written (package wordfreq), and of rare characters.",
        examples=["zh"],
    )
    like: SourceName | None = Field(
        default=None,
        description="A labelled source: half of the lines are like its labels, mostly with other digits. So a network "
        "sees in other print what is written there.",
        examples=["DATA/train.tar"],
    )
    labelled: Annotated[bool, Option(name="labels")] = Field(default=True, description="Write labels.tsv.")
    charset: Annotated[str | None, Option(metavar="CHARACTERS", text=True)] = Field(
        default=None,
        description="Characters that may occur in random lines; without it those of ASCII, or those that make up "
        "99.9 % of what is written in the language.",
        examples=["0123456789"],
    )
    min_length: int = Field(default=2, ge=1, description="Characters of the shortest line.")
    max_length: int = Field(default=40, ge=1, le=1000, description="Characters of the longest line.")
    min_height: int = Field(default=24, ge=12, description="Height of the lowest line in pixels.")
    max_height: int = Field(default=48, le=512, description="Height of the highest line in pixels.")
    degradation: float = Field(
        default=0.5, ge=0, le=1, description="From 0, clean print, to 1, copies that are hard to read."
    )

    @field_validator("fonts")
    @classmethod
    def _sets_are_expanded(cls, fonts: tuple[str, ...]) -> tuple[str, ...]:
        """The stored options name each family, so that they mean the same when a later version has another set."""
        return expand_font_sets(fonts)

    @field_validator("charset")
    @classmethod
    def _charset_writes_lines(cls, charset: str | None) -> str | None:
        if charset is None:
            return None
        if any(c != " " and (c.isspace() or not c.isprintable()) for c in charset) or not charset.strip():
            raise InputError(
                "The charset must hold visible characters, and no white space but the space.",
                fix="Give the characters to draw, such as 0123456789.",
            )
        return "".join(dict.fromkeys(charset))

    @model_validator(mode="after")
    def _one_text(self) -> RenderOptions:
        given = [name for name in ("text", "language", "like") if getattr(self, name) is not None]
        if len(given) > 1:
            raise InputError(
                "The lines come from a text, from the words of a language, or are like labels.",
                f"These are given: {', '.join(given)}.",
                "Leave all but one of them out.",
            )
        return self

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


class RenderConfig(RenderOptions):
    """Lines to render, and the file or folder to write them to."""

    output: OutputFile
    force: Force = False
