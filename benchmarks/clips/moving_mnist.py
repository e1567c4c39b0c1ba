"""Does `frames-gru` read the order of stills? Clips of moving MNIST digits, whose classes lie in the order alone.

A digit jumps along one axis of a torus of 32×32 pixels, from a random place, and is once in each of 8 places. The class
is the step from still to still: 1, 3, 5 or 7 places of 4 pixels, of which the last two are steps backwards. All steps
visit the same 8 places, so a single still, and all stills without their order, say nothing: chance is 25 %.

The same network is trained three times, in the same way: on the clips; on clips that show one random still of
each, 8 times; and on the stills of each clip in random order. Digits of MNIST's training set make the clips for
training, and those of its test set the clips for the measurement. Then the first is made INT8, and teaches a student.

    OMP_NUM_THREADS=1 python benchmarks/clips/moving_mnist.py DATA/mnist -o benchmarks/results/clips
"""

from __future__ import annotations

import argparse
import datetime
import json
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crnn_deploy.api import (
    BenchmarkConfig,
    DistillConfig,
    EvaluateConfig,
    ExportConfig,
    QuantizeConfig,
    TrainConfig,
    benchmark,
    distill,
    evaluate,
    export,
    quantize,
    train,
)
from crnn_deploy.benchmark.speedup import reference_latency
from crnn_deploy.cli.console import RichProgress
from crnn_deploy.data.sources.opening import open_source
from crnn_deploy.progress import Progress

Stills = NDArray[np.uint8]
STEPS = (1, 3, 5, 7)  # places from still to still; 5 and 7 of 8 are 3 and 1 backwards
PLACES, SIZE = 8, 32
MODEL = "frames-gru:channels=8,hidden=96"
STUDENT = "frames-gru:channels=4,hidden=32"
TRAINING = {"epochs": 6, "batch_size": 32, "augmentation": 0, "precision": "fp32"}
ORDERS = ("in order", "one still", "shuffled")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("digits", type=Path, help="folder with MNIST's four files")
    parser.add_argument("-o", "--output", type=Path, required=True, help="without suffix: .json and .md are written")
    parser.add_argument("--clips", type=int, default=4000, help="for training")
    parser.add_argument("--val", type=int, default=2000, help="clips for the measurement")
    parser.add_argument("--folder", type=Path, help="keep clips and models here")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary, RichProgress() as progress:
        folder = options.folder or Path(temporary)
        folder.mkdir(exist_ok=True)
        write_clips(options.digits, folder, options.clips, options.val)
        figures = measured(folder, progress)
    figures |= {"clips": options.clips, "val": options.val, "date": datetime.date.today().isoformat()}
    options.output.with_suffix(".json").write_text(json.dumps(figures, indent=1) + "\n")
    options.output.with_suffix(".md").write_text(page(figures))
    return 0


def write_clips(digits: Path, folder: Path, count: int, val: int) -> None:
    """`train-ORDER.npz` and `val-ORDER.npz` for each order, and `val-5.npz` and `val-16.npz` of so many stills."""
    train_digits = pictures(digits / "train-images-idx3-ubyte.gz")
    test_digits = pictures(digits / "t10k-images-idx3-ubyte.gz")
    for part, source, number, seed in (("train", train_digits, count, 0), ("val", test_digits, val, 1)):
        for order in ORDERS:
            write(folder / f"{part}-{order}.npz", *moving(source, number, PLACES, order, seed))
    for stills in (5, 16):
        write(folder / f"val-{stills}.npz", *moving(test_digits, val, stills, "in order", 1))


def pictures(path: Path) -> Stills:
    """All digits of an IDX file, `[N, 28, 28]`."""
    source = open_source(path)
    return np.stack([np.asarray(source.image(index)) for index in range(len(source))])


def write(path: Path, clips: Stills, classes: NDArray[np.int64]) -> None:
    np.savez(path, clips=clips, labels=classes)


def moving(digits: Stills, count: int, stills: int, order: str, seed: int) -> tuple[Stills, NDArray[np.int64]]:
    """Clips `[count, stills, 32, 32]` and their classes; the same digits, places and classes for each order."""
    rng = np.random.default_rng(seed)
    other = np.random.default_rng(seed + 2)
    clips = np.zeros((count, stills, SIZE, SIZE), np.uint8)
    classes = np.arange(count) % len(STEPS)
    for index, digit in enumerate(digits[rng.choice(len(digits), count, replace=False)]):
        canvas = np.zeros((SIZE, SIZE), np.uint8)
        canvas[: digit.shape[0], : digit.shape[1]] = digit
        canvas = np.roll(canvas, tuple(rng.integers(SIZE, size=2)), (0, 1))
        places = STEPS[classes[index]] * np.arange(stills) % PLACES
        axis = int(rng.integers(2))
        if order == "one still":
            places = np.repeat(other.choice(places), stills)
        elif order == "shuffled":
            places = other.permutation(places)
        clips[index] = [np.roll(canvas, place * SIZE // PLACES, axis) for place in places]
    return clips, classes


def measured(folder: Path, progress: Progress) -> dict[str, Any]:
    """Train, convert and evaluate all models."""
    figures: dict[str, Any] = {"model": MODEL, "student": STUDENT, "training": TRAINING, "top1": {}, "seconds": {}}
    for order in ORDERS:
        start = time.perf_counter()
        config = {"data": str(folder / f"train-{order}.npz"), "output": folder / f"{order}.safetensors", **TRAINING}
        train(TrainConfig.model_validate({**config, "model": MODEL, "force": True}), progress)
        figures["seconds"][order] = round(time.perf_counter() - start)
        figures["top1"][order] = top1(folder / f"{order}.safetensors", folder / f"val-{order}.npz")
    teacher, fp32, int8 = (folder / f"in order{suffix}" for suffix in (".safetensors", ".onnx", ".int8.onnx"))
    converted(teacher, fp32, int8, folder / "train-in order.npz")
    student = folder / "student.safetensors"
    config = {"teachers": [fp32], "data": str(folder / "train-in order.npz"), "output": student, **TRAINING}
    distill(DistillConfig.model_validate({**config, "student": STUDENT, "force": True}), progress)
    converted(student, folder / "student.onnx", folder / "student.int8.onnx", folder / "train-in order.npz")
    val = folder / "val-in order.npz"
    for name, path in (
        ("INT8", int8),
        ("student", folder / "student.onnx"),
        ("student, INT8", folder / "student.int8.onnx"),
    ):
        figures["top1"][name] = top1(path, val)
    for stills in (5, 16):
        figures["top1"][f"{stills} stills"] = top1(fp32, folder / f"val-{stills}.npz")
    models = [fp32, int8, folder / "student.onnx", folder / "student.int8.onnx"]
    for variant in benchmark(BenchmarkConfig(artifacts=tuple(models), data=str(val)), progress).variants:
        row = reference_latency(variant)
        figures.setdefault("models", {})[variant.name] = {
            "bytes": variant.size_bytes,
            "parameters": variant.parameters,
            "ms": None if row is None or row.undisturbed is None else row.undisturbed.ms,
        }
    return figures


def converted(weights: Path, fp32: Path, int8: Path, data: Path) -> None:
    """Export weights, and make INT8 of them."""
    export(ExportConfig(model=weights, output=fp32, data=str(data), force=True))
    quantize(QuantizeConfig(model=fp32, output=int8, data=str(data), force=True))


def top1(model: Path, data: Path) -> list[float]:
    """The share of clips whose class is right, with its 95 % interval."""
    accuracy = evaluate(EvaluateConfig(artifact=model, data=str(data))).accuracy
    assert accuracy.top1 is not None
    return [accuracy.top1, *accuracy.ci95["top1"]]


def page(figures: dict[str, Any]) -> str:
    """The figures as a Markdown page."""
    top1 = figures["top1"]
    rows = [
        ("clips as they are, 8 stills", top1["in order"]),
        ("one random still of each clip, 8 times", top1["one still"]),
        ("the same stills in random order", top1["shuffled"]),
        ("clips of 5 stills, by the first model", top1["5 stills"]),
        ("clips of 16 stills, by the first model", top1["16 stills"]),
    ]
    models = [
        ("`frames-gru`", "in order", top1["in order"]),
        ("INT8", "in order.int8", top1["INT8"]),
        ("student", "student", top1["student"]),
        ("student, INT8", "student.int8", top1["student, INT8"]),
    ]
    sizes = figures["models"]
    first = sizes["in order"]
    seen = "\n".join(f"| {what} | {share(value)} |" for what, value in rows)
    made = "\n".join(
        f"| {title} | {share(value)} | {sizes[name]['bytes'] / 1000:.0f} kB "
        f"| {sizes[name]['bytes'] / first['bytes']:.3f} | {sizes[name]['ms']:.3f} ms "
        f"| {first['ms'] / sizes[name]['ms']:.2f}× |"
        for title, name, value in models
    )
    seconds = ", ".join(f"{order}: {took} s" for order, took in figures["seconds"].items())
    training = ", ".join(f"{option} {value}" for option, value in figures["training"].items())
    return f"""# Clips: does `frames-gru` read the order of stills?

`benchmarks/clips/moving_mnist.py`, {figures["date"]}. A digit of MNIST visits the same 8 places of a torus in each clip
of 8 stills of 32×32 pixels; the class is the step from still to still (1, 3, 5 or 7 places), so it lies in the order
alone. Chance is 25 %. {figures["clips"]:,} clips are of digits of the training set, {figures["val"]:,} of digits of
the test set; the figures are top-1 on the latter with 95 % intervals. Nothing was chosen by them.

| what the network is trained on, and sees | top-1 |
|---|---|
{seen}

Each training is `{figures["model"]}` ({training}), on one core of a busy machine ({seconds}).

| model | top-1 | file | of the first | a clip, one thread | speed |
|---|---|---|---|---|---|
{made}

Times are of a clip of 8 stills in ONNX Runtime, batch 1, undisturbed (`crnn-deploy benchmark`). The student is
`{figures["student"]}`, distilled from the first model in ONNX.

```sh
OMP_NUM_THREADS=1 python benchmarks/clips/moving_mnist.py DATA/mnist -o benchmarks/results/clips
```
"""


def share(value: list[float]) -> str:
    return f"{100 * value[0]:.2f} % ({100 * value[1]:.2f}–{100 * value[2]:.2f})"


if __name__ == "__main__":
    raise SystemExit(main())
