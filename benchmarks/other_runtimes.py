"""Which of our files do other runtimes read, how fast against their own FP32, and with the same text?

Each runtime is a process of its own, in an environment that holds nothing of crnn-deploy (lib/other_runtimes); those
that are absent are left out, and the results say so. A runtime gets the very tensors that the others get.

    python benchmarks/other_runtimes.py reader.onnx english_g2.onnx --calib DATA/train.tar --data DATA/val.tar \\
        --python ENV/bin/python --node-modules NODE/node_modules -o benchmarks/results/other-runtimes
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from side_by_side import table, write_results

from crnn_deploy.artifact import Artifact, open_artifact
from crnn_deploy.data.preprocess import Preprocessor
from crnn_deploy.data.sources.opening import open_source
from crnn_deploy.data.sources.subset import sample
from crnn_deploy.native import ort_custom_ops_path
from crnn_deploy.quantization.config import QuantizeOptions, Target
from crnn_deploy.quantization.quantize import RejectedError, quantize
from crnn_deploy.reading.decoding import decode
from crnn_deploy.runtime.outputs import batch_first
from crnn_deploy.spec import ModelSpec
from crnn_deploy.units import milliseconds, size

HERE = Path(__file__).parent / "lib" / "other_runtimes"
REFERENCE = "onnxruntime"
PYTHON_RUNTIMES = (REFERENCE, "onnxruntime with our library", "openvino", "ncnn", "mnn")
NODE_RUNTIMES = ("onnxruntime-node", "onnxruntime-web")
TARGETS: Mapping[str, Target] = {"INT8, cpu": "cpu", "INT8, portable": "portable", "INT8, tensorrt": "tensorrt"}
FP32 = "FP32"
ABSENT = "not installed here"
TIMEOUT = 900
EXPLANATION = (
    "One thread, batch 1. Times are medians of the network alone on the line of median width; the files of a model run "
    "in turns in one process, each twice in a row, and the second run counts. × is the speed against FP32 in the same "
    "runtime. *N of M* lines read as the same file reads in ONNX Runtime alone, on the same tensors. The size is what "
    "would be shipped after the runtime's converter."
)

Array = NDArray[np.float32]


def main() -> int:
    options = parse_options()
    rows: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as folder:
        for path in options.models:
            model = open_artifact(path)
            work = Path(folder) / model.path.stem
            work.mkdir()
            rows += measure(model, quantized_forms(model, options.calib, work), options, work)
    settings = {"data": Path(options.data).name, "lines": options.lines, "seconds": options.seconds}
    blocks = [EXPLANATION, overview(rows), "## Refusals", refusals(rows)]
    write_results(options.output, "Our files in other runtimes", blocks, rows, settings, versions(options))
    return 0


def parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="+", type=Path, help="FP32 .onnx artifacts")
    parser.add_argument("--calib", required=True, metavar="SOURCE", help="images to calibrate on")
    parser.add_argument("--data", required=True, metavar="SOURCE", help="other images, to read")
    parser.add_argument("--python", type=Path, help="the Python of an environment with the other runtimes")
    parser.add_argument("--node-modules", type=Path, help="the folder with onnxruntime-node and onnxruntime-web")
    parser.add_argument("--lines", type=int, default=300, help="images to read")
    parser.add_argument("--seconds", type=float, default=1.0, help="of timing for each file in each runtime")
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="STEM", help="writes STEM.json and STEM.md")
    return parser.parse_args()


def quantized_forms(model: Artifact, calib: str, folder: Path) -> dict[str, Artifact]:
    """The files of a model by their names: FP32, and INT8 for each target."""
    files = {FP32: model}
    for name, target in TARGETS.items():
        options = QuantizeOptions(target=target, calibrator="percentile", held_out=100, threads=1)
        try:
            made = quantize(options.with_paths(model.path, folder / f"{target}.onnx", calib))
        except RejectedError as error:  # the text is compared all the same
            made = error.quantized
        files[name] = made.artifact
    return files


def measure(
    model: Artifact, files: Mapping[str, Artifact], options: argparse.Namespace, folder: Path
) -> Iterator[dict[str, Any]]:
    """A row for each runtime and file of one model."""
    tensors = read_tensors(model.spec, options.data, options.lines)
    expected: dict[str, list[str]] = {}
    for runtime, command in commands(options).items():
        print(f"{model.path.stem}: {runtime}", file=sys.stderr)
        work = folder / runtime.replace(" ", "-")
        found = run(command, files, tensors, options.seconds, work) if command else {}
        for name in files:
            row = {"model": model.path.stem, "runtime": runtime, "file": name}
            result = found.get(name, {"refusal": ABSENT})
            if "shapes" not in result:
                yield row | {"refusal": result["refusal"]}
                continue
            texts = list(decoded(work / f"{number_of(files, name)}.f32", result["shapes"], model.spec))
            expected.setdefault(name, texts)  # the first runtime is the reference
            same = sum(text == other for text, other in zip(texts, expected[name], strict=True))
            parent_ms = found.get(FP32, {}).get("ms")
            ms = result.get("ms")
            speed = parent_ms / ms if parent_ms and ms else None
            yield row | {"ms": ms, "speed": speed, "same": same, "lines": len(texts), "size": result["size"]}


def commands(options: argparse.Namespace) -> dict[str, list[str] | None]:
    """How each runtime is started, None where it is absent; the reference comes first."""
    python = [str(options.python or sys.executable), str(HERE / "measure.py")]
    modules = options.node_modules
    node = ["node", str(HERE / "measure.mjs")] if modules else None
    return {
        **{name: [*python, name] for name in PYTHON_RUNTIMES},
        **{name: [*node, name, str(modules)] if node else None for name in NODE_RUNTIMES},
    }


def run(
    command: Sequence[str], files: Mapping[str, Artifact], tensors: Sequence[Array], seconds: float, folder: Path
) -> dict[str, dict[str, Any]]:
    """What one runtime makes of the files, by their names; each is converted and loaded by itself."""
    folder.mkdir()
    np.concatenate([tensor.ravel() for tensor in tensors]).tofile(folder / "tensors.f32")
    widths = [tensor.shape[-1] for tensor in tensors]
    job = {
        "files": [{"name": str(number_of(files, name)), "path": str(file.path)} for name, file in files.items()],
        "shapes": [tensor.shape for tensor in tensors],
        "timed": int(np.argsort(widths, kind="stable")[len(widths) // 2]),
        "seconds": seconds,
        "library": library if (library := str(ort_custom_ops_path() or "")) else None,
    }
    (folder / "job.json").write_text(json.dumps(job), encoding="utf-8")
    try:
        done = subprocess.run([*command, str(folder)], capture_output=True, text=True, timeout=TIMEOUT, check=False)
        end = f"ends with {done.returncode}: {last_line(done.stderr)}"
    except subprocess.TimeoutExpired:
        end = f"takes more than {TIMEOUT} s"
    path = folder / "result.json"
    found = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    return {name: found.get(str(number_of(files, name)), {"refusal": end}) for name in files}


def number_of(files: Mapping[str, Artifact], name: str) -> int:
    return list(files).index(name)


def read_tensors(spec: ModelSpec, data: str, count: int) -> list[Array]:
    """The preprocessed lines, each a batch `[1, C, H, W]`."""
    source, preprocessor = sample(open_source(data), count, seed=1), Preprocessor(spec.preprocessing)
    return [preprocessor(source.image(index), str(index))[np.newaxis] for index in range(len(source))]


def decoded(path: Path, shapes: Sequence[Sequence[int]], spec: ModelSpec) -> Iterator[str]:
    """The texts of logits that lie in a file one after the other."""
    values, start = np.fromfile(path, np.float32), 0
    for shape in shapes:
        end = start + int(np.prod(shape))
        yield from decode(batch_first(values[start:end].reshape(shape), spec), spec)
        start = end


def overview(rows: Sequence[Mapping[str, Any]]) -> str:
    """A row for each model and runtime that was there, a column for each file."""
    there = [row for row in rows if row.get("refusal") != ABSENT]
    found: dict[tuple[str, str], dict[str, str]] = {}
    for row in there:
        found.setdefault((row["model"], row["runtime"]), {})[row["file"]] = cell(row)
    files = (FP32, *TARGETS)
    shown = [(*pair, *(cells[file] for file in files)) for pair, cells in found.items()]
    return table(("Model", "Runtime", *files), shown, 2)


def cell(row: Mapping[str, Any]) -> str:
    if "refusal" in row:
        return "refused"
    time = f"{milliseconds(row['ms'])}, {row['speed']:.2f}×, " if row["speed"] else ""
    return f"{time}{row['same']} of {row['lines']}, {size(row['size'])}"


def refusals(rows: Sequence[Mapping[str, Any]]) -> str:
    refused = [row for row in rows if "refusal" in row]
    listed = [f"- **{row['runtime']}**, {row['model']}, {row['file']}: {short(row['refusal'])}" for row in refused]
    return "\n".join(listed) or "None."


def short(message: str) -> str:
    """The end of a message, which says why, in one line and without what Markdown would format."""
    line = " ".join(message.split()).replace("`", "'").replace("<", "(").replace(">", ")")
    return line if len(line) <= 300 else f"{line[:120]} … {line[-170:]}"


def last_line(text: str) -> str:
    return (text.strip().splitlines() or ["it says nothing"])[-1]


def versions(options: argparse.Namespace) -> dict[str, str]:
    """Versions of the other runtimes, where they tell them."""
    code = (
        "import importlib.metadata as m, json; "
        "print(json.dumps({d.metadata['Name'].lower(): d.version for d in m.distributions()}))"
    )
    python = str(options.python or sys.executable)
    installed = json.loads(subprocess.run([python, "-c", code], capture_output=True, text=True, check=True).stdout)
    found = {name: installed[name] for name in ("openvino", "ncnn", "pnnx", "mnn") if name in installed}
    for name in NODE_RUNTIMES if options.node_modules else ():
        path = options.node_modules / name / "package.json"
        if path.exists():
            found[name] = json.loads(path.read_text(encoding="utf-8"))["version"]
    return found


if __name__ == "__main__":
    sys.exit(main())
