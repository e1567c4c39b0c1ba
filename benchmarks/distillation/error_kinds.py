"""What kinds of errors a reader makes, and how many of its wrong lines another reader reads in the same way.

    python benchmarks/distillation/error_kinds.py READER --beside TEACHER --data WORK/folds/0/held.tar --sheets WORK

Edits are those of the CER, case ignored, and each is of the first kind that fits. `--sheets` writes pictures of the
wrong lines with label and reading, to find by eye what no count tells: worn print, cut characters, wrong labels.
"""

from __future__ import annotations

import string
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, NamedTuple

import typer
from PIL import Image, ImageDraw, ImageFont

from crnn_deploy import Reader
from crnn_deploy.data.sources.opening import open_source
from crnn_deploy.evaluation.character_errors import edits

ALIKE = (
    "o0dqcu",
    "i1l|t!j",
    "5s",
    "8b3",
    "2z",
    "6g",
    "mn",
    "ek",
    "vyu",
    "4a",
    "7t1",
    "hn",
    "rk",
    "ce",
    "fp",
    "xk",
    "wm",
)
ROWS = 20  # lines of a sheet


class Line(NamedTuple):
    """A line, its label, and what is read in it."""

    index: int
    label: str
    read: str
    beside: str

    @property
    def wrong(self) -> bool:
        return self.label != self.read


def kind_of(reference: str, true: str, read: str, position: int) -> str:
    """The kind of one edit; `true` is empty for an added character, `read` for one that was left out."""
    if " " in (true, read):
        return "spaces"
    if true and read and any(true in group and read in group for group in ALIKE):
        return "look-alikes"
    if any(one and one in string.punctuation for one in (true, read)):
        return "punctuation"
    if position in (0, len(reference) - 1, len(reference)):
        return "the first or the last character"
    if not read:
        return "left out inside"
    return "added inside" if not true else "other characters"


def kinds(line: Line) -> Iterator[str]:
    for position, true, read in edits(line.label, line.read):
        yield kind_of(line.label, true, read, position)


def read_all(reader: Path, beside: Path, data: Path) -> Iterator[Line]:
    source = open_source(str(data))
    first, second = Reader(reader), Reader(beside)
    for index in range(len(source)):
        image = source.image(index)
        yield Line(index, *(text.casefold() for text in (source.text(index), first(image).text, second(image).text)))


def table(lines: list[Line]) -> str:
    """In Markdown: edits by kind, with the share of all edits and the points of CER."""
    characters = sum(len(line.label) for line in lines)
    counts = Counter(kind for line in lines for kind in kinds(line))
    agreed = Counter(kind for line in lines if line.wrong and line.read == line.beside for kind in kinds(line))
    total = sum(counts.values())
    rows = [
        f"| {kind} | {count:,} | {count / total:.0%} | {count / characters:.2%} | {agreed[kind]:,} |"
        for kind, count in counts.most_common()
    ]
    rows.append(f"| all | {total:,} | 100% | {total / characters:.2%} | {agreed.total():,} |")
    head = ["| kind | edits | share | points of CER | read so by both |", "|---|---:|---:|---:|---:|"]
    return "\n".join(head + rows)


def write_sheets(lines: list[Line], data: Path, folder: Path) -> None:
    """Pictures with the lines, 40 pixels high, each with its label and what is read under it."""
    source = open_source(str(data))
    font = ImageFont.truetype("DejaVuSansMono.ttf", 15)
    for number, start in enumerate(range(0, len(lines), 2 * ROWS)):
        sheet = Image.new("RGB", (1560, ROWS * 78), "white")
        draw = ImageDraw.Draw(sheet)
        for place, line in enumerate(lines[start : start + 2 * ROWS]):
            left, top = place // ROWS * 780, place % ROWS * 78
            image = source.image(line.index).convert("L")
            width = min(760, round(image.width * 40 / image.height))
            sheet.paste(image.resize((width, 40)), (left, top))
            draw.text((left, top + 40), f"{start + place}  {line.label}", "black", font)
            draw.text((left, top + 56), f"{'=' if line.read == line.beside else ' '}    {line.read}", "red", font)
        sheet.save(folder / f"errors-{number:02}.png")


def main(
    reader: Path,
    beside: Annotated[Path, typer.Option(help="Another reader of the same lines.")],
    data: Path = typer.Option(...),
    sheets: Annotated[Path | None, typer.Option(help="A folder for pictures of the wrong lines.")] = None,
) -> None:
    lines = list(read_all(reader, beside, data))
    wrong = [line for line in lines if line.wrong]
    print(f"{len(wrong):,} of {len(lines):,} lines are wrong\n\n{table(lines)}")
    if sheets is not None:
        write_sheets(wrong, data, sheets)


if __name__ == "__main__":
    typer.run(main)
