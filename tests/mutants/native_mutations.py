"""Mutations of C++: one token of a line of code.

Without a parser, so spaces decide: the formatter puts them around binary operators, and none around those of pointers,
references and templates. What does not compile is no mutant.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from mutants.mutation import Mutation, mutation_at

_BINARY = {
    "<": "<=", "<=": "<", ">": ">=", ">=": ">", "==": "!=", "!=": "==", "&&": "||", "||": "&&",
    "+": "-", "-": "+", "*": "/", "/": "*", "%": "*", "<<": ">>", ">>": "<<", "&": "|", "|": "&",
    "+=": "-=", "-=": "+=",
}  # fmt: skip
_WORDS = {"true": "false", "false": "true", "min": "max", "max": "min"}


def _next(number: str) -> str:
    digits = number.rstrip("fu")
    suffix = number[len(digits) :]
    return (repr(float(digits) * 2 or 1.0) if "." in digits else str(int(digits) + 1)) + suffix


_RULES: tuple[tuple[re.Pattern[str], Callable[[str], str]], ...] = (
    (re.compile(r"(?<= )(?:[<>=!]=|&&|\|\||<<|>>|[+-]=|[<>+*/%&|-])(?= )"), _BINARY.__getitem__),
    (re.compile(r"(?<![\w.'])\d+(?:\.\d+f?|u|)(?![\w.'])"), _next),
    (re.compile(r"\b(?:true|false)\b|(?<=std::)(?:min|max)\b"), _WORDS.__getitem__),
    (re.compile(r"(?<=[(,=] )-(?=[\w.(])|(?<=\()-(?=[\w.(])|(?<=return )-(?=[\w.(])|!(?=[\w(])"), lambda _: ""),
)
_NO_CODE = re.compile(r'//[^\n]*|"(?:\\.|[^"\\\n])*"|^[ \t]*(?:#|static_assert)[^\n]*', re.MULTILINE)


def native_mutations(path: str, source: str) -> list[Mutation]:
    """The mutations of `source`, which is the file `path`, in its order."""
    code = _NO_CODE.sub(lambda match: " " * len(match[0]), source)
    return sorted(
        mutation_at(path, source, match.start(), match[0], change(match[0]))
        for pattern, change in _RULES
        for match in pattern.finditer(code)
    )
