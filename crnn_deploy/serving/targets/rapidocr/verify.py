"""Checks this folder: RapidOCR reads the example images with the model, and most texts must be those of crnn-deploy.

    python verify.py

RapidOCR resizes each line before the model does it again, so a text may differ from that of crnn-deploy. It prints one
line, and exits with 0 if three quarters of the texts are the same, or else with 1.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))  # where Python leaves it out: `-I`, PYTHONSAFEPATH
from expected import examples
from rapidocr import RapidOCR

ENOUGH = 3 / 4


def main() -> int:
    """Compare each example; returns the exit code."""
    model = str(Path(__file__).with_name("model.onnx"))
    engine = RapidOCR(params={"Rec.model_path": model, "Global.log_level": "critical", "Global.text_score": 0.0})
    found = examples()
    read = [engine(str(example.path), use_det=False, use_cls=False).txts for example in found]
    texts = ["".join(text or ()) for text in read]
    wrong = [
        f"{example.path.name} reads {text!a}, expected {example.text!a}"
        for example, text in zip(found, texts, strict=True)
        if text.strip() != example.text.strip()
    ]
    same = len(found) - len(wrong)
    print(f"RapidOCR reads {same} of {len(found)} examples as crnn-deploy", *wrong, sep="; ")
    return 0 if found and same >= ENOUGH * len(found) else 1


if __name__ == "__main__":
    sys.exit(main())
