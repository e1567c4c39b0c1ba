"""Checks this folder: reads the example images, and compares with the texts that crnn-deploy read in them.

    python verify.py

It prints one line, and exits with 0 if all texts are the same and no confidence is far off, or else with 1.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))  # where Python leaves it out: `-I`, PYTHONSAFEPATH
from crnn_reader import Reader

EXAMPLES = Path(__file__).with_name("examples")
TOLERANCE = 0.05
"""Of a confidence: another processor may run recurrent layers with other kernels, or in FP32."""

_ESCAPED = re.compile(r"\\(?:([nrt\\])|x([0-9a-f]{2})|u([0-9a-f]{4})|U([0-9a-f]{8}))")


def main() -> int:
    """Compare each example; returns the exit code."""
    rows = [row.split("\t") for row in (EXAMPLES / "expected.tsv").read_text(encoding="utf-8").splitlines()[1:]]
    readings = Reader()([EXAMPLES / name for name, _, _ in rows])
    wrong = []
    for (name, field, confidence), reading in zip(rows, readings, strict=True):
        if reading.text != unescaped(field):
            wrong.append(f"{name} reads {reading.text!a}, expected {unescaped(field)!a}")
        elif abs(reading.confidence - float(confidence)) > TOLERANCE:
            wrong.append(f"{name} has a confidence of {reading.confidence:.3f}, expected {confidence}")
    if wrong or not rows:
        print(f"{len(wrong)} of {len(rows)} examples differ: {'; '.join(wrong)}")
        return 1
    print(f"{len(rows)} of {len(rows)} examples read as expected")
    return 0


def unescaped(field: str) -> str:
    r"""The text of a field: `\\`, `\t`, `\n` and codes such as `\x1b` stand for characters."""
    return _ESCAPED.sub(_character, field)


def _character(found: re.Match[str]) -> str:
    short, *codes = found.groups()
    return {"n": "\n", "r": "\r", "t": "\t", "\\": "\\"}[short] if short else chr(int(next(filter(None, codes)), 16))


if __name__ == "__main__":
    sys.exit(main())
