"""Lines of a text file, to be rendered one after the other."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from crnn_deploy import limits
from crnn_deploy.errors import InputError
from crnn_deploy.text_formats import read_text


class GivenText:
    """The lines of a file that are not blank, without white space at their ends. After the last comes the first again.

    Raises:
        InputError: if the file can't be read, has no lines, or one that is too long or holds tabs or control codes.
    """

    def __init__(self, path: Path) -> None:
        numbered = enumerate(read_text(path, limits.MAX_TEXT_FILE).split("\n"), 1)
        lines = [(number, line.strip()) for number, line in numbered if line.strip()]
        if not lines:
            raise InputError(f"{path} holds no text.", fix="Write one line of text into each of its lines.")
        for number, line in lines:
            if len(line) > limits.MAX_RENDERED_LINE:
                raise InputError(
                    f"{path}, line {number}, has {len(line):,} characters.",
                    f"At most {limits.MAX_RENDERED_LINE:,} fit into one image.",
                    "Break it into lines.",
                )
            if wrong := [c for c in line if c != "\u200d" and c != "\u200c" and not c.isprintable() and c != " "]:
                raise InputError(
                    f"{path}, line {number}, holds {wrong[0]!r}, which cannot be drawn.",
                    "It is a tab, a control code, or a space of another kind.",
                    "Replace it, such as with a space.",
                )
        self._lines = [line for _, line in lines]

    def __iter__(self) -> Iterator[str]:
        return iter(self._lines)

    def __getitem__(self, index: int) -> str:
        return self._lines[index % len(self._lines)]

    @property
    def charset(self) -> str:
        """The characters that occur, each once."""
        return "".join(sorted(set().union(*self._lines)))
