"""What packages for Node.js and for browsers read beside the one for Python, and how long a line takes, on one thread.

python benchmarks/javascript.py student.onnx student.int8.onnx --data DATA/val.tar -o benchmarks/results/javascript
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from playwright.sync_api import Page, sync_playwright
from side_by_side import table, write_results

sys.path.insert(0, str(Path(__file__).parent / "lib"))
from served_folder import served

from crnn_deploy.data.picture import file_bytes
from crnn_deploy.data.sources.opening import open_source
from crnn_deploy.serving.config import PackageConfig
from crnn_deploy.serving.package import package
from crnn_deploy.serving.targets.javascript.npm import installed

# Each gives a text and the milliseconds of its reading for each line, one by one; images are decoded before.
PYTHON = """
import json, sys, time
import numpy as np
from PIL import Image
sys.path.insert(0, ".")
from crnn_reader import Reader
reader, rows = Reader(threads=1), []
for name in ["000.img", *sorted(sys.argv[1:])]:
    image = np.asarray(Image.open(name).convert("RGB"))
    start = time.perf_counter()
    text = reader(image).text
    rows.append([text, 1000 * (time.perf_counter() - start)])
print(json.dumps(rows[1:]))
"""
NODE = """
import { readFileSync } from "node:fs";
import { openReader } from "./crnn-reader.js";
const reader = await openReader({ threads: 1 });
const images = JSON.parse(readFileSync("images.json"));
const rows = [];
for (const [name, width, height] of [images[0], ...images]) {
  const data = new Uint8Array(readFileSync(name + ".rgb"));
  const start = performance.now();
  const { text } = await reader.read({ data, width, height, channels: 3 });
  rows.push([text, performance.now() - start]);
}
console.log(JSON.stringify(rows.slice(1)));
"""
BROWSER = """async (names) => {
  const [{ openReader }, { bytesOf }, { pixelsOf }] = await Promise.all(
    ["crnn-reader.js", "fetching.js", "pixels.js"].map((name) => import(location.href + name)));
  const reader = await openReader((name) => bytesOf(name));
  const rows = [];
  for (const name of [names[0], ...names]) {
    const pixels = await pixelsOf(new Blob([await bytesOf(name)]));
    const start = performance.now();
    const { text } = await reader.read(pixels);
    const elapsed = performance.now() - start;
    let letters = "";
    for (const value of pixels.data) letters += String.fromCharCode(value);
    rows.push([text, elapsed, letters]);
  }
  return rows.slice(1);
}"""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", type=Path, nargs="+", help="artifacts that read lines")
    parser.add_argument("--data", required=True, help="a source of lines, encoded")
    parser.add_argument("--count", type=int, default=200, help="lines that are read")
    parser.add_argument("--rounds", type=int, default=3, help="times that each reads all lines; the fastest counts")
    parser.add_argument("--chromium", default=shutil.which("chromium"), help="the browser")
    parser.add_argument("-o", "--output", type=Path, help="stem of the .json and .md to write")
    options = parser.parse_args()
    source = open_source(options.data)
    lines = [source.image(index) for index in range(min(options.count, len(source)))]
    rows = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=options.chromium, args=["--no-sandbox"])
        for model in options.models:
            rows += measured(model, lines, options.rounds, browser.new_page())
        browser.close()
    columns = ("model", "reader", "a line", "to Python", "same text", "pixels that differ", "folder")
    shown = [
        (
            row["model"],
            row["reader"],
            f"{row['ms']:.2f} ms",
            f"{row['ratio']:.1f}×",
            f"{row['same']} of {row['lines']}",
            row["pixels"],
            f"{row['bytes'] / 1e6:.1f} MB",
        )
        for row in rows
    ]
    text = table(columns, shown)
    print(text)
    if options.output:
        settings = {"lines": len(lines), "rounds": options.rounds, "threads": 1}
        write_results(options.output, "Packages for Node.js and browsers", [text], rows, settings)
    return 0


def measured(model: Path, lines: list[Image.Image], rounds: int, page: Page) -> list[dict[str, Any]]:
    """One row for each reader: median over the lines of the fastest of all rounds, and how many read as in Python."""
    with tempfile.TemporaryDirectory() as name, served(Path(name, "web")) as address:
        sizes = {target: written(model, target, Path(name, target), lines) for target in ("python", "node", "web")}
        names = [f"{number:03}.img" for number in range(len(lines))]
        page.goto(address)
        readers: dict[str, Callable[[], list[Any]]] = {
            "python": lambda: run([sys.executable, "-c", PYTHON, *names], Path(name, "python")),
            "node": lambda: run(["node", "--input-type=module", "-e", NODE], Path(name, "node")),
            "web": lambda: page.evaluate(BROWSER, names),
        }
        found = {target: [reader() for _ in range(rounds)] for target, reader in readers.items()}
    fastest = {t: np.median(np.min([[row[1] for row in turn] for turn in turns], 0)) for t, turns in found.items()}
    texts = {target: [row[0] for row in turns[0]] for target, turns in found.items()}
    return [
        {
            "model": model.name,
            "reader": target,
            "lines": len(lines),
            "ms": float(fastest[target]),
            "ratio": float(fastest[target] / fastest["python"]),
            "same": sum(map(str.__eq__, texts[target], texts["python"])),
            "wrong": [pair for pair in zip(texts["python"], texts[target], strict=True) if pair[0] != pair[1]],
            "pixels": differing(lines, [row[2] for row in found["web"][0]]) if target == "web" else "",
            "bytes": sizes[target],
        }
        for target in readers
    ]


def written(model: Path, target: Any, folder: Path, lines: list[Image.Image]) -> int:
    """Write a package and, beside it, the lines; returns the bytes of the package."""
    size = package(PackageConfig(model=model, target=target, output=folder)).size_bytes
    if target == "node":
        (folder / "node_modules").symlink_to(installed("onnxruntime-node"))
    described = []
    for number, line in enumerate(lines):
        file = folder / f"{number:03}.img"
        file.write_bytes(file_bytes(line))
        file.with_suffix(".img.rgb").write_bytes(line.convert("RGB").tobytes())
        described.append((file.name, *line.size))
    (folder / "images.json").write_text(json.dumps(described))
    return size


def differing(lines: list[Image.Image], shown: list[str]) -> str:
    """Of all pixels of the lines the share that the browser decodes otherwise, and by how much at most."""
    decoded = [np.asarray(line.convert("RGB")).reshape(-1, 3) for line in lines]
    levels = [
        np.abs(np.frombuffer(letters.encode("latin-1"), np.uint8).reshape(-1, 4)[:, :3].astype(int) - pixels)
        for letters, pixels in zip(shown, decoded, strict=True)
    ]
    every = np.concatenate(levels).max(1)
    return f"{np.mean(every > 0):.2%}, at most {every.max()} levels"


def run(command: list[str], folder: Path) -> list[Any]:
    """What a program prints as JSON."""
    found: list[Any] = json.loads(subprocess.run(command, cwd=folder, capture_output=True, check=True).stdout)
    return found


if __name__ == "__main__":
    sys.exit(main())
