"""Results of trials: kept in a file of JSON lines, shown as a page; survivors that no test can kill are explained."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

import yaml
from mutants.mutation import Mutation
from mutants.rooms import ROOT

EQUIVALENTS = Path(__file__).with_name("equivalents.yaml")
Verdict = Literal["killed", "survived", "broken"]  # broken: it does not compile


@dataclass(frozen=True)
class Result:
    """What became of one mutant, and the test that killed it."""

    room: str
    mutation: Mutation
    verdict: Verdict
    killed_by: str = ""


class ResultFile:
    """Results of earlier runs; those count whose source is still the same.

    Survivors do not count: a test may have been written for them since.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        self._known = {entry["key"]: entry for entry in map(json.loads, lines)}

    def find(self, room: str, mutation: Mutation) -> Result | None:
        """The result of a mutant that is settled."""
        entry = self._known.get(_key(mutation))
        if entry is None or entry["verdict"] == "survived":
            return None
        return Result(room, mutation, entry["verdict"], entry["killed_by"])

    def add(self, result: Result) -> None:
        """Append a result."""
        entry = {"key": _key(result.mutation), **asdict(result)}
        self._known[entry["key"]] = entry
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(entry, ensure_ascii=False) + "\n")


def _key(mutation: Mutation) -> str:
    source = hashlib.sha256((ROOT / mutation.path).read_bytes()).hexdigest()[:16]
    return f"{mutation.path}:{source}:{mutation.start}:{mutation.after}"


@dataclass(frozen=True)
class Equivalent:
    """A line before and after a change that no behaviour depends on, and the reason."""

    path: str
    before: str
    after: str
    reason: str

    def matches(self, mutation: Mutation) -> bool:
        return (self.path, self.before, self.after) == (
            mutation.path,
            mutation.line.strip(),
            mutation.changed_line.strip(),
        )


def equivalents() -> list[Equivalent]:
    """The explained ones: a reason, and the changes that it explains."""
    groups = yaml.safe_load(EQUIVALENTS.read_text(encoding="utf-8")) or []
    return [
        Equivalent(group["path"], change["before"], change["after"], group["reason"])
        for group in groups
        for change in group["changes"]
    ]


def page(results: Sequence[Result], every: Mapping[str, Sequence[Mutation]]) -> str:
    """A table of rooms, the survivors and the explained ones, in Markdown.

    Args:
        every: all mutations of each room, among which each explained one must be found.
    """
    explained = {
        result.mutation: entry
        for result in results
        if result.verdict == "survived"
        for entry in equivalents()
        if entry.matches(result.mutation)
    }
    survivors = [r for r in results if r.verdict == "survived" and r.mutation not in explained]
    parts = ["\n".join(_table(results, explained))]
    if survivors:
        parts.append("## Survivors\n\n" + "\n".join(f"- {_shown(result.mutation)}" for result in survivors))
    if explained:
        lines = (f"- {_shown(mutation)}: {entry.reason}" for mutation, entry in sorted(explained.items()))
        parts.append("## Explained as equivalent\n\n" + "\n".join(lines))
    if wrong := [*_wrong_explanations(results, every)]:
        parts.append("## Explanations that are wrong\n\n" + "\n".join(f"- {line}" for line in wrong))
    return "\n\n".join(parts) + "\n"


def _table(results: Sequence[Result], explained: Mapping[Mutation, Equivalent]) -> Iterator[str]:
    yield "| room | mutants | killed | explained | survived | killed of those not explained |"
    yield "|---|---|---|---|---|---|"
    rooms = dict.fromkeys(result.room for result in results)
    for name, chosen in (*((room, [r for r in results if r.room == room]) for room in rooms), ("all", results)):
        counts = Counter(r.verdict for r in chosen)
        of_these = sum(r.mutation in explained for r in chosen)
        killed, survived = counts["killed"], counts["survived"] - of_these
        share = f"{killed / (killed + survived):.1%}" if killed + survived else "–"
        yield f"| {name} | {killed + counts['survived']} | {killed} | {of_these} | {survived} | {share} |"


def _shown(mutation: Mutation) -> str:
    before, after = mutation.line.strip(), mutation.changed_line.strip()
    return f"`{mutation.path}:{mutation.number}` `` {before} `` → `` {after} ``"


def _wrong_explanations(results: Sequence[Result], every: Mapping[str, Sequence[Mutation]]) -> Iterator[str]:
    mutations = [mutation for room in every.values() for mutation in room]
    searched = {mutation.path for mutation in mutations}
    for entry in equivalents():
        if entry.path in searched and not any(entry.matches(mutation) for mutation in mutations):
            yield f"no such mutation any more: {entry.path}: `` {entry.before} `` → `` {entry.after} ``"
    for result in results:
        if result.verdict == "killed" and any(entry.matches(result.mutation) for entry in equivalents()):
            yield f"a test kills it ({result.killed_by}): {_shown(result.mutation)}"
