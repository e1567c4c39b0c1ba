"""How sure a speed-up is and how busy the machine was, in words."""

from __future__ import annotations

from collections.abc import Iterable

from crnn_deploy.benchmark.measured import Latency
from crnn_deploy.benchmark.undisturbed import Speedup

_MANY_INTERRUPTED = 0.05
_WIDE = 0.05


def speedup_interval(speedup: Speedup) -> str:
    """Such as 2.31–2.45×."""
    if speedup.spread is None:
        return "interval unknown"
    digits = 1 if speedup.low >= 9.95 else 2
    return f"{speedup.low:.{digits}f}–{speedup.high:.{digits}f}×"


def disturbance(interrupted: float | None, spread: float | None) -> str:
    """One sentence where the machine was busy or a time is not known well; empty otherwise.

    Args:
        interrupted: share of the runs.
        spread: of a speed-up or a time, as a fraction of it; None: there were too few rounds to know it.
    """
    busy = interrupted is not None and interrupted >= _MANY_INTERRUPTED
    if not busy and spread is not None and spread < _WIDE:
        return ""
    known = "there were too few rounds to judge" if spread is None else f"times are known to ±{_percent(spread)}"
    if not busy or interrupted is None:
        return f"{known[0].upper()}{known[1:]}."
    return f"Busy machine: {_percent(interrupted)} of the runs were interrupted; {known}."


def disturbance_of(rows: Iterable[Latency]) -> str:
    """The same of several rows of a benchmark, by the most disturbed of them; empty where nothing was judged."""
    times = [row.undisturbed for row in rows if row.undisturbed is not None]
    if not times:
        return ""
    spreads = [time.spread for time in times if time.spread is not None]
    interrupted = max(time.interrupted or 0.0 for time in times)
    return disturbance(interrupted, max(spreads) if len(spreads) == len(times) else None)


def _percent(fraction: float) -> str:
    """At least 1 %: no spread is told as none."""
    return f"{max(round(100 * fraction), 1)}\u00a0%"
