"""Answers of OnnxTR for docTR's exports, which `doctr_answers.py` has made; see `compare.py`. Needs `onnxtr`."""

from __future__ import annotations

import argparse
import io
import json
import tarfile
from pathlib import Path

import numpy as np
from onnxtr.models import recognition
from onnxtr.models.preprocessor import PreProcessor
from PIL import Image


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("lines", type=Path)
    parser.add_argument("answers", type=Path)
    parser.add_argument("--count", type=int, default=150)
    arguments = parser.parse_args()
    lines = {}
    with tarfile.open(arguments.lines) as archive:
        for member in archive:
            if member.name.endswith((".png", ".jpg")) and len(lines) < arguments.count:
                content = archive.extractfile(member).read()
                lines[member.name] = np.asarray(Image.open(io.BytesIO(content)).convert("RGB"))
    for folder in sorted(arguments.answers.glob("*_onnx")):
        model = getattr(recognition, folder.name.removesuffix("_onnx"))(str(folder / "model.onnx"))
        config = model.cfg
        size = tuple(config["input_shape"][-2:])
        preprocessor = PreProcessor(size, 32, mean=config["mean"], std=config["std"], preserve_aspect_ratio=True)
        outputs = [model(batch, return_model_output=True) for batch in preprocessor(list(lines.values()))]
        texts = [text for output in outputs for text, _ in output["preds"]]
        (folder / "texts.json").write_text(json.dumps(dict(zip(lines, texts, strict=True))))


if __name__ == "__main__":
    main()
