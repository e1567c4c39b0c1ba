"""Checks this folder: RapidOCR reads the example images with the model, and most texts must be those of crnn-deploy.

    python verify.py

RapidOCR resizes each line before the model does it again, so a text may differ from that of crnn-deploy. It prints one
line, and exits with 0 if three quarters of the texts are the same, or else with 1.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))  # where Python leaves it out: `-I`, PYTHONSAFEPATH
from expected import examples, told_mostly
from rapidocr import RapidOCR


def main() -> int:
    """Compare each example; returns the exit code."""
    model = str(Path(__file__).with_name("model.onnx"))
    engine = RapidOCR(params={"Rec.model_path": model, "Global.log_level": "critical", "Global.text_score": 0.0})
    read = [engine(str(example.path), use_det=False, use_cls=False).txts for example in examples()]
    code: int = told_mostly("RapidOCR", ["".join(text or ()) for text in read])
    return code


if __name__ == "__main__":
    sys.exit(main())
