"""The commands and snippets of Markdown pages: collected, and run in the order of the page in one folder.

What a fenced block is for is told by its language:

- `sh`: commands, which are run. A `yaml` or `python` block with a title is a file, which is written.
- `python` without a title: a program, which is run. `yaml` without a title: a part of a recipe, which is checked.
- `diff` with a title: an edit of a file of the package (see `editing.py`). `text`: output, or a pattern to read.
- `console`: commands that cannot be run in a test; `CONSOLE` says of which kinds they may be.
"""

from __future__ import annotations

import re
import shlex
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
LANGUAGES = {"sh", "python", "yaml", "diff", "text", "console"}
# What cannot be run in a test: installations, Git, containers, several processes, GPUs, `make`, which runs the tests.
CONSOLE = re.compile(r"(python -m )?pip install |git clone |cd |docker |torchrun |make( |$)|nvidia-smi|.*pre-commit install")
    r"(python -m )?pip install |git clone |cd |docker |torchrun |make( |$)|nvidia-smi|pre-commit install"
)

_BLOCK = re.compile(r"^( *)```(\w*)([^\n]*)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
_FRONT_MATTER = re.compile(r"\A---\n(.*?)^---\n", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Block:
    """A fenced block of a page; `title` is the file that it shows, if any."""

    language: str
    title: str
    text: str
    line: int


@dataclass(frozen=True)
class Page:
    """A page, its blocks, and what its front matter says to the tests.

    Attributes:
        needs: files that its commands expect, which `stand_ins.py` makes.
        parsed_only: commands are checked, not run: they take hours, or need data that is not here.
    """

    path: Path
    blocks: tuple[Block, ...]
    needs: tuple[str, ...] = ()
    parsed_only: bool = False

    def commands(self) -> list[list[str]]:
        """The words of all commands, in order."""
        return [words for block in self.blocks if block.language == "sh" for words in commands_of(block.text)]


def read_page(path: Path) -> Page:
    """Read a Markdown page."""
    text = path.read_text(encoding="utf-8")
    matter = _FRONT_MATTER.match(text)
    settings = yaml.safe_load(matter[1]) if matter else {}
    needs = tuple(settings.get("needs", ()))
    return Page(path, tuple(_blocks(text)), needs, parsed_only=settings.get("tests") == "parsed")


def _blocks(text: str) -> Iterator[Block]:
    for match in _BLOCK.finditer(text):
        title = re.search(r'title="([^"]+)"', match[3])
        line = text[: match.start()].count("\n") + 1
        yield Block(match[2], title[1] if title else "", textwrap.dedent(match[4]), line)


def commands_of(text: str) -> list[list[str]]:
    """The words of each command; a backslash at the end of a line joins it with the next."""
    lines = text.replace("\\\n", " ").splitlines()
    return [words for words in (shlex.split(line, comments=True) for line in lines) if words]


# What makes a command short enough for a test; the commands stay as they are printed.
_SHORTER = {
    "distill": ("--epochs", "1"),
    "train": ("--epochs", "1"),
    "benchmark": ("--rounds", "3", "--seconds", "0.1"),
    "quantize": ("--samples", "20", "--held-out", "20"),
}
_SMALL_RUN = (
    "sources.train.render.count=40",
    "sources.evaluation.render.count=20",
    "distill.epochs=1",
    "quantize.samples=20",
    "benchmark.rounds=3",
    "benchmark.seconds=0.1",
    "budget.min_speedup=1000",  # nothing keeps this budget
)


def shortened(words: list[str], small: tuple[str, ...] = _SMALL_RUN) -> list[str]:
    """A command of `crnn-deploy` that does the same in less time."""
    if words[1] == "run":
        return [*words, *(word for setting in small for word in ("--set", setting))] if len(words) > 2 else words
    return [*words, *_SHORTER.get(words[1], ())]
