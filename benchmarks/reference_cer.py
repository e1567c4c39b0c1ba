"""Do imported checkpoints read as their authors' own code does, in every runtime and at any batch size?

Evaluates EasyOCR's english_g2 and legere on the 1,000 lines of `sroie_lines/val` whose error rates are known from the
original preprocessing (`random.seed(1)`, rows of labels.tsv shuffled, the first 1,000), in PyTorch and in exported
ONNX, at batch 1 and 32, and fails if one is off by more than 0.2 points.

    python benchmarks/reference_cer.py ../shared/data
"""

from __future__ import annotations

import argparse
import io
import json
import random
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from crnn_deploy.api import evaluate, export, import_checkpoint
from crnn_deploy.checkpoints.config import ImportConfig
from crnn_deploy.evaluation.config import EvaluateConfig
from crnn_deploy.export.config import ExportConfig

# Case-insensitive CER of greedy decoding, in percent.
REFERENCES = {"easyocr_english_g2/english_g2.pth": 14.23, "legere_bigru/model.pt": 25.76}
TOLERANCE = 0.2
LINES = 1000


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, help="folder with checkpoints/ and sroie_lines/")
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        lines = reference_lines(options.data / "sroie_lines" / "val.tar", Path(folder) / "lines.tar")
        for checkpoint, expected in REFERENCES.items():
            path = options.data / "checkpoints" / checkpoint
            rows += measure(path, expected, lines, Path(folder), options.threads)
    show(rows)
    print(json.dumps(rows, indent=2))
    return 0 if all(abs(row["cer_ci"] - row["reference"]) <= TOLERANCE for row in rows) else 1


def reference_lines(source: Path, target: Path) -> Path:
    """A tar with the reference lines in their order."""
    with tarfile.open(source) as archive, tarfile.open(target, "w") as chosen:
        labels = archive.extractfile("labels.tsv")
        assert labels is not None
        rows = labels.read().decode().rstrip("\n").split("\n")
        random.seed(1)
        random.shuffle(rows)
        rows = rows[:LINES]
        add(chosen, "labels.tsv", "\n".join(rows).encode())
        for row in rows:
            image = archive.extractfile(row.split("\t")[0])
            assert image is not None
            add(chosen, row.split("\t")[0], image.read())
    return target


def add(archive: tarfile.TarFile, name: str, data: bytes) -> None:
    member = tarfile.TarInfo(name)
    member.size = len(data)
    archive.addfile(member, io.BytesIO(data))


def measure(checkpoint: Path, expected: float, lines: Path, folder: Path, threads: int) -> list[dict[str, Any]]:
    """Rows of one checkpoint: both runtimes, both batch sizes."""
    name = checkpoint.parent.name
    weights = import_checkpoint(ImportConfig(checkpoint=checkpoint, output=folder / f"{name}.safetensors"))
    onnx = export(ExportConfig(model=weights.path, output=folder / f"{name}.onnx"))
    rows = []
    for artifact in (weights, onnx):
        for batch_size in (1, 32):
            config = EvaluateConfig(artifact=artifact.path, data=str(lines), batch_size=batch_size, threads=threads)
            found = evaluate(config)
            accuracy = found.accuracy
            assert accuracy.cer_ci is not None
            assert accuracy.word_accuracy_ci is not None
            rows.append(
                {
                    "model": name,
                    "runtime": found.runtime,
                    "batch_size": batch_size,
                    "cer_ci": round(100 * accuracy.cer_ci, 2),
                    "reference": expected,
                    "lines_right": round(100 * accuracy.word_accuracy_ci, 2),
                }
            )
    return rows


def show(rows: list[dict[str, Any]]) -> None:
    table = Table(*rows[0])
    for row in rows:
        table.add_row(*map(str, row.values()))
    Console(stderr=True).print(table)


if __name__ == "__main__":
    sys.exit(main())
