"""What all configs share: they are immutable, refuse unknown keys, and say how the command line spells a field.

A field is declared once: name, type, default, limits, description and example. The options of the command line
(`cli/options.py`), the schema of recipes and the reference in the documentation are made from it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, ClassVar, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator


class Frozen(BaseModel):
    """Base of all configs and results: immutable, and unknown keys are refused.

    `RENAMED` maps a key of an earlier version to the text that names its successor. `NAMED_BY` is the field that tells
    kinds of configs apart, and that a compact spelling such as `frame-kl:until=0.5` begins with; empty: none.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    RENAMED: ClassVar[Mapping[str, str]] = {}
    NAMED_BY: ClassVar[str] = ""

    @model_validator(mode="before")
    @classmethod
    def _numbers_are_no_truth(cls, data: object) -> object:
        """Pydantic would take `yes` for 1."""
        for name, value in data.items() if isinstance(data, Mapping) else ():
            field = cls.model_fields.get(name)
            if isinstance(value, bool) and field is not None and not _admits_truth(field.annotation):
                raise ValueError(f"'{name}' can't be {str(value).lower()} (or yes, no, on, off)")
        return data


def as_tuple(value: Any) -> Any:
    """What a field that takes several values makes of a single one, and of none."""
    if value is None:
        return ()
    return (value,) if isinstance(value, (str, Path, Mapping, BaseModel)) else value


def _admits_truth(annotation: object) -> bool:
    """Whether a value of this type, or of one that it is made of, may be true or false."""
    return annotation in (bool, Any, object) or any(map(_admits_truth, get_args(annotation)))


@dataclass(frozen=True)
class Option:
    """How the command line spells a field, where name and type do not say it all.

    Attributes:
        name: of the option, such as `val`; empty: the name of the field.
        short: a second spelling, such as `-o`.
        metavar: stands for the value in the help; empty: made from the type.
        suffixes: of the files that the shell completes.
        text: the value is given as text, which the config itself reads.
    """

    name: str = ""
    short: str = ""
    metavar: str = ""
    suffixes: tuple[str, ...] = ()
    text: bool = False


class Argument(Option):
    """A field that is given by position, without the name of an option."""


@dataclass(frozen=True)
class Flags(Option):
    """A field with a few values, each of which is a flag of its own, such as `--fp16`. One of them must be given.

    Attributes:
        texts: pairs of a value and its help.
    """

    texts: tuple[tuple[str, str], ...] = ()


class OneByOne(Option):
    """A nested config: its first field is the option, such as `--student FAMILY`, and the others have options too."""


class NoOption(Option):
    """A field that the command line does not offer."""


def _fraction(value: object) -> object:
    """`0.5%` is 0.005; everything else is left to pydantic."""
    if isinstance(value, str) and value.strip().endswith("%"):
        return float(value.strip().removesuffix("%")) / 100
    return value


Fraction = Annotated[float, BeforeValidator(_fraction)]
"""A share from 0 to 1, which may be written in per cent: `0.005` or `0.5%`."""

MODEL_SUFFIXES = (".safetensors", ".onnx", ".engine")

SourceName = Annotated[str, Option(metavar="SOURCE")]
"""Where images are: a folder, an archive or a database that `crnn_deploy.data` opens; `names:FOLDER` if the names of
the files are their labels; `clips:FOLDER` if its images are stills of clips; `train:FILE` or `test:FILE` for a part of
CIFAR's archive."""

SOURCE_KINDS = (
    "a folder, .tar or .zip with labels.tsv or another label file, LMDBs, a folder for each class, IDX or NPZ"
)

OutputFile = Annotated[Path, Option(short="-o", metavar="OUT"), Field(description="The file to write.")]
Force = Annotated[bool, Field(description="Overwrite the output if it exists.")]
TrustModule = Annotated[
    bool, Field(description="Run the Python file that a .safetensors artifact of your own network names.")
]
SkipBad = Annotated[bool, Field(description="Leave broken images out instead of stopping.")]
