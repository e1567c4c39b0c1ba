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
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml
from typer.main import get_command
from typer.testing import CliRunner

from crnn_deploy.cli.app import app
from crnn_deploy.pipeline.recipe import load_recipe

ROOT = Path(__file__).parents[1]
BENCHMARKS = sorted((ROOT / "benchmarks").glob("**/README.md"))
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
LANGUAGES = {"sh", "python", "yaml", "diff", "text", "console"}
# What cannot be run in a test: installations, Git, containers, several processes, GPUs, and `make`, which runs tests.
CONSOLE = re.compile(
    r"python -m pip install |git clone |cd |docker |torchrun |make( |$)|nvidia-smi|\.venv/bin/pre-commit install"
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
    parsed_only = settings.get("tests") == "parsed" or path.is_relative_to(ROOT / "benchmarks")
    return Page(path, tuple(_blocks(text)), needs, parsed_only)


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
    "render": ("--count", "40"),
    "distill": ("--epochs", "1"),
    "train": ("--epochs", "1"),
    "benchmark": ("--rounds", "3", "--seconds", "0.1", "--lines", "4"),
    "quantize": ("--samples", "20", "--held-out", "20"),
}
_SHORTER_RUN = {
    "sources.train.render.count": 40,
    "sources.evaluation.render.count": 20,
    "distill.epochs": 1,
    "quantize.samples": 20,
    "engines": "null",  # they have a page of their own, and compile for a minute
    "benchmark.batches": [1],
    "benchmark.lines": 4,
    "benchmark.rounds": 10,
    "benchmark.seconds": 0.1,
    "budget.min_speedup": 1000,  # nothing keeps this budget
}
_TAKES_MINUTES = ("students",)  # it measures a whole catalogue; its own tests run it with a small one
# Commands that the README or a guide has, too: there they run; elsewhere only their spelling is checked.
_RUNS_ELSEWHERE = {
    "docs/quickstart.md": "crnn-deploy run quickstart",
    "docs/guides/run.md": "crnn-deploy run quickstart --set distill.epochs=2 --set distill.student.width=0.5 "
    "--out runs/smaller",
}


def shortened(words: list[str], changes: Mapping[str, object] | None = None) -> list[str]:
    """A command of `crnn-deploy` that does the same in less time.

    Args:
        changes: keys of the recipe of a run, and their values; None: those for recipes that render their lines.
    """
    if words[1] != "run":
        return [*words, *_SHORTER.get(words[1], ())]
    settings = [f"{key}={value}" for key, value in (_SHORTER_RUN if changes is None else changes).items()]
    return [*words, *(word for setting in settings for word in ("--set", setting))]


def run_command(words: list[str], where: str, changes: Mapping[str, object] | None = None) -> str:
    """Run one command in this process, which has loaded PyTorch already; returns what it printed."""
    assert words[0] == "crnn-deploy", f"{where}: only commands of crnn-deploy are run"
    if words[1] in _TAKES_MINUTES or shlex.join(words) == _RUNS_ELSEWHERE.get(where.partition(":")[0]):
        check_command(words)
        return ""
    result = CliRunner().invoke(app, shortened(words, changes)[1:])
    fails = words[1] == "run" and "--prune" not in words  # no student passes in so short a run, and the gate says so
    assert result.exit_code == int(fails), f"{where}: {shlex.join(words)}\n{result.output}\n{result.exception!r}"
    return result.output


def check_command(words: list[str]) -> None:
    """Check names and values of the options, and the recipe with its settings, without running anything."""
    context = get_command(app).commands[words[1]].make_context(words[1], words[2:])  # type: ignore[attr-defined]
    if words[1] == "run":
        load_recipe(recipe_path(words[2]), tuple(context.params["settings"] or ()))


def recipe_path(name: str) -> Path:
    """The file of a recipe that comes with the package, called by its path or its name."""
    return ROOT / name if name.endswith(".yaml") else ROOT / "recipes" / f"{name}.yaml"
