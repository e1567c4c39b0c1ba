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
from expected import examples

FOLDER = str(Path(__file__).parent)
ENOUGH = 3 / 4


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
    found = examples()
    texts = ["".join(reader.recognize(str(example.path), detail=0)) for example in found]
    wrong = [
        f"{example.path.name} reads {text!a}, expected {example.text!a}"
        for example, text in zip(found, texts, strict=True)
        if text.strip() != example.text.strip()
    ]
    same = len(found) - len(wrong)
    print(f"EasyOCR reads {same} of {len(found)} examples as crnn-deploy", *wrong, sep="; ")
    return 0 if found and same >= ENOUGH * len(found) else 1


if __name__ == "__main__":
    sys.exit(main())
