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
from expected import examples, told_mostly
from onnxtr.models import recognition_predictor


def main() -> int:
    """Compare each example; returns the exit code."""
    predictor = recognition_predictor(Recogniser())
    predictor.split_wide_crops = False  # examples may be lines, and OnnxTR cuts what is wider than a word
    read = predictor([np.asarray(Image.open(example.path).convert("RGB")) for example in examples()])
    code: int = told_mostly("OnnxTR", [text for text, _ in read])
    return code


if __name__ == "__main__":
    sys.exit(main())
