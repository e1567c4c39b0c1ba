"""The time that a run takes when nothing disturbs it, and how well it is known: what speed-ups are ratios of.

A busy machine interrupts runs, and long runs more often than short ones: a ratio of medians of the wall clock told 3×
as 27×. Three things make the figure keep still; `benchmarks/busy_machine.py` measures what each of them brings.

- *CPU time* of the calling thread, which stands still while another process has the core. It counts only where the
  whole run happens in that thread; runs with several threads and on a GPU are judged by the wall clock.
- The *fastest run of each part*: the rounds are cut into ten parts in order of time. What another process left in the
  caches slows runs down too, and CPU time counts that.
- The *lower quartile* of these ten. One lucky run, such as one with a higher clock frequency, decides nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from crnn_deploy.config import Frozen

Clock = Literal["cpu", "wall"]
"""CPU time of the calling thread, or time that passes."""

FEWEST_ROUNDS = 5
"""With fewer rounds nothing is known about the noise."""

_PARTS = 10
_RESAMPLES = 500
_INTERRUPTED = 0.1  # a run with more than this share of its CPU time without the core was interrupted
_INTERRUPTED_NS = 50_000  # and with more than this, for runs of microseconds


@dataclass(frozen=True)
class Rounds:
    """Nanoseconds of each round of one act, `[R]`, by two clocks."""

    wall: NDArray[np.int64]
    cpu: NDArray[np.int64]

    def by(self, clock: Clock) -> NDArray[np.int64]:
        """The rounds by one of the clocks."""
        return self.cpu if clock == "cpu" else self.wall


class UndisturbedTime(Frozen):
    """Milliseconds of an undisturbed run by `clock`.

    `spread` is half the width of the 95 % bootstrap interval over the parts, as a fraction of `ms`; None if there were
    too few rounds. `interrupted` is the share of runs that waited for the core; None where CPU time does not count.
    `parts_ms` are the fastest runs of each part of the rounds, in order of time: of models that ran in turns, the same
    part was measured at the same time.
    """

    clock: Clock
    ms: float
    spread: float | None
    interrupted: float | None
    parts_ms: tuple[float, ...]


@dataclass(frozen=True)
class Speedup:
    """How many times faster one model is than another, with a 95 % interval; from 0 to infinity if nothing is known."""

    ratio: float
    low: float = 0.0
    high: float = float("inf")

    @property
    def spread(self) -> float | None:
        """Half the width of the interval, as a fraction of the ratio; None if it is not known."""
        return (self.high - self.low) / 2 / self.ratio if np.isfinite(self.high) else None

    def reaches(self, least: float) -> bool | None:
        """Whether it is at least `least`; None if the interval does not tell."""
        if self.low >= least:
            return True
        return False if self.high < least else None


def joined(parts: Sequence[Rounds]) -> Rounds:
    """The rounds of several timings of one act, one after the other."""
    return Rounds(np.concatenate([part.wall for part in parts]), np.concatenate([part.cpu for part in parts]))


def undisturbed(rounds: Rounds, clock: Clock) -> UndisturbedTime:
    """The undisturbed time of an act."""
    fastest = np.array([part.min() for part in np.array_split(rounds.by(clock), min(_PARTS, len(rounds.wall)))]) / 1e6
    low, high = np.percentile(_resampled(fastest), (2.5, 97.5))
    ms = _lower_quartile(fastest)
    return UndisturbedTime(
        clock=clock,
        ms=float(ms),
        spread=float((high - low) / 2 / ms) if ms > 0 and len(fastest) >= FEWEST_ROUNDS else None,
        interrupted=_interrupted(rounds) if clock == "cpu" else None,
        parts_ms=tuple(fastest.tolist()),
    )


def speedup_between(fast: UndisturbedTime, slow: UndisturbedTime) -> Speedup:
    """The ratio of two times, with the interval of a bootstrap that draws the same parts of both."""
    ratio = slow.ms / fast.ms
    if fast.clock != slow.clock or not FEWEST_ROUNDS <= len(fast.parts_ms) == len(slow.parts_ms):
        return Speedup(ratio)
    resampled = _resampled(np.array(slow.parts_ms)) / _resampled(np.array(fast.parts_ms))
    low, high = np.percentile(resampled, (2.5, 97.5))
    return Speedup(ratio, min(float(low), ratio), max(float(high), ratio))


def _resampled(parts: NDArray[np.float64]) -> NDArray[np.float64]:
    """The undisturbed time of each resample; equal numbers of parts are resampled alike."""
    drawn = np.random.default_rng(0).integers(0, len(parts), (_RESAMPLES, len(parts)))
    return _lower_quartile(parts[drawn])


def _lower_quartile(parts: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(np.percentile(parts, 25, axis=-1), np.float64)


def _interrupted(rounds: Rounds) -> float:
    waited = rounds.wall - rounds.cpu
    return float(np.mean((waited > _INTERRUPTED * rounds.cpu) & (waited > _INTERRUPTED_NS)))
