"""Compare imported Keras models with Keras itself: many networks with random weights, in both kinds of files.

First where Keras is installed (`KERAS_BACKEND=torch`), then where crnn-deploy is:

    python benchmarks/families/keras_parity.py make FOLDER
    python benchmarks/families/keras_parity.py compare FOLDER

The second prints one JSON object: the largest difference of the logits of each model, in either kind of file.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np

LENGTHS = (120, 160)  # of the lines of models that read any width


def make(folder: Path) -> None:
    """Write each model, the images `[N, …]` that it reads and what it makes of them."""
    import keras

    folder.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(0)
    for name, (shape, layers) in models().items():
        model = keras.Sequential([keras.Input(shape), *layers])
        if "functional" in name:
            model = keras.Model(model.inputs, model.outputs)
        model.set_weights([random.normal(0, 0.4, w.shape) ** (2 if "variance" in w.path else 1) for w in model.weights])
        for kind in ("keras", "h5"):
            model.save(folder / f"{name}.{kind}")
        widths = LENGTHS if None in shape else (0,)
        images = [random.random((2, *(size or width for size in shape)), np.float32) for width in widths]
        images = [image * 255 if "raw" in name else image for image in images]
        results = [model.predict(image, verbose=0) for image in images]
        np.savez(folder / f"{name}.npz", **{f"x{n}": x for n, x in enumerate(images)})
        np.savez(folder / f"{name}.out.npz", **{f"y{n}": y for n, y in enumerate(results)})


def models() -> dict:
    """Shapes of images and layers, by what is special about them."""
    from keras import layers as k

    def lstm(units=6, **options):
        return k.Bidirectional(k.LSTM(units, return_sequences=True, **options))

    def gru(units=6, **options):
        return k.Bidirectional(k.GRU(units, return_sequences=True, **options))

    def stem(**options):
        return [k.Conv2D(8, 3, padding="same", activation="relu", **options), k.MaxPooling2D(2)]

    return {
        "width-first": ((60, 20, 1), [*stem(), k.Reshape((30, 80)), k.Dense(12, "relu"), lstm(), k.Dense(9)]),
        "width-first-functional": ((60, 20, 1), [k.Conv2D(4, (5, 3)), k.Reshape((56, 72)), lstm(), k.Dense(9)]),
        "rows": ((28, 28, 1), [*stem(), k.Reshape((14, 112)), k.LSTM(8, return_sequences=True), k.LSTM(8), k.Dense(9)]),
        "permuted": ((20, 60, 1), [*stem(), k.Permute((2, 1, 3)), k.Reshape((30, 80)), gru(), k.Dense(9)]),
        "permuted-channels": ((20, 60, 1), [*stem(), k.Permute((2, 3, 1)), k.Reshape((30, 80)), gru(), k.Dense(9)]),
        "time-distributed": (
            (20, 60, 3),
            [*stem(), k.Permute((2, 1, 3)), k.TimeDistributed(k.Flatten()), lstm(), k.TimeDistributed(k.Dense(9))],
        ),
        "any-width-functional": (
            (16, None, 1),
            [
                k.Conv2D(8, 4, strides=2, padding="same", activation="relu"),
                k.MaxPooling2D((2, 2), padding="same"),
                k.Conv2D(8, 3, padding="same"),
                k.BatchNormalization(),
                k.ReLU(),
                k.MaxPooling2D((4, 1)),
                k.Permute((2, 1, 3)),
                k.Reshape((-1, 8)),
                lstm(),
                k.Dense(9),
            ],
        ),
        "same-odd": (
            (31, 63, 1),
            [
                k.Conv2D(8, 4, strides=(2, 3), padding="same", activation="tanh"),
                k.MaxPooling2D((2, 2), strides=(2, 1), padding="same"),
                k.AveragePooling2D((1, 3), strides=(1, 2), padding="same"),  # even: backends of Keras differ elsewhere
                k.Permute((2, 1, 3)),
                k.TimeDistributed(k.Flatten()),
                lstm(),
                k.Dense(9),
            ],
        ),
        "dilated": (
            (20, 60, 1),
            [
                k.Conv2D(8, (3, 5), dilation_rate=(1, 2), padding="same", use_bias=False),
                k.LeakyReLU(0.1),
                k.DepthwiseConv2D((5, 3), depth_multiplier=2, padding="same"),
                k.Dense(6, "elu"),
                k.Conv2D(8, 3, groups=2, strides=(1, 2)),
                k.Permute((2, 1, 3)),
                k.TimeDistributed(k.Flatten()),
                lstm(use_bias=False),
                k.LayerNormalization(),
                k.Dense(9, use_bias=False),
            ],
        ),
        "raw-pixels": ((60, 20, 1), [k.Rescaling(1 / 127.5, -1), *stem(), k.Reshape((30, 80)), lstm(), k.Dense(9)]),
        "gru-before": ((60, 20, 1), [*stem(), k.Reshape((30, 80)), gru(reset_after=False), k.Dense(9)]),
        "gru-after-relu": ((60, 20, 1), [*stem(), k.Reshape((30, 80)), gru(activation="relu"), k.Dense(9)]),
        "lstm-relu": ((60, 20, 1), [*stem(), k.Reshape((30, 80)), lstm(activation="relu"), k.Dense(9)]),
        "hard-gates": (
            (60, 20, 1),
            [*stem(), k.Reshape((30, 80)), gru(recurrent_activation="hard_sigmoid"), lstm(), k.Dense(9)],
        ),
        "sum": (
            (60, 20, 1),
            [
                *stem(),
                k.Reshape((30, 80)),
                k.Bidirectional(k.LSTM(6, return_sequences=True), merge_mode="sum"),
                k.BatchNormalization(scale=False),
                k.Bidirectional(k.GRU(6, return_sequences=True), merge_mode="ave"),
                k.Dense(9),
            ],
        ),
        "last-states": ((28, 28, 1), [*stem(), k.Reshape((14, 112)), k.Bidirectional(k.GRU(8)), k.Dense(9)]),
        "backwards": ((28, 28, 1), [*stem(), k.Reshape((14, 112)), k.LSTM(8, go_backwards=True), k.Dense(9)]),
        "mean": ((28, 28, 1), [*stem(), k.Reshape((14, 112)), lstm(), k.GlobalAveragePooling1D(), k.Dense(9)]),
        "pixels": ((28, 12, 1), [*stem(), k.Reshape((84, 8)), k.LSTM(8), k.Dense(9)]),
    }


def compare(folder: Path) -> dict:
    """Largest differences by model and kind of file."""
    import torch

    from crnn_deploy.checkpoints.pytorch.network import load_detected

    spec = folder / "spec.yaml"
    spec.write_text('charset: "abcdefgh"\nblank: 8\n', encoding="utf-8")
    result: dict = {}
    for path in sorted(folder.glob("*.keras")) + sorted(folder.glob("*.h5")):
        detected = load_detected(path, spec_file=spec)
        p = detected.spec.preprocessing
        scale = 255 if "raw" in path.stem else 1
        stored, expected = np.load(path.with_suffix(".npz")), np.load(path.with_suffix(".out.npz"))
        worst = 0.0
        for number in range(len(stored.files)):
            x = torch.from_numpy(stored[f"x{number}"]).permute(0, 3, 1, 2)
            x = x if x.shape[2] == p.height else x.transpose(2, 3)
            normalised = (x / scale - p.mean[0]) / p.std[0]
            with torch.inference_mode():
                logits = detected.model(normalised).numpy()
            worst = max(worst, float(np.abs(logits - expected[f"y{number}"]).max()))
        result.setdefault(path.stem, {})[path.suffix[1:]] = worst
    return result


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("make", "compare"))
    parser.add_argument("folder", type=Path)
    options = parser.parse_args()
    if options.what == "make":
        make(options.folder)
    else:
        print(json.dumps(compare(options.folder), indent=1))
