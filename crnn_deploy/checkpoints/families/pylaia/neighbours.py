"""Where PyLaia puts the files that belong to a checkpoint."""

from __future__ import annotations

from pathlib import Path


def beside_or_above(checkpoint: Path, name: str) -> Path | None:
    """The file `name` in the folder of a checkpoint, or in the one above it; None if there is none.

    PyLaia trains into a folder below the one in which it keeps the definition of the network; published models have all
    in one folder.
    """
    folder = checkpoint.absolute().parent  # not of a link's target: caches of model hubs hold links
    candidates = (folder / name, folder.parent / name)
    return next((file for file in candidates if file.is_file()), None)
