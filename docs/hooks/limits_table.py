"""Tables of the limits on what a file can claim, made from `crnn_deploy/limits.py`.

A comment on a line of its own begins a table. What a limit holds for is the text below its constant, or the comment
behind it.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator

from crnn_deploy import limits

_CONSTANT = re.compile(r"(?P<name>[A-Z][A-Z_0-9]*) = [^#]*(# *(?P<text>.*))?")
_HEAD = "| Limit | Value | Of what |\n|---|---|---|\n"


def limits_tables() -> str:
    """A heading and a table for each group of limits."""
    return "".join(_lines(inspect.getsource(limits).split("\n")))


def _lines(source: list[str]) -> Iterator[str]:
    begun = False
    for line, below in zip(source, [*source[1:], ""], strict=True):
        if line.startswith("# "):
            yield f"\n## {line.strip('# ')}\n\n{_HEAD}"
            begun = True
        elif constant := _CONSTANT.fullmatch(line):
            if not begun:
                yield f"\n{_HEAD}"
                begun = True
            text = constant["text"] or below.strip('" ')
            yield f"| `{constant['name']}` | {_number(getattr(limits, constant['name']))} | {text} |\n"


def _number(value: float) -> str:
    return f"{value:,}" if isinstance(value, int) else f"{value:g}"
