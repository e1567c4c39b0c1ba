"""EasyOCR in tests: where `make` installs it."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

_INSTALLED = Path(sys.prefix) / "easyocr"
_TORCHVISION = Path(__file__).parent / "torchvision_stand_in"


def easyocr_paths() -> list[str]:
    """Folders to put behind those of `sys.path`, so that EasyOCR can be imported; skips the test where it is absent."""
    if find_spec("easyocr") is None and not (_INSTALLED / "easyocr").is_dir():
        pytest.skip("EasyOCR is not installed; rm -r .venv/easyocr; make .venv/easyocr")
    return [str(_INSTALLED), str(_TORCHVISION)]
