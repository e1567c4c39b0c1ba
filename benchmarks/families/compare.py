"""Compares imported recognisers with answers of their authors' own code; prints one JSON object.

The answers are written by the other scripts of this folder, each in an environment with the authors' package:

    AUTHORS_ENV/bin/python benchmarks/families/doctr_answers.py LINES.tar ANSWERS
    python benchmarks/families/compare.py LINES.tar ANSWERS

ANSWERS/NAME/ holds `checkpoint` (path of the file), `answers.npz` with `inputs` `[M, C, H, W]` of their preprocessing
for some lines and `logits` `[M, T, K]` for these, and `texts.json` with the text of every line, by name.
"""

from __future__ import annotations

import argparse
import io
import json
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from crnn_deploy.checkpoints.config import ImportConfig
from crnn_deploy.checkpoints.import_checkpoint import import_checkpoint
from crnn_deploy.data.preprocess import Preprocessor
from crnn_deploy.reading.decoding import greedy_decode
from crnn_deploy.runtime.opening import open_session


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("lines", type=Path, help="a .tar with images of lines")
    parser.add_argument("answers", type=Path, help="folder of the authors' answers")
    arguments = parser.parse_args()
    lines = dict(images(arguments.lines))
    folders = sorted(path.parent for path in arguments.answers.glob("*/checkpoint"))
    print(json.dumps({folder.name: compared(folder, lines) for folder in folders}, indent=2))


def images(tar: Path) -> Iterator[tuple[str, Image.Image]]:
    """Name and picture of each line."""
    with tarfile.open(tar) as archive:
        for member in archive:
            file = archive.extractfile(member) if member.name.endswith((".png", ".jpg")) else None
            if file:
                yield member.name, Image.open(io.BytesIO(file.read()))


def compared(folder: Path, lines: dict[str, Image.Image]) -> dict[str, Any]:
    """Largest difference of logits on their inputs, and of how many lines the text is the same from the image on."""
    checkpoint = folder / (folder / "checkpoint").read_text().strip()
    options = json.loads((folder / "options.json").read_text()) if (folder / "options.json").exists() else {}
    suffix = ".onnx" if checkpoint.suffix == ".onnx" else ".safetensors"
    output = folder / f"imported{suffix}"
    artifact = import_checkpoint(ImportConfig(checkpoint=checkpoint, output=output, force=True, **options))
    session, preprocessor = open_session(artifact), Preprocessor(artifact.spec.preprocessing)
    answers = np.load(folder / "answers.npz")
    texts = json.loads((folder / "texts.json").read_text())
    ours, pixels = {}, []
    for number, name in enumerate(texts):
        inputs = preprocessor(lines[name].convert("RGB"), name)[None]
        ours[name] = greedy_decode(session.run(inputs), artifact.spec)[0]
        if number < len(answers["inputs"]) and inputs.shape[1:] == answers["inputs"].shape[1:]:
            pixels.append(float(np.abs(inputs[0] - answers["inputs"][number]).max()))
    logits = session.run(answers["inputs"])
    return {
        "logits": float(np.abs(logits - answers["logits"]).max()),
        "lines": len(texts),
        "same text": sum(ours[name] == text for name, text in texts.items()),
        "characters": sum(map(len, texts.values())),
        "inputs": max(pixels, default=None),
    }


if __name__ == "__main__":
    main()
