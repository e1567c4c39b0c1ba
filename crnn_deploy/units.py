"""Numbers as people read them. Units stick to their number with a no-break space."""

from __future__ import annotations

import math

MISSING = "—"
NBSP = "\u00a0"


def size(count: int) -> str:
    """Bytes in decimal units: 15.1 MB."""
    return _scaled(count, (("B", 1), ("kB", 10**3), ("MB", 10**6), ("GB", 10**9)))


def quantity(count: int) -> str:
    """Parameters or MACs: 721 k, 1.24 G."""
    return _scaled(count, (("", 1), ("k", 10**3), ("M", 10**6), ("G", 10**9))).rstrip()


def milliseconds(value: float) -> str:
    return f"{significant(value)}{NBSP}ms"


def percent(fraction: float) -> str:
    return f"{100 * fraction:.2f}{NBSP}%"


def interval(bounds: tuple[float, float]) -> str:
    """A 95 % interval of fractions, in percent: 13.61–14.88."""
    return f"{100 * bounds[0]:.2f}–{100 * bounds[1]:.2f}"


def points(fraction: float) -> str:
    """A signed difference of fractions in percentage points: −7.89."""
    return f"{100 * fraction:+.2f}".replace("-", "−")


def times(ratio: float, more: str, less: str) -> str:
    """How a baseline relates to a variant: `times(19, "smaller", "larger")` is "19× smaller"."""
    word, ratio = (more, ratio) if ratio >= 1 else (less, 1 / ratio)
    return f"{ratio:.{0 if ratio >= 9.95 else 1 if ratio >= 1.095 else 2}f}× {word}"


def significant(value: float, digits: int = 3) -> str:
    """Three significant digits, never an exponent: 0.851, 24.3, 1,240."""
    if value == 0:
        return "0"
    decimals = digits - 1 - math.floor(math.log10(abs(value)))
    return f"{round(value, decimals):,.{max(0, decimals)}f}"


def _scaled(count: int, steps: tuple[tuple[str, int], ...]) -> str:
    unit, step = max((s for s in steps if s[1] <= max(1, count)), key=lambda s: s[1])
    return f"{count if step == 1 else significant(count / step)}{NBSP}{unit}"
