"""A session: mutated inputs of some formats, one after the other, guided by the lines that they reach."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from fuzz.agreement import disagreement
from fuzz.case import Case, Format, Seed, mutated
from fuzz.client import ForkServer, Outcome
from fuzz.formats.every import grown_seeds
from fuzz.oracle import Finding, explained, judge
from fuzz.second_readers import READERS
from fuzz.table import Table

MOST_KEPT = 400  # inputs of a format that reached new lines


@dataclass
class Corpus:
    """The seeds of a format, and mutated ones that reached lines which none before had reached."""

    format: Format
    seeds: list[Seed]
    found: list[Seed] = field(default_factory=list)

    def choose(self, random: Random) -> Seed:
        return random.choice(self.found if self.found and random.random() < 0.6 else self.seeds)


class Session:
    """Runs cases and collects the findings.

    Args:
        table: where results are counted; sessions in several threads may share it.
        guided: follow the lines that cases reach; otherwise only seeds are mutated, which is faster for a short run.
    """

    def __init__(self, server: ForkServer, table: Table, seed: str, guided: bool) -> None:
        self.server = server
        self.table = table
        self.guided = guided
        self.seed = seed
        self._lines: set[int] = set()

    def run(self, formats: Iterable[Format], corpora_below: Path | None = None) -> Iterator[list[Finding]]:
        """Run one case of each format in turn, without end; gives the new findings of each.

        Args:
            corpora_below: folder with a folder of more inputs for some formats.
        """
        corpora = [Corpus(kind, kind.seeds()) for kind in formats]
        for corpus in corpora if corpora_below else ():
            corpus.found += grown_seeds(corpus.format.name, corpora_below / corpus.format.name)
        number = 0
        while True:
            for corpus in corpora:
                random = Random(f"{self.seed} {corpus.format.name} {number}")
                seed, case = mutated(random, corpus.format, corpus.choose(random))
                yield self._one(corpus, seed, case, f"seed {self.seed}, {corpus.format.name}, number {number}")
            number += 1

    def _one(self, corpus: Corpus, seed: Seed, case: Case, origin: str) -> list[Finding]:
        outcome, found, compared = examine(self.server, case, self.guided)
        if outcome.lines - self._lines and len(corpus.found) < MOST_KEPT and not outcome.killed_for:
            corpus.found.append(seed)
        self._lines |= outcome.lines
        return self.table.add(case, outcome, found, compared, origin)


def examine(server: ForkServer, case: Case, trace: bool = False) -> tuple[Outcome, list[Finding], bool]:
    """Run a case; gives what happened, what is wrong with that, and whether a second reader was asked."""
    outcome = server.run(case, trace)
    found = list(judge(case, outcome))
    if outcome.code == 70:
        debug = server.run(Case(case.format, (*case.argv, "--debug"), case.files, case.target))
        found = [explained(finding, debug.stderr) if finding.kind == "exit 70" else finding for finding in found]
    compared = case.format in READERS and outcome.code in (0, 2) and not found
    if compared:
        second = server.second_reader(case.format, case.target)
        if difference := disagreement(case, outcome, second, server):
            place = f"{case.verb} of {case.format}: {_without_numbers(difference)}"
            found.append(Finding("a second reader disagrees", place, difference))
    return outcome, found, compared


def _without_numbers(text: str) -> str:
    return "".join("#" if character.isdigit() else character for character in text.partition("(")[0])[:80]
