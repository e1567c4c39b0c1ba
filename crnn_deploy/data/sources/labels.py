"""`labels.tsv`: a line `path⇥text` for each image."""

from __future__ import annotations

from crnn_deploy.data.sources.encoded import Item
from crnn_deploy.errors import InputError

LABELS = "labels.tsv"


def parse_labels(data: bytes, origin: str) -> list[Item]:
    """The items of a labels file; blank lines are ignored, and the text may hold everything except tabs and line ends.

    Raises:
        InputError: naming the line that is wrong.
    """
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"{origin} is not UTF-8: {error}.", fix="Save it as UTF-8.") from None
    items = []
    for number, line in enumerate(text.replace("\r\n", "\n").split("\n"), 1):
        if not line.strip():
            continue
        path, tab, label = line.partition("\t")
        if not tab or not path or "\t" in label:
            raise InputError(
                f"{origin}, line {number}: {line[:80]!r} is not path⇥text.", fix="Put one tab between path and text."
            )
        items.append(Item(path.removeprefix("./"), label))
    return items


def check_present(items: list[Item], present: set[str], origin: str) -> None:
    """Raise `InputError` if an image of the labels file is missing."""
    missing = [item.name for item in items if item.name not in present]
    if missing:
        raise InputError(
            f"{len(missing)} images of {origin} are missing; the first is {missing[0]}.",
            "The images were moved, or the archive is cut off.",
            "Paths are relative to the folder of labels.tsv.",
        )
