"""The two orders of the characters of a line: logical, as they are read, and display, as they stand from left to right.

They differ for Arabic, Hebrew and other scripts that run from right to left, and for no other text. The rules are
those of Unicode's bidirectional algorithm (UAX #9), as the package python-bidi has them, with two additions:

- The direction of a line is that of most of its letters, where UAX #9 takes that of the first one. A line is part of
  a paragraph and may begin with a word of the other direction; and most letters are the same in both orders.
- The way back, for which there is no standard. Several texts may look the same (`A 1 b` and `A b 1`, with a
  right-to-left letter A), and the one is taken in which the algorithm makes no second change.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Literal, NamedTuple

from crnn_deploy.errors import InputError

TextOrder = Literal["logical", "display"]
Direction = Literal["ltr", "rtl"]

RIGHT_TO_LEFT = frozenset({"R", "AL"})  # bidirectional classes of letters
_TURNED = RIGHT_TO_LEFT | {"AN", "RLE", "RLO", "RLI"}  # bidirectional classes without which nothing is turned around
_MARK = "\U000e01ef"  # a variation selector, which no text uses


def runs_right_to_left(text: str) -> bool:
    """Whether the two orders of a text may differ: it holds letters from right to left, or digits of such a script."""
    return not text.isascii() and any(unicodedata.bidirectional(character) in _TURNED for character in text)


def line_direction(text: str) -> Direction:
    """The direction of most letters of a line; right to left, if there are as many of either."""
    classes = [unicodedata.bidirectional(character) for character in text]
    backward = sum(kind in RIGHT_TO_LEFT for kind in classes)
    return "rtl" if backward and backward >= classes.count("L") else "ltr"


def to_display(text: str) -> str:
    """A text in logical order, from left to right as it stands in the line; brackets look as they do there.

    Raises:
        InputError: if the text runs from right to left, and python-bidi is not installed.
    """
    return _displayed(text, line_direction(text)) if runs_right_to_left(text) else text


def to_logical(displayed: str) -> str:
    """A text in display order, as it is read.

    Raises:
        InputError: if the text runs from right to left, and python-bidi is not installed.
    """
    if not runs_right_to_left(displayed):
        return displayed
    if line_direction(displayed) == "ltr":
        return _displayed(displayed, "ltr")
    # What stands around a number decides on its signs: the algorithm has to meet the line from its right end.
    return _mirrored(_displayed(_mirrored(displayed), "rtl"))


def _displayed(text: str, direction: Direction) -> str:
    """The display order by UAX #9, with brackets that are mirrored (rule L4), which python-bidi leaves out.

    A mark takes the direction of the character before it (rules W1 and N0). So a mark after each bracket comes out to
    the left of it, if and only if the bracket runs from right to left.
    """
    library = _library()
    marked = library.with_mirror.sub(rf"\g<0>{_MARK}", text)
    turned = library.reordered(marked, base_dir="R" if direction == "rtl" else "L")
    return library.marked.sub(lambda found: found[2] or library.mirrors[found[1]], turned)


def _mirrored(text: str) -> str:
    """The line as seen in a mirror."""
    mirrors = _library().mirrors
    return "".join(mirrors.get(character, character) for character in reversed(text))


class _Library(NamedTuple):
    """What is used of python-bidi, and patterns over its characters that have a mirror image."""

    reordered: Callable[..., str]
    mirrors: Mapping[str, str]
    with_mirror: re.Pattern[str]
    marked: re.Pattern[str]


@lru_cache(maxsize=1)
def _library() -> _Library:
    try:
        from bidi import get_display
        from bidi.mirror import MIRRORED
    except ImportError:
        raise InputError(
            "The order of right-to-left text needs the package python-bidi.",
            "It belongs to the optional extra 'bidi', which is not installed.",
            "pip install 'crnn-deploy[bidi]'",
        ) from None
    one = f"[{re.escape(''.join(MIRRORED))}]"
    return _Library(get_display, MIRRORED, re.compile(one), re.compile(f"{_MARK}({one})|({one}){_MARK}"))
