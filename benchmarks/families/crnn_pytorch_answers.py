"""Answers of crnn.pytorch's own code (github.com/meijieru/crnn.pytorch) with random weights, for `compare.py`.

    python benchmarks/families/crnn_pytorch_answers.py crnn.py LINES.tar ANSWERS

`crnn.py` is the file `models/crnn.py` of the repository. The image is resized and normalised as its `demo.py` does.
"""

from __future__ import annotations

import importlib.util
import io
import json
import sys
import tarfile
from pathlib import Path

import numpy as np
import torch
from PIL import Image

LINES, LOGITS = 150, 16
ALPHABET = "0123456789abcdefghijklmnopqrstuvwxyz"


def main() -> None:
    source, tar, answers = map(Path, sys.argv[1:])
    spec = importlib.util.spec_from_file_location("authors", source)
    assert spec is not None
    assert spec.loader is not None
    authors = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(authors)
    torch.manual_seed(0)
    network = authors.CRNN(32, 1, len(ALPHABET) + 1, 256).train()
    pictures = [(name, image) for name, image in _images(tar)][:LINES]
    inputs = torch.stack([_normalised(image) for _, image in pictures])
    with torch.no_grad():
        for _ in range(3):
            network(inputs[:32])  # statistics of batch normalisation
        network.eval()
        logits = torch.cat([network(x[None]) for x in inputs], 1).transpose(0, 1)
        network.rnn[1].embedding.weight *= 20  # else random logits are nearly alike, and every frame reads the same
        network.rnn[1].embedding.bias -= 20 * logits.mean((0, 1))
        logits = torch.cat([network(x[None]) for x in inputs], 1).transpose(0, 1)
    folder = answers / "crnn-pytorch"
    folder.mkdir(parents=True, exist_ok=True)
    torch.save(network.state_dict(), folder / "crnn.pth")
    (folder / "checkpoint").write_text("crnn.pth")
    np.savez(folder / "answers.npz", inputs=inputs[:LOGITS].numpy(), logits=logits[:LOGITS].numpy())
    texts = {name: _read(frames) for (name, _), frames in zip(pictures, logits.argmax(-1).tolist(), strict=True)}
    (folder / "texts.json").write_text(json.dumps(texts))


def _images(tar: Path) -> list[tuple[str, Image.Image]]:
    with tarfile.open(tar) as archive:
        members = [member for member in archive if member.name.endswith((".png", ".jpg"))]
        return [(m.name, Image.open(io.BytesIO(archive.extractfile(m).read()))) for m in members]  # type: ignore[union-attr]


def _normalised(image: Image.Image) -> torch.Tensor:
    resized = image.convert("L").resize((100, 32), Image.Resampling.BILINEAR)
    return (torch.from_numpy(np.asarray(resized, np.float32) / 255)[None] - 0.5) / 0.5


def _read(frames: list[int]) -> str:
    """Without repetitions and blanks, as its `utils.strLabelConverter` does."""
    before = [0, *frames[:-1]]
    return "".join(ALPHABET[k - 1] for k, last in zip(frames, before, strict=True) if k and k != last)


if __name__ == "__main__":
    main()
