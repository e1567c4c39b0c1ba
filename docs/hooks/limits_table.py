"""Tables of the limits on what a file can claim, made from `crnn_deploy/limits.py`.

A comment on a line of its own begins a table, and the comment behind a constant says what it holds for.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator

from crnn_deploy import limits

_CONSTANT = re.compile(r"(?P<name>[A-Z][A-Z_0-9]*) = [^#]*# (?P<text>.*)")
_HEAD = "| Limit | Value | Of what |\n|---|---|---|\n"


def limits_tables() -> str:
    """A heading and a table for each group of limits."""
    return "\n".join(_lines(inspect.getsource(limits).split("\n")))


def _lines(source: list[str]) -> Iterator[str]:
    for line in source:
        if line.startswith("# "):
            yield f"\n## {line.removeprefix('# ')}\n\n{_HEAD.rstrip()}"
        elif constant := _CONSTANT.fullmatch(line):
            yield f"| `{constant['name']}` | {getattr(limits, constant['name']):,} | {constant['text']} |"
