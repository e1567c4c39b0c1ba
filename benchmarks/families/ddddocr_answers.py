"""Answers of ddddocr's own code with the recogniser of its package; see `compare.py`. Needs `ddddocr`.

The charset of the package becomes the JSON file that dddd_trainer writes beside its models.
"""

from __future__ import annotations

import argparse
import io
import json
import shutil
import tarfile
from pathlib import Path

import numpy as np
from ddddocr import charsets
from ddddocr.core.ocr_engine import OCREngine
from PIL import Image


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("lines", type=Path)
    parser.add_argument("answers", type=Path)
    parser.add_argument("--count", type=int, default=120)
    arguments = parser.parse_args()
    folder = arguments.answers / "ddddocr"
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(Path(charsets.__file__).with_name("common.onnx"), folder / "model.onnx")
    content = {"charset": charsets.CHARSET_BETA, "image": [-1, 64], "word": False, "channel": 1}
    (folder / "charsets.json").write_text(json.dumps(content))
    engine = OCREngine(import_onnx_path=str(folder / "model.onnx"), charsets_path=str(folder / "charsets.json"))
    texts = {}
    with tarfile.open(arguments.lines) as archive:
        for member in archive:
            if member.name.endswith((".png", ".jpg")) and len(texts) < arguments.count:
                image = Image.open(io.BytesIO(archive.extractfile(member).read())).convert("RGB")
                if not texts:
                    inputs = engine._preprocess_image(image, png_fix=False)
                    (logits,) = engine.session.run(None, {engine.session.get_inputs()[0].name: inputs})
                texts[member.name] = engine.predict(image)
    (folder / "checkpoint").write_text("model.onnx")
    (folder / "texts.json").write_text(json.dumps(texts))
    np.savez(folder / "answers.npz", inputs=inputs, logits=logits.transpose(1, 0, 2))


if __name__ == "__main__":
    main()
