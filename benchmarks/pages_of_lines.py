"""Whole pages: RapidOCR with its own recogniser, RapidOCR with a model of ours, and `predict --pages` with the same.

The pages are made of labelled lines of a source, one below the other; they are no scans. All read the same pages in
turns, and all find lines with the same detector.

python benchmarks/pages_of_lines.py student.int8.onnx --data DATA/val.tar -o benchmarks/results/pages
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from PIL import Image
from rapidfuzz.distance import Levenshtein
from rapidocr import RapidOCR
from side_by_side import table, write_results

from crnn_deploy import Reader
from crnn_deploy.data.picture import picture
from crnn_deploy.data.sources.base import Source
from crnn_deploy.data.sources.opening import open_source
from crnn_deploy.data.stills import as_single
from crnn_deploy.pages.read_pages import PageReader
from crnn_deploy.serving.config import PackageConfig
from crnn_deploy.serving.package import package

_LINES, _WIDTH, _GAP, _MARGIN = 24, 1000, 18, 40
_HEIGHTS = (20, 60)  # of the lines that are taken, in pixels


class Sheet(NamedTuple):
    """A page, and its text."""

    image: Image.Image
    text: str


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path, help="an .onnx artifact that reads lines")
    parser.add_argument("--data", required=True, help="a source of labelled lines")
    parser.add_argument("--pages", type=int, default=10)
    parser.add_argument("-o", "--output", type=Path, help="stem of the .json and .md to write")
    options = parser.parse_args()
    rows = measure(options.model, options.data, options.pages)
    cells = [(row["reader"], f"{row['cer_ci']:.2%}", f"{row['ms']:.0f} ms", f"{row['cpu_ms']:.0f} ms") for row in rows]
    text = table(("", "CER", "a page", "CPU"), cells)
    print(text)
    if options.output:
        settings = {"model": options.model.name, "pages": options.pages, "lines a page": _LINES, "threads": 1}
        write_results(options.output, "Whole pages", [text], rows, settings)
    return 0


def measure(model: Path, data: str, count: int) -> list[dict[str, Any]]:
    """Error and times of each way to read; CER is case-insensitive, over the text of the page in order of reading."""
    sheets = list(_sheets(open_source(data), count))
    with tempfile.TemporaryDirectory() as folder:
        written = package(PackageConfig(model=model, target="rapidocr", output=Path(folder, "package"), data=data))
        readers = _readers(model, str(Path(written.path, "model.onnx")))
        found: dict[str, list[tuple[int, float, float]]] = {name: [] for name in readers}
        for sheet in (sheets[0], *sheets):  # the first page once more, to warm up
            for name, read in readers.items():
                start, cpu = time.perf_counter(), time.process_time()
                text = read(sheet.image)
                times = time.perf_counter() - start, time.process_time() - cpu
                found[name].append((Levenshtein.distance(_plain(text), _plain(sheet.text)), *times))
    length = sum(len(_plain(sheet.text)) for sheet in sheets)
    return [
        {
            "reader": name,
            "cer_ci": sum(distance for distance, _, _ in each[1:]) / length,
            "ms": 1e3 * float(np.median([wall for _, wall, _ in each[1:]])),
            "cpu_ms": 1e3 * float(np.median([cpu for _, _, cpu in each[1:]])),
        }
        for name, each in found.items()
    ]


def _readers(model: Path, recogniser: str) -> Mapping[str, Callable[[Image.Image], str]]:
    pages = PageReader(Reader(model, threads=1))
    settings = {"Global.log_level": "critical", "EngineConfig.onnxruntime.intra_op_num_threads": 1}
    own = RapidOCR(params=settings)
    ours = RapidOCR(params={**settings, "Rec.model_path": recogniser})

    def by(engine: Any) -> Callable[[Image.Image], str]:
        return lambda image: "\n".join(engine(np.asarray(image)[:, :, ::-1].copy()).txts or ())

    return {
        "RapidOCR, its own recogniser (PP-OCRv6 small)": by(own),
        "RapidOCR, our model as its recogniser": by(ours),
        "`predict --pages`, the same model": lambda image: pages.read(pages.find(image, "page")).text,
    }


def _sheets(source: Source, count: int) -> Iterator[Sheet]:
    lines: list[tuple[Image.Image, str]] = []
    for index in range(len(source)):
        image = picture(as_single(source.image(index), "line"), "line", "RGB")
        if _HEIGHTS[0] <= image.height <= _HEIGHTS[1] and image.width <= _WIDTH - 2 * _MARGIN:
            lines.append((image, source.text(index)))
        if len(lines) == count * _LINES:
            break
    for start in range(0, len(lines) - _LINES + 1, _LINES):
        part = lines[start : start + _LINES]
        sheet = Image.new("RGB", (_WIDTH, 2 * _MARGIN + sum(image.height + _GAP for image, _ in part)), "white")
        top = _MARGIN
        for image, _ in part:
            sheet.paste(image, (_MARGIN, top))
            top += image.height + _GAP
        yield Sheet(sheet, "\n".join(text for _, text in part))


def _plain(text: str) -> str:
    return " ".join(text.split()).lower()


if __name__ == "__main__":
    sys.exit(main())
