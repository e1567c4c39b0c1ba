"""Do EasyOCR's recognisers read after `import` as in EasyOCR's own code?

First, where `easyocr` is installed: `easyocr_readings.py LINES.tar FOLDER` (and `--real english_g2.pth`). Then here:

    python benchmarks/families/easyocr_parity.py LINES.tar FOLDER [--real english_g2.pth]

Prints JSON: for each recogniser and language the largest difference of the logits, and how many lines read the same,
preprocessed as `import` says and as EasyOCR does.
"""

from __future__ import annotations

import argparse
import io
import json
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

from crnn_deploy.api import import_checkpoint
from crnn_deploy.artifact import Artifact
from crnn_deploy.checkpoints.config import ImportConfig
from crnn_deploy.checkpoints.families.easyocr_charsets import published
from crnn_deploy.data.preprocess import Preprocessor
from crnn_deploy.models.assembly import load_model
from crnn_deploy.preprocessing import Preprocessing
from crnn_deploy.reading.decoding import greedy_decode

SHORT = 1.5
THEIRS = {"resize": "linear", "width_rounding": "floor", "width_multiple": 64}
UNREAD = -500  # a logit below this is of a class that EasyOCR sets to zero


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("lines", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--real", type=Path)
    parser.add_argument("--only", default="")
    options = parser.parse_args()
    torch.set_num_threads(1)
    found: dict[str, Any] = {}
    if options.real:
        readings = json.loads((options.folder / "real.json").read_text())
        for name, texts in readings.items():
            found[name] = compare(imported(options.real, "en"), texts, options.lines, whole=True)
    else:
        readings = json.loads((options.folder / f"readings{options.only}.json").read_text())
        logits = np.load(options.folder / f"logits{options.only}.npz")
        files = {model.name: model.file for model in published()}
        for name, texts in readings.items():
            model, _, languages = name.partition(" ")
            artifact = imported(options.folder / files[model], languages)
            difference = furthest(artifact, logits[f"{model} image"], logits[f"{model} logits"])
            found[name] = {"logits": difference, **compare(artifact, texts, options.lines, whole=False)}
    print(json.dumps(found, indent=1, ensure_ascii=False))


def imported(checkpoint: Path, languages: str) -> Artifact:
    output = Path(tempfile.mkdtemp()) / "imported.safetensors"
    return import_checkpoint(ImportConfig(checkpoint=checkpoint, output=output, lang=languages))


def furthest(artifact: Artifact, image: Any, logits: Any) -> float:
    """The largest difference of the logits of classes that may be read."""
    with torch.inference_mode():
        ours = load_model(artifact)(torch.from_numpy(image)).numpy()
    return float(np.abs(ours - logits)[ours > UNREAD].max())


def compare(artifact: Artifact, texts: dict[str, str], lines: Path, whole: bool) -> dict[str, Any]:
    """How many lines read the same, and those that differ."""
    model = load_model(artifact)
    usual = artifact.spec.preprocessing
    ways = {"easyocr": Preprocessing.model_validate({**usual.model_dump(), **THEIRS})}
    if whole:
        ways["import"] = usual
    same: dict[str, Any] = {"lines": len(texts), "different texts": len(set(texts.values()))}
    for way, preprocessing in ways.items():
        preprocess, differing = Preprocessor(preprocessing), []
        for name, line in pictures(lines, texts):
            part = line if whole else shortened(line)
            with torch.inference_mode():
                logits = model(torch.from_numpy(preprocess(part, name))[None]).numpy()
            text = greedy_decode(logits, artifact.spec)[0]
            if text != texts[name]:
                differing.append((texts[name], text, line.size))
        same[f"same, preprocessed as {way}"] = len(texts) - len(differing)
        same[f"examples as {way}"] = differing[:4]
    return same


def shortened(line: Image.Image) -> Image.Image:
    part = line.crop((0, 0, min(line.width, int(SHORT * line.height)), line.height))
    return part.resize((round(64 * part.width / part.height), 64), Image.Resampling.BICUBIC)


def pictures(tar: Path, names: dict[str, str]) -> Iterator[tuple[str, Image.Image]]:
    with tarfile.open(tar) as archive:
        for name in names:
            content = archive.extractfile(name)
            assert content is not None
            yield name, Image.open(io.BytesIO(content.read())).convert("L")


if __name__ == "__main__":
    main()
