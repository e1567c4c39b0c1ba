"""Options that several verbs share, so that they look and mean the same everywhere."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer
from pydantic import BaseModel

from crnn_deploy.validation import parse

C = TypeVar("C", bound=BaseModel)

# Options that are called otherwise than the fields of the configs that they fill.
_SPELLINGS = {
    **{"batches": "batch", "validation": "val", "fonts": "font", "labelled": "labels", "settings": "set"},
    **{"targets": "target", "profiles": "profile", "losses": "loss", "family": "student"},
}

_OF_STUDENTS = {"family", "width", "hidden", "layers", "stride"}  # that have an option of their own

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object on stdout instead of text.")]
Debug = Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")]
Force = Annotated[bool, typer.Option("--force", help="Overwrite the output if it exists.")]
Output = Annotated[Path, typer.Option("--output", "-o", metavar="OUT", help="The file to write.")]
SkipBad = Annotated[bool, typer.Option("--skip-bad", help="Leave broken images out instead of stopping.")]

SOURCE = "SOURCE"
SOURCE_HELP = "a folder or tar with labels.tsv, an LMDB, a class folder, MNIST IDX or NPZ"


def as_config(config: type[C], given: dict[str, Any]) -> C:
    """The config that the options make; complaints name the options as the user wrote them."""
    return parse(config, given, "The command line", _as_option)


def _as_option(field: str) -> str:
    name, _, inner = field.partition(".")
    if name == "student" and inner in _OF_STUDENTS:
        name = inner
    elif name == "student" and inner:
        return f"--student FAMILY:{inner}"
    if not name:
        return ""  # of options that do not go together
    return "--" + _SPELLINGS.get(name, name).replace("_", "-")
