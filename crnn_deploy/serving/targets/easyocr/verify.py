"""Checks this folder: EasyOCR reads the example images with the model, and most texts must be those of crnn-deploy.

    python verify.py

EasyOCR resizes each line before the model does it again, so a text may differ from that of crnn-deploy. It prints one
line, and exits with 0 if three quarters of the texts are the same, or else with 1.
"""

from __future__ import annotations

import sys
import warnings
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))  # where Python leaves it out: `-I`, PYTHONSAFEPATH
from easyocr import Reader
from expected import examples, told_mostly

FOLDER = str(Path(__file__).parent)


def main() -> int:
    """Compare each example; returns the exit code."""
    warnings.simplefilter("ignore")  # EasyOCR pins memory where there is no GPU
    reader = Reader(
        ["en"],
        gpu=False,
        recog_network="crnn_easyocr",
        user_network_directory=FOLDER,
        model_storage_directory=FOLDER,
        detector=False,
        verbose=False,
    )
    texts = ["".join(reader.recognize(str(example.path), detail=0)) for example in examples()]
    code: int = told_mostly("EasyOCR", texts)
    return code


if __name__ == "__main__":
    sys.exit(main())
