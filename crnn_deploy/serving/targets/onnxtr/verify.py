"""Checks this folder: OnnxTR reads the example images with the model, and most texts must be those of crnn-deploy.

    python verify.py

OnnxTR resizes each image before the model does it again, so a text may differ from that of crnn-deploy. It prints one
line, and exits with 0 if three quarters of the texts are the same, or else with 1.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from PIL import Image

sys.path.insert(0, str(Path(__file__).parent))  # where Python leaves it out: `-I`, PYTHONSAFEPATH
from crnn_onnxtr import Recogniser
from expected import examples
from onnxtr.models import recognition_predictor

ENOUGH = 3 / 4


def main() -> int:
    """Compare each example; returns the exit code."""
    predictor = recognition_predictor(Recogniser())
    predictor.split_wide_crops = False  # examples may be lines, and OnnxTR cuts what is wider than a word
    found = examples()
    read = predictor([np.asarray(Image.open(example.path).convert("RGB")) for example in found])
    wrong = [
        f"{example.path.name} reads {text!a}, expected {example.text!a}"
        for example, (text, _) in zip(found, read, strict=True)
        if text.strip() != example.text.strip()
    ]
    same = len(found) - len(wrong)
    print(f"OnnxTR reads {same} of {len(found)} examples as crnn-deploy", *wrong, sep="; ")
    return 0 if found and same >= ENOUGH * len(found) else 1


if __name__ == "__main__":
    sys.exit(main())
