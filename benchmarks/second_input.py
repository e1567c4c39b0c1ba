"""What a vector beside the picture is worth where neither is enough alone, and what INT8 makes of such a network.

Each MNIST picture gets a random number from 0 to 9, which stands beside it as a vector of ten numbers (one of them is
1). Its class is the last digit of the sum of both, so that picture and number each tell nothing of it alone. The same
small network is trained on the pictures with and without the vector. The first is exported, quantized to INT8, and
tested as it is, with the vectors of other pictures, and with blank pictures.

    python benchmarks/second_input.py train-images-idx3-ubyte.gz t10k-images-idx3-ubyte.gz --work FOLDER
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.console import Console

from crnn_deploy.artifact import Artifact
from crnn_deploy.cli.console import RichProgress
from crnn_deploy.data.sources.base import Source
from crnn_deploy.data.sources.opening import open_source
from crnn_deploy.data.sources.subset import sample
from crnn_deploy.evaluation.config import EvaluateConfig
from crnn_deploy.evaluation.evaluate import evaluate
from crnn_deploy.export.config import ExportConfig
from crnn_deploy.export.export import export
from crnn_deploy.progress import Progress
from crnn_deploy.quantization.config import QuantizeConfig
from crnn_deploy.quantization.quantize import quantize
from crnn_deploy.training.train import train
from crnn_deploy.training.train_config import TrainConfig
from crnn_deploy.units import interval, percent, size

NAMES = [f"is_{number}" for number in range(10)]
MODEL = "cnn-gru:channels=16,hidden=64,layers=1"
TEST, WRONG, BLANK = "test.npz", "test-wrong-vectors.npz", "test-blank-pictures.npz"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("train", help="MNIST's training images")
    parser.add_argument("test", help="its test images")
    parser.add_argument("--work", type=Path, required=True, help="an empty folder for data and models")
    parser.add_argument("--pictures", type=int, default=8000, help="of training; a tenth more for validation")
    parser.add_argument("--test-pictures", type=int, default=2000)
    parser.add_argument("--epochs", type=int, default=16)
    options = parser.parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    draw(options.work, open_source(options.train), open_source(options.test), options.pictures, options.test_pictures)
    with RichProgress() as progress:
        rows = measure(options.work, options.epochs, progress)
    Console(width=200).print("\n".join(rows), markup=False, highlight=False)
    return 0


def draw(work: Path, training: Source, testing: Source, count: int, test_count: int) -> None:
    """Write the data sets; no picture is in two of them."""
    rng = np.random.default_rng(0)
    drawn = sample(training, count + count // 10, seed=0)
    pictures, digits = arrays(drawn)
    order = rng.permutation(len(drawn))
    numbers = rng.integers(0, 10, len(drawn))
    for name, part in (("train.npz", order[:count]), ("val.npz", order[count:])):
        save(work / name, pictures[part], digits[part], numbers[part])
    pictures, digits = arrays(sample(testing, test_count, seed=0))
    numbers = rng.integers(0, 10, len(digits))
    save(work / TEST, pictures, digits, numbers)
    save(work / WRONG, pictures, digits, numbers, rng.permutation(numbers))
    save(work / BLANK, np.zeros_like(pictures), digits, numbers)


def arrays(source: Source) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """All pictures `[N, 28, 28]` and their digits `[N]`."""
    pictures = np.stack([np.asarray(source.image(index)) for index in range(len(source))])
    return pictures, np.array([source.class_index(index) for index in range(len(source))])


def save(
    path: Path,
    pictures: NDArray[np.uint8],
    digits: NDArray[np.int64],
    numbers: NDArray[np.int64],
    shown: NDArray[np.int64] | None = None,
) -> None:
    """Pictures with the class that their numbers make of them; `shown` stands beside them in place of `numbers`."""
    vectors = np.eye(10)[numbers if shown is None else shown]
    np.savez_compressed(path, x=pictures, y=(digits + numbers) % 10, vectors=vectors, vector_names=NAMES)


def measure(work: Path, epochs: int, progress: Progress) -> list[str]:
    """The rows of the table."""

    def trained(name: str, *vector: str) -> Artifact:
        places = {"data": str(work / "train.npz"), "validation": str(work / "val.npz"), "output": work / name}
        how = {"epochs": epochs, "batch_size": 64, "augmentation": 0, "learning_rate": 4e-3}
        return train(TrainConfig.model_validate({**places, **how, "model": MODEL, "vector": vector}), progress)

    alone, both = trained("alone.safetensors"), trained("both.safetensors", "all")
    onnx = export(ExportConfig(model=both.path, output=work / "both.onnx", data=str(work / TEST)))
    options = {"model": onnx.path, "data": str(work / "train.npz"), "output": work / "both.int8.onnx", "threads": 1}
    int8 = quantize(QuantizeConfig.model_validate(options), progress)
    tested = [
        ("picture alone", alone, TEST),
        ("picture and vector", both, TEST),
        ("the same as ONNX", onnx, TEST),
        ("the same in INT8", int8.artifact, TEST),
        ("INT8, vectors of other pictures", int8.artifact, WRONG),
        ("INT8, blank pictures", int8.artifact, BLANK),
    ]
    rows = ["| network | top-1 | size |", "| --- | --: | --: |"]
    for title, artifact, data in tested:
        accuracy = evaluate(EvaluateConfig(artifact=artifact.path, data=str(work / data), threads=1)).accuracy
        assert accuracy.top1 is not None
        figure = f"{percent(accuracy.top1)} ({interval(accuracy.ci95['top1'])})"
        rows.append(f"| {title} | {figure} | {size(artifact.size_bytes)} |")
    speed = int8.record.speed[-1]
    kept = [layer.layer for layer in int8.record.layers if layer.precision == "fp32"]
    faster = speed.parent_ms / speed.candidate_ms
    rows += ["", f"INT8 is {faster:.2f}× as fast ({speed.plan}); layers in FP32: {', '.join(kept) or 'none'}."]
    return rows


if __name__ == "__main__":
    raise SystemExit(main())
