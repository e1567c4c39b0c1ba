"""How long the searches of packages take for a line, where a language model counts in, and whether their texts agree.

Each program searches the same outputs of the network, which are read from a file, on one thread.

    python benchmarks/package_searches.py benchmarks/distillation/receipts.int8.onnx --data DATA/val.tar \
        -o benchmarks/results/package-searches
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from side_by_side import table, write_results

from crnn_deploy.artifact import open_artifact
from crnn_deploy.data.preprocess import Preprocessor
from crnn_deploy.data.sources.opening import open_source
from crnn_deploy.data.sources.subset import sample
from crnn_deploy.native import LIBRARY_NAME
from crnn_deploy.runtime.opening import open_session
from crnn_deploy.serving.config import PackageConfig
from crnn_deploy.serving.package import package

SEED = 1
ROUNDS = 5  # of a line; the median counts
# Each prints the classes of each line, and its microseconds. OUTPUTS: frames and classes of a line, then its numbers.
PYTHON = f"""
import json, statistics, time
import numpy as np
from crnn_reader import Reader
search, rows = Reader(threads=1)._search, []
data = np.fromfile("outputs", np.float32)
while len(data):
    frames, classes = data[:2].astype(int)
    line, data = data[2 : 2 + frames * classes].reshape(frames, classes), data[2 + frames * classes :]
    times = []
    for _ in range({ROUNDS}):
        start = time.perf_counter()
        text = search(line)
        times.append(1e6 * (time.perf_counter() - start))
    rows.append([text, statistics.median(times)])
print(json.dumps(rows))
"""
NODE = f"""
import {{ readFileSync }} from "node:fs";
import {{ searchOf }} from "./language.js";
const search = await searchOf(JSON.parse(readFileSync("spec.json")));
const file = readFileSync("outputs");
const data = new Float32Array(file.buffer.slice(file.byteOffset, file.byteOffset + file.byteLength));
const rows = [];
for (let at = 0; at < data.length; ) {{
  const [frames, classes] = data.slice(at, at + 2);
  const line = Array.from({{ length: frames }}, (_, t) => data.slice(at + 2 + t * classes, at + 2 + (t + 1) * classes));
  at += 2 + frames * classes;
  const times = [];
  let text;
  for (let round = 0; round < {ROUNDS}; round++) {{
    const start = performance.now();
    text = search(line, false);
    times.push(1000 * (performance.now() - start));
  }}
  rows.push([text, times.sort((a, b) => a - b)[{ROUNDS // 2}]]);
}}
console.log(JSON.stringify(rows));
"""
CPP = f"""
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <vector>
#include "model_spec.h"

int main() {{
  const auto search = crnn::language_search(kLanguage, BLANK);
  std::FILE* file = std::fopen("outputs", "rb");
  float sizes[2];
  std::vector<float> line;
  for (const char* before = "["; std::fread(sizes, sizeof(float), 2, file) == 2; before = ",") {{
    line.resize(static_cast<std::size_t>(sizes[0] * sizes[1]));
    if (std::fread(line.data(), sizeof(float), line.size(), file) != line.size()) return 1;
    const auto classes = static_cast<std::size_t>(sizes[1]);
    const crnn::Frames frames{{line.data(), static_cast<std::size_t>(sizes[0]), classes, classes}};
    std::vector<double> times;
    std::vector<int> text;
    for (int round = 0; round < {ROUNDS}; ++round) {{
      const auto start = std::chrono::steady_clock::now();
      text = search(frames, false);
      times.push_back(std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - start).count());
    }}
    std::sort(times.begin(), times.end());
    std::printf("%s[[", before);
    for (std::size_t i = 0; i < text.size(); ++i) std::printf(i ? ",%d" : "%d", text[i]);
    std::printf("],%f]", times[{ROUNDS // 2}]);
  }}
  std::puts("]");
}}
"""

Rows = list[tuple[list[int], float]]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path, help="an .onnx artifact with a language model, whose outputs are logits")
    parser.add_argument("--data", required=True, help="labelled lines")
    parser.add_argument("--lines", type=int, default=300)
    parser.add_argument("-o", "--output", type=Path, required=True, help="writes OUTPUT.json and OUTPUT.md")
    arguments = parser.parse_args()
    results = measure(arguments.model, arguments.data, arguments.lines)
    cells = [
        [r["package"], f"{r['median_us']:.0f}", f"{r['mean_us']:.0f}", f"{r['same']} of {r['lines']}"] for r in results
    ]
    page = table(["package", "µs, median", "µs, mean", "texts as the first"], cells)
    options = {"model": arguments.model.name, "data": Path(arguments.data).name, "lines": arguments.lines}
    write_results(arguments.output, "Searches of packages", [page], results, options)
    return 0


def measure(model: Path, data: str, lines: int) -> list[dict[str, Any]]:
    """Microseconds of a line by each search, and how many of its texts are those of the first one."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        outputs = folder / "outputs"
        _write_outputs(model, data, lines, outputs)
        found = {
            "python": _python(_packaged(folder / "python", model, outputs, "python")),
            "python without the library": _python(
                _without_library(_packaged(folder / "slow", model, outputs, "python"))
            ),
            "cpp": _cpp(_packaged(folder / "cpp", model, outputs, "cpp"), open_artifact(model).spec.blank),
            "node": _printed(_packaged(folder / "node", model, outputs, "node"), "search.mjs", NODE, "node"),
        }
    texts = [text for text, _ in found["python"]]
    return [{"package": name, **_row(rows, texts)} for name, rows in found.items()]


def _write_outputs(model: Path, data: str, lines: int, to: Path) -> None:
    artifact = open_artifact(model)
    session, preprocessor = open_session(artifact, threads=1), Preprocessor(artifact.spec.preprocessing)
    source = sample(open_source(data), lines, SEED)
    with to.open("wb") as file:
        for index in range(len(source)):
            (output,) = session.run(preprocessor(source.image(index), "line")[None])
            file.write(np.array(output.shape, np.float32).tobytes() + output.tobytes())


def _packaged(folder: Path, model: Path, outputs: Path, target: Any) -> Path:
    package(PackageConfig(model=model, target=target, output=folder, examples=1))
    shutil.copyfile(outputs, folder / "outputs")
    return folder


def _without_library(folder: Path) -> Path:
    (folder / LIBRARY_NAME).unlink()
    return folder


def _python(folder: Path) -> Rows:
    return _printed(folder, "search.py", PYTHON, sys.executable)


def _cpp(folder: Path, blank: int) -> Rows:
    (folder / "search.cc").write_text(CPP.replace("BLANK", str(blank)), encoding="utf-8")
    subprocess.run(["c++", "-O2", "-std=c++17", "-I.", "search.cc", "-o", "search"], cwd=folder, check=True)
    return _parsed(folder, str(folder / "search"))


def _printed(folder: Path, name: str, program: str, interpreter: str) -> Rows:
    (folder / name).write_text(program, encoding="utf-8")
    return _parsed(folder, interpreter, name)


def _parsed(folder: Path, *command: str) -> Rows:
    done = subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True)
    rows: Rows = json.loads(done.stdout)
    return rows


def _row(rows: Rows, texts: list[list[int]]) -> dict[str, Any]:
    times = [spent for _, spent in rows]
    same = sum(text == other for (text, _), other in zip(rows, texts, strict=True))
    return {"median_us": float(np.median(times)), "mean_us": float(np.mean(times)), "same": same, "lines": len(texts)}


if __name__ == "__main__":
    sys.exit(main())
