"""Options that several verbs share, so that they look and mean the same everywhere."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object on stdout instead of text.")]
Debug = Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")]
Force = Annotated[bool, typer.Option("--force", help="Overwrite the output if it exists.")]
Output = Annotated[Path, typer.Option("--output", "-o", metavar="OUT", help="The file to write.")]
SkipBad = Annotated[bool, typer.Option("--skip-bad", help="Leave broken images out instead of stopping.")]

SOURCE = "SOURCE"
SOURCE_HELP = "a folder or tar with labels.tsv, an LMDB, a class folder, MNIST IDX or NPZ"
