"""Text of strangers, made visible: names, labels, charsets and messages may hold characters that act on a terminal.

Such are control characters (with escape sequences, line ends and tabs), characters that change the direction of text or
can't be seen, and halves of surrogate pairs, which no encoding has. Letters of all scripts, emoji and what joins them
stay as they are.
"""

from __future__ import annotations

import json
import re
from typing import Any

_CONTROLS = r"\x00-\x1f\x7f-\x9f\u2028\u2029"
_DIRECTIONS = r"\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
_INVISIBLE = r"\xad\u180e\u200b\u2060-\u2065\u206a-\u206f\ufeff\ufff9-\ufffb\U000e0000-\U000e007f"
_SURROGATES = r"\ud800-\udfff"
_ACTING = re.compile(f"[{_CONTROLS}{_DIRECTIONS}{_INVISIBLE}{_SURROGATES}]")
_ACTING_OR_BACKSLASH = re.compile(rf"[\\{_CONTROLS}{_DIRECTIONS}{_INVISIBLE}{_SURROGATES}]")
_SHORT = {"\n": r"\n", "\r": r"\r", "\t": r"\t", "\\": r"\\"}
_ESCAPED = re.compile(r"\\(?:([nrt\\])|x([0-9a-f]{2})|u([0-9a-f]{4})|U([0-9a-f]{8}))")


def visible(text: str) -> str:
    r"""Text on one line, as people may see it: what acts is shown as in Python, such as `\x1b`, `\n` or `\u202e`."""
    return _ACTING.sub(_escape, text)


def visible_lines(text: str) -> str:
    """The same for text of several lines, which stay."""
    return "\n".join(map(visible, text.split("\n")))


def tsv_field(text: str) -> str:
    r"""Text as a field of a table with tabs; `read_tsv_field` gives it back exactly, since `\` becomes `\\`."""
    return _ACTING_OR_BACKSLASH.sub(_escape, text)


def read_tsv_field(field: str) -> str:
    """The text that `tsv_field` was given."""
    return _ESCAPED.sub(_unescape, field)


def json_text(data: Any) -> str:
    """Data as indented JSON in which nothing acts on a terminal and all can be encoded; letters stay readable."""
    return _ACTING.sub(_escape_json, json.dumps(data, indent=2, ensure_ascii=False))


def json_line(data: Any) -> str:
    """The same on one line."""
    return _ACTING.sub(_escape_json, json.dumps(data, ensure_ascii=False))


def _escape(found: re.Match[str]) -> str:
    character = found.group()
    if character in _SHORT:
        return _SHORT[character]
    code = ord(character)
    if code <= 0xFF:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"


def _unescape(found: re.Match[str]) -> str:
    short, *codes = found.groups()
    if short:
        return {"n": "\n", "r": "\r", "t": "\t", "\\": "\\"}[short]
    return chr(int(next(code for code in codes if code), 16))


def _escape_json(found: re.Match[str]) -> str:
    """Within a string of JSON; the line ends between its parts stay."""
    character = found.group()
    return character if character == "\n" else json.dumps(character)[1:-1]
