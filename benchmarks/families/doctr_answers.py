"""Answers of docTR's own CRNNs with random weights; see `compare.py`. Needs `python-doctr` and `torch`.

Batch normalisation gets the statistics of the lines, and the head large weights, so that the text is not empty.
"""

from __future__ import annotations

import argparse
import io
import json
import tarfile
from pathlib import Path

import numpy as np
import torch
from doctr.models import recognition
from doctr.models.preprocessor import PreProcessor
from doctr.models.utils import export_model_to_onnx
from PIL import Image

NAMES = ("crnn_vgg16_bn", "crnn_mobilenet_v3_small", "crnn_mobilenet_v3_large")
STORED = 16  # lines whose inputs and logits are stored


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("lines", type=Path)
    parser.add_argument("answers", type=Path)
    parser.add_argument("--count", type=int, default=150)
    arguments = parser.parse_args()
    lines = read(arguments.lines, arguments.count)
    for name in NAMES:
        torch.manual_seed(0)
        model = getattr(recognition, name)(pretrained=False, pretrained_backbone=False)
        answer(model, lines, arguments.answers / name, arguments.answers / f"{name}_onnx")


def read(tar: Path, count: int) -> dict[str, np.ndarray]:
    lines: dict[str, np.ndarray] = {}
    with tarfile.open(tar) as archive:
        for member in archive:
            if member.name.endswith((".png", ".jpg")) and len(lines) < count:
                content = archive.extractfile(member).read()
                lines[member.name] = np.asarray(Image.open(io.BytesIO(content)).convert("RGB"))
    return lines


@torch.no_grad()
def answer(model: torch.nn.Module, lines: dict[str, np.ndarray], folder: Path, onnx: Path) -> None:
    config = model.cfg
    preprocessor = PreProcessor(
        config["input_shape"][-2:], 32, mean=config["mean"], std=config["std"], preserve_aspect_ratio=True
    )
    batches = preprocessor(list(lines.values()))
    model.feat_extractor.train()
    for batch in batches:
        model.feat_extractor(batch)
    model.eval()
    model.linear.weight *= 20
    outputs = [model(batch, return_model_output=True, return_preds=True) for batch in batches]
    texts = [text for output in outputs for text, _ in output["preds"]]
    for place, file in ((folder, "model.pt"), (onnx, "model.onnx")):
        place.mkdir(parents=True, exist_ok=True)
        (place / "checkpoint").write_text(file)
        (place / "texts.json").write_text(json.dumps(dict(zip(lines, texts, strict=True))))
        np.savez(place / "answers.npz", inputs=batches[0][:STORED], logits=outputs[0]["out_map"][:STORED])
    torch.save(model.state_dict(), folder / "model.pt")
    model.exportable = True
    export_model_to_onnx(model, str(onnx / "model"), batches[0][:2])


if __name__ == "__main__":
    main()
