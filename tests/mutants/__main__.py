"""Measures how many small changes of the code the tests notice: `make mutants`.

An own runner, because mutmut and cosmic-ray rewrite the files or copy the tree, know nothing of compiled kernels, and
start PyTorch anew for the whole test suite of each mutant. Here a mutant of a module is loaded by an import hook, and
one of the kernels is compiled in a folder of its own. First the test file of the module runs, then its folder, then a
few tests through the command line, until one fails.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from mutants.mutation import Mutation, sample
from mutants.native_build import NativeBuild
from mutants.results import Result, ResultFile, page
from mutants.rooms import NATIVE, ROOMS, ROOT
from mutants.trial import Outcome, Trials

_SLOWER = 4  # a mutant that takes so many times as long as without it, and …
_SECONDS = 60  # … these seconds more, counts as one that hangs


class Runner:
    """Tries mutants, one after the other."""

    def __init__(self, folder: Path, results: ResultFile) -> None:
        self._folder = folder
        self._results = results
        self._trials = Trials(folder)
        self._native: NativeBuild | None = None
        self._baselines: dict[tuple[str, ...], Outcome] = {}
        self._seconds: list[float] = []

    def result(self, room: str, mutation: Mutation) -> Result:
        """Known from an earlier run, or tried now."""
        known = self._results.find(room, mutation)
        if known is not None:
            return known
        begin = time.monotonic()
        result = self._try(room, mutation)
        self._seconds.append(time.monotonic() - begin)
        self._results.add(result)
        return result

    @property
    def seconds_each(self) -> float:
        """Mean time of a mutant that was tried now."""
        return sum(self._seconds) / max(1, len(self._seconds))

    def _try(self, room: str, mutation: Mutation) -> Result:
        stages = ROOMS[room].stages(mutation.path)
        limits = [self._limit(stage) for stage in stages]
        environment = self._environment(room, mutation)
        if environment is None:
            return Result(room, mutation, "broken")
        for stage, limit in zip(stages, limits, strict=True):
            outcome = self._trials.run(stage, environment, limit)
            if not outcome.passed:
                return Result(room, mutation, "killed", outcome.failed)
        return Result(room, mutation, "survived")

    def _environment(self, room: str, mutation: Mutation) -> dict[str, str] | None:
        if room != NATIVE:
            return self._trials.environment_of(mutation)
        if self._native is None:
            self._native = NativeBuild(self._folder)
        return self._native.environment_of(mutation)

    def _limit(self, stage: Sequence[str]) -> float:
        """Seconds for a mutant; the tests must pass without one."""
        key = tuple(stage)
        if key not in self._baselines:
            outcome = self._baselines[key] = self._trials.run(stage, {}, limit=1800)
            if not outcome.passed:
                sys.exit(f"Without a mutant, pytest {' '.join(stage)} fails: {outcome.failed}")
        return _SLOWER * self._baselines[key].seconds + _SECONDS


def main() -> None:
    parser = argparse.ArgumentParser(prog="make mutants", description="How many mutants do the tests kill?")
    parser.add_argument("--count", type=int, default=100, help="mutants to try, of all rooms together")
    parser.add_argument("--seed", type=int, default=0, help="of the sample")
    parser.add_argument("--room", nargs="*", choices=ROOMS, default=[], help="rooms; none: all")
    parser.add_argument("--results", type=Path, default=ROOT / ".venv" / "mutants.jsonl", help="to go on from")
    options = parser.parse_args()

    every = {name: ROOMS[name].mutations() for name in options.room or ROOMS}
    room_of = {mutation: name for name, mutations in every.items() for mutation in mutations}
    drawn = sample(room_of, options.count, options.seed)
    drawn.sort(key=lambda mutation: list(every).index(room_of[mutation]))
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
        runner = Runner(Path(folder), ResultFile(options.results))
        results = []
        for number, mutation in enumerate(drawn, 1):
            results.append(result := runner.result(room_of[mutation], mutation))
            left = runner.seconds_each * (len(drawn) - number)
            place = f"{mutation.path}:{mutation.number}"
            print(
                f"[{number}/{len(drawn)}, {left / 60:.0f} min left] {result.verdict}: {place}",
                file=sys.stderr,
                flush=True,
            )
    print(page(results, every), end="")


if __name__ == "__main__":
    main()
