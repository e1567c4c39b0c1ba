"""What a layout of label files is, and what all layouts share."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from crnn_deploy.data.index.rows import Item
from crnn_deploy.data.sources.encoded import is_image
from crnn_deploy.errors import InputError


@dataclass(frozen=True)
class Layout:
    """A way to write the texts of images into one file.

    Attributes:
        description: of one line, for messages.
        recognises: whether the first lines of a file, which are not blank, look like this layout. A few wrong lines
            among them do not change the answer, so that `items` can name them.
        items: the images, with paths as they are written, and their texts; the second argument is the name of the file
            for messages. It raises `InputError` naming the line that is wrong.
        by_line: whether each image has a line of its own, so that a long line is no label file.
        further: names of what stands in a file besides paths and texts, by its first lines, in one spelling.
        cells: for each image the number of its line, and what stands there under some of these names; None where
            nothing does.
    """

    description: str
    recognises: Callable[[Sequence[str]], bool]
    items: Callable[[str, str], list[Item]]
    by_line: bool = True
    further: Callable[[Sequence[str]], tuple[str, ...]] = lambda _: ()
    cells: Callable[[str, str, Sequence[str]], Iterator[tuple[int, list[object]]]] = lambda *_: iter(())


def lines_of(text: str) -> list[tuple[int, str]]:
    """The lines that are not blank, with their numbers from 1."""
    return [(number, line) for number, line in enumerate(text.split("\n"), 1) if line.strip()]


def most(answers: Sequence[bool]) -> bool:
    """Whether there are answers, and at least half of them are yes."""
    return bool(answers) and 2 * sum(answers) >= len(answers)


def is_image_path(path: str) -> bool:
    """Whether a path, with slashes or backslashes, ends like an image."""
    return is_image(path.strip().replace("\\", "/"))


def wrong_line(origin: str, number: int, line: str, wanted: str, fix: str) -> InputError:
    return InputError(f"{origin}, line {number}: {line[:80]!r} is not {wanted}.", fix=fix)
