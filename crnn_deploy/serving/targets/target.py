"""What a target of packages has to do."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from crnn_deploy.artifact import Artifact


class Target(Protocol):
    """Adds to the model, its spec and the examples what one kind of program reads with."""

    image_suffix: str
    """Of the example images: `.png`, or `.pnm` for programs that may have no library for PNG."""

    searches: bool
    """Whether it reads as `predict` does by default, with the language model of a spec; if not, it reads greedily."""

    def check(self, artifact: Artifact) -> None:
        """Raise `InputError` if the target cannot follow the spec of an `.onnx` artifact, or run its graph."""
        ...

    def write(self, folder: Path, artifact: Artifact) -> None:
        """Write the files of the target, and README.md, into a folder that holds the others (`serving.layout`)."""
        ...

    def verify(self, folder: Path) -> tuple[int, str]:
        """Read the examples as who gets the folder does it: the exit code, and what was printed."""
        ...
