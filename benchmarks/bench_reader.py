"""What `Reader` adds to its parts, all timed in turns: decoding, resizing, network and text; and what its start costs.

python benchmarks/bench_reader.py student.int8.onnx --data DATA/val.tar -o benchmarks/results/reader
"""

from __future__ import annotations

import argparse
import io
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from side_by_side import table, write_results

from crnn_deploy import Reader
from crnn_deploy.artifact import open_artifact
from crnn_deploy.benchmark.whole_lines import first_line_of
from crnn_deploy.data.picture import file_bytes
from crnn_deploy.data.preprocess import Preprocessor
from crnn_deploy.data.sources.opening import open_source
from crnn_deploy.reading.decoder_choice import USUAL_WIDTH, chosen_width
from crnn_deploy.reading.decoding import beam_search, decode
from crnn_deploy.runtime.opening import open_session

WARMUP = 20
PARTS = ("decode the image", "resize and normalise", "network", "text")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path, help="an artifact that reads lines")
    parser.add_argument("--data", required=True, help="a source of lines")
    parser.add_argument("--count", type=int, default=1000, help="lines that are read one by one")
    parser.add_argument("-o", "--output", type=Path, help="stem of the .json and .md to write")
    options = parser.parse_args()
    row = measure(options.model, options.data, options.count)
    shown = [
        *((part, f"{row['parts_us'][part]:.0f} µs") for part in PARTS),
        ("all parts of a line", f"{row['sum_us']:.0f} µs"),
        ("`Reader`", f"{row['whole_us']:.0f} µs"),
        ("`Reader` to the parts of the same line", f"{row['ratio']:.2f}×"),
        ("import and first line, CPU", f"{row['cpu_seconds']:.2f} s"),
        ("most memory", f"{row['peak_bytes'] / 1e6:.0f} MB"),
    ]
    text = table(("", "median of the processor time"), shown)
    print(text)
    if options.output:
        settings = {"model": options.model.name, "lines": row["lines"], "threads": 1, "batch": 1}
        settings["load average"] = f"{os.getloadavg()[0]:.0f}"  # what shares caches with others takes longer
        write_results(options.output, "What `Reader` adds to its parts", [text], [row], settings)
    return 0


def measure(model: Path, data: str, count: int) -> dict[str, Any]:
    """Medians of processor time in µs over the lines of a source, each of which passes the parts and then `Reader`."""
    reader = Reader(model, threads=1)
    artifact = open_artifact(model)
    session, preprocessor = open_session(artifact, 1), Preprocessor(artifact.spec.preprocessing)
    search = beam_search(artifact.spec, chosen_width(artifact.spec, "auto", USUAL_WIDTH))
    source = open_source(data)
    contents = [file_bytes(source.image(index)) for index in range(min(count, len(source)))]
    parts: list[list[float]] = [[] for _ in PARTS]
    whole: list[float] = []
    for content in [*contents[:WARMUP], *contents]:
        image = _timed(parts[0], lambda content=content: _decoded(content))
        pixels = _timed(parts[1], lambda image=image: preprocessor(image, "line"))
        logits = _timed(parts[2], lambda pixels=pixels: session.run(pixels[np.newaxis]))
        (text,) = _timed(parts[3], lambda logits=logits: decode(logits, artifact.spec, search))
        reading = _timed(whole, lambda content=content: reader(content))
        if pixels.shape[2] <= artifact.spec.preprocessing.widest and reading.text != text:
            raise SystemExit(f"Reader read {reading.text!r} where the parts read {text!r}.")
    lines = len(contents)
    parts_us, whole_us = 1e6 * np.array(parts)[:, -lines:], 1e6 * np.array(whole)[-lines:]
    with tempfile.TemporaryDirectory() as folder:
        line = Path(folder) / "line"
        line.write_bytes(contents[0])
        started = first_line_of(model, line)
    return {
        "lines": lines,
        "parts_us": dict(zip(PARTS, np.median(parts_us, axis=1).tolist(), strict=True)),
        "sum_us": float(np.median(parts_us.sum(axis=0))),
        "whole_us": float(np.median(whole_us)),
        "ratio": float(np.median(whole_us / parts_us.sum(axis=0))),
        **started.model_dump(),
    }


def _timed(times: list[float], act: Callable[[], Any]) -> Any:
    start = time.thread_time()  # one thread does it all, and other work on the machine does not count
    result = act()
    times.append(time.thread_time() - start)
    return result


def _decoded(content: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(content))
    image.load()
    return image


if __name__ == "__main__":
    sys.exit(main())
