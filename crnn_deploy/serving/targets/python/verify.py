"""Checks this folder: reads the example images, and compares with the texts that crnn-deploy read in them.

    python verify.py

It prints one line, and exits with 0 if all texts are the same and no confidence is far off, or else with 1.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))  # where Python leaves it out: `-I`, PYTHONSAFEPATH
from crnn_reader import Reader
from expected import examples, told


def main() -> int:
    """Compare each example; returns the exit code."""
    found = examples()
    readings = zip(found, Reader()([example.path for example in found]), strict=True)
    wrong = [text for example, read in readings for text in example.differences(read.text, read.confidence)]
    code: int = told(wrong, len(found))
    return code


if __name__ == "__main__":
    sys.exit(main())
