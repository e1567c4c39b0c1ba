"""EasyOCR and OnnxTR in tests: where `make` installs them."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

_INSTALLED = Path(sys.prefix) / "ocr"
_TORCHVISION = Path(__file__).parent / "torchvision_stand_in"


def path_with(program: str) -> list[str]:
    """`sys.path` with what a program needs, such as `easyocr`; skips the test where it is absent."""
    found = find_spec(program)
    if (found is None or found.origin is None) and not (_INSTALLED / program).is_dir():
        pytest.skip(f"{program} is not installed; rm -r .venv/ocr; make .venv/ocr")
    return [*sys.path, str(_INSTALLED), str(_TORCHVISION)]
