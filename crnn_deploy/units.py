"""Numbers as people read them. Units stick to their number with a no-break space."""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal

MISSING = "—"
NBSP = "\u00a0"


def size(count: int) -> str:
    """Bytes in decimal units: 15.1 MB."""
    return _scaled(count, ("B", "kB", "MB", "GB"))


def bytes_of(text: str) -> int:
    """The bytes that a size means: `20GB`, `1.5 MB`, `4096`.

    Raises:
        ValueError: if it is none.
    """
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*(|B|kB|MB|GB|TB)", text.strip(), re.IGNORECASE | re.ASCII)
    if match is None:
        raise ValueError("a size is a number with B, kB, MB, GB or TB")
    thousands = ("", "kb", "mb", "gb", "tb").index(match[2].lower().removeprefix("b"))
    return int(Decimal(match[1]).scaleb(3 * thousands))


def quantity(count: int) -> str:
    """Parameters or MACs: 721 k, 1.24 G."""
    return _scaled(count, ("", "k", "M", "G")).rstrip()


def milliseconds(value: float) -> str:
    return f"{significant(value)}{NBSP}ms"


def percent(fraction: float) -> str:
    return f"{100 * fraction:.2f}{NBSP}%"


def span(low: int, high: int) -> str:
    """From one number to another: 32–640, or 32 where they are the same."""
    return str(low) if low == high else f"{low}–{high}"


def interval(bounds: tuple[float, float]) -> str:
    """A 95 % interval of fractions, in percent: 13.61–14.88."""
    return f"{100 * bounds[0]:.2f}–{100 * bounds[1]:.2f}"


def points(fraction: float) -> str:
    """A signed difference of fractions in percentage points: −7.89; what rounds to nothing is +0.00."""
    return f"{round(100 * fraction, 2) + 0.0:+.2f}".replace("-", "−")


def times(value: float, more: str, less: str) -> str:
    """How a baseline relates to a variant: `times(19, "smaller", "larger")` is "19× smaller"."""
    return f"{ratio(value)} {more}" if value >= 1 else f"{ratio(1 / value)} {less}"


def ratio(value: float) -> str:
    """A factor: 19×, 5.2×, 1.04×, 0.95×."""
    return f"{value:.{0 if value >= 9.95 else 1 if value >= 1.095 else 2}f}×"


def significant(value: float) -> str:
    """Three significant digits, never an exponent: 0.851, 24.3, 1,240."""
    return f"{_rounded(value):,f}" if value else "0"


def images(count: int) -> str:
    """1 image, 2,000 images."""
    return counted(count, "image")


def counted(count: int, noun: str) -> str:
    """1 line, 2,000 lines."""
    return f"{count:,} {noun}{'s' * (count != 1)}"


def listed(names: Sequence[str]) -> str:
    """The first five names: a, b, c, d, e …"""
    return f"{', '.join(names[:5])}{' …' * (len(names) > 5)}"


def _rounded(value: float) -> Decimal:
    """Three significant digits, trailing zeros kept: the decimals and the unit to show depend on the rounded value."""
    return Decimal(f"{value:.2e}")


def _scaled(count: int, names: tuple[str, ...]) -> str:
    """With the unit, out of `names` for one, a thousand, a million…, that leaves one to three digits if it can."""
    rounded = _rounded(count)
    thousands = min(max(rounded.adjusted(), 0) // 3, len(names) - 1)
    figure = f"{rounded.scaleb(-3 * thousands):,f}" if thousands else str(count)
    return f"{figure}{NBSP}{names[thousands]}"
