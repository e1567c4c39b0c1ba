"""One small change of one source file, and the order in which random samples of them are tried."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, order=True)
class Mutation:
    """`before` at `start` becomes `after`; `line` is the text of its line, `number` counts from 1."""

    path: str
    start: int
    before: str
    after: str
    number: int
    line: str
    column: int

    def applied_to(self, source: str) -> str:
        """The changed source."""
        end = self.start + len(self.before)
        assert source[self.start : end] == self.before
        return source[: self.start] + self.after + source[end:]

    @property
    def changed_line(self) -> str:
        """The line after the change."""
        return self.line[: self.column] + self.after + self.line[self.column + len(self.before) :]


def mutation_at(path: str, source: str, start: int, before: str, after: str) -> Mutation:
    """The mutation of `source` that replaces `before` at offset `start`."""
    begin = source.rfind("\n", 0, start) + 1
    line = source[begin:].split("\n", 1)[0]
    return Mutation(path, start, before, after, source.count("\n", 0, start) + 1, line, start - begin)


def sample(mutations: Iterable[Mutation], count: int, seed: int) -> list[Mutation]:
    """`count` of them at random, or all if there are fewer, in the order of the sources.

    The choice depends on the seed and the lines alone: it stays nearly the same when the sources change, and a larger
    sample contains the smaller one.
    """

    def rank(mutation: Mutation) -> str:
        text = f"{seed}:{mutation.path}:{mutation.line}:{mutation.column}:{mutation.after}"
        return hashlib.sha256(text.encode()).hexdigest()

    return sorted(sorted(mutations, key=rank)[:count])
