"""The example images of this folder, and what crnn-deploy read in them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

TOLERANCE = 0.1
"""Of a confidence: another processor may run recurrent layers with other kernels, or in FP32."""

ENOUGH = 3 / 4
"""Of the examples, where a program resizes them before the model does it again."""

_ESCAPED = re.compile(r"\\(?:([nrt\\])|x([0-9a-f]{2})|u([0-9a-f]{4})|U([0-9a-f]{8}))")


@dataclass(frozen=True)
class Example:
    """An image, the text that is expected, and the confidence."""

    path: Path
    text: str
    confidence: float

    def differences(self, text: str, confidence: float) -> Iterator[str]:
        """What is wrong with a reading, in words; nothing if it is as expected."""
        if text != self.text:
            yield f"{self.path.name} reads {text!a}, expected {self.text!a}"
        elif abs(confidence - self.confidence) > TOLERANCE:
            yield f"{self.path.name} has a confidence of {confidence:.3f}, expected {self.confidence:.4f}"


def examples() -> list[Example]:
    """All examples, in their order."""
    folder = Path(__file__).with_name("examples")
    rows = [row.split("\t") for row in (folder / "expected.tsv").read_text(encoding="utf-8").splitlines()[1:]]
    return [Example(folder / name, unescaped(field), float(confidence)) for name, field, confidence in rows]


def told(wrong: list[str], count: int, how: str = "") -> int:
    """Print one line on what differs of so many examples; returns the exit code."""
    if wrong or not count:
        print(f"{len(wrong)} of {count} examples differ: {'; '.join(wrong)}")
        return 1
    print(f"{count} of {count} examples read as expected{how}")
    return 0


def told_mostly(program: str, texts: Iterable[str]) -> int:
    """Print one line on what a program reads in the examples, all of which it resizes once more; returns the exit code.

    Three quarters of the texts must be those that are expected, but for spaces at their ends.
    """
    found = examples()
    wrong = [
        f"{example.path.name} reads {text!a}, expected {example.text!a}"
        for example, text in zip(found, texts, strict=True)
        if text.strip() != example.text.strip()
    ]
    same = len(found) - len(wrong)
    print(f"{program} reads {same} of {len(found)} examples as crnn-deploy", *wrong, sep="; ")
    return 0 if found and same >= ENOUGH * len(found) else 1


def unescaped(field: str) -> str:
    r"""The text of a field: `\\`, `\t`, `\n` and codes such as `\x1b` stand for characters."""
    return _ESCAPED.sub(_character, field)


def _character(found: re.Match[str]) -> str:
    short, *codes = found.groups()
    return {"n": "\n", "r": "\r", "t": "\t", "\\": "\\"}[short] if short else chr(int(next(filter(None, codes)), 16))
