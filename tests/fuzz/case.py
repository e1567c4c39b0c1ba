"""A case: a command line and the files that it runs on."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random

from fuzz.mutation import mutate_bytes

LARGEST = 1 << 20  # bytes of a mutated file


@dataclass(frozen=True)
class Seed:
    """Files that are right, one of which is mutated, and commands that read it.

    Args:
        files: content by path.
        target: path of the file that is mutated.
        commands: command line → how often it is chosen, relative to the others.
    """

    files: Mapping[str, bytes]
    target: str
    commands: Mapping[str, float]


@dataclass(frozen=True)
class Case:
    """One run of the command line: `argv` in a folder that holds `files`."""

    format: str
    argv: tuple[str, ...]
    files: Mapping[str, bytes]
    target: str

    @property
    def verb(self) -> str:
        return self.argv[0]

    def write(self, folder: Path) -> None:
        """Write the files into a folder."""
        for name, data in self.files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)

    def save(self, folder: Path) -> None:
        """Store the case; `load_case` reads it."""
        self.write(folder / "input")
        facts = {"format": self.format, "argv": self.argv, "target": self.target}
        (folder / "case.json").write_text(json.dumps(facts, indent=2) + "\n")


def load_case(folder: Path) -> Case:
    """A case that `Case.save` stored."""
    facts = json.loads((folder / "case.json").read_text())
    files = {
        path.relative_to(folder / "input").as_posix(): path.read_bytes()
        for path in sorted((folder / "input").rglob("*"))
        if path.is_file()
    }
    return Case(facts["format"], tuple(facts["argv"]), files, facts["target"])


@dataclass(frozen=True)
class Format:
    """One kind of file: how to make good ones, and how to make bad ones of them."""

    name: str
    seeds: Callable[[], list[Seed]]
    mutate: Callable[[Random, bytes], bytes]


def mutated(random: Random, kind: Format, seed: Seed) -> tuple[Seed, Case]:
    """The seed with its target mutated, and a case that reads it with one of the seed's commands."""
    data = seed.files[seed.target]
    for _ in range(random.choice((1, 1, 1, 2, 4))):
        data = _changed(random, kind, data)[:LARGEST]
    changed = replace(seed, files={**seed.files, seed.target: data})
    (command,) = random.choices([*seed.commands], [*seed.commands.values()])
    return changed, Case(kind.name, tuple(shlex.split(command)), changed.files, seed.target)


def _changed(random: Random, kind: Format, data: bytes) -> bytes:
    """The data after one mutation; one of raw bytes where the data are too broken for the format's own."""
    try:
        return kind.mutate(random, data)
    except Exception:
        return mutate_bytes(random, data)
