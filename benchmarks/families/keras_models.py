"""Train the two Keras models that people have, and read images with them: what imports are compared with.

Run it where Keras is installed, with `KERAS_BACKEND=torch`; crnn-deploy need not be there:

    python benchmarks/families/keras_models.py captcha DATA_FOLDER OUT_FOLDER --epochs 30
    python benchmarks/families/keras_models.py mnist DATA_FOLDER OUT_FOLDER --epochs 1
    python benchmarks/families/keras_models.py read OUT_FOLDER/captcha.keras DATA_FOLDER > captcha.json

DATA_FOLDER holds `captcha_v2/{train,val}.tar` and MNIST's IDX files in `mnist`. The networks are those of Keras's
example "OCR model for reading Captchas" and of a CRNN classifier: convolutions of 32 and 64 channels, two LSTMs of 128.
"""

from __future__ import annotations

import argparse
import gzip
import io
import json
import tarfile
from pathlib import Path

import keras
import numpy as np
from keras import layers
from PIL import Image

CHARACTERS = "2345678bcdefgmnpwxy"
UNKNOWN = 1  # class 0 is "[UNK]" of StringLookup
BLANK = len(CHARACTERS) + UNKNOWN
BATCH = 32
LENGTH = 5  # characters of each captcha


@keras.saving.register_keras_serializable(package="captcha")
class CTCLayer(layers.Layer):
    """Adds the CTC loss to the model and passes the prediction on, as in the example."""

    def call(self, labels, prediction):
        """labels `[N, L]`, prediction `[N, T, K]` (probabilities) → prediction."""
        count, frames = prediction.shape[0], prediction.shape[1]
        lengths = [keras.ops.full((count,), n, dtype="int32") for n in (LENGTH, frames)]
        scores = keras.ops.log(prediction + 1e-7)
        losses = keras.ops.ctc_loss(labels, scores, *lengths, mask_index=BLANK)
        self.add_loss(keras.ops.mean(losses))
        return prediction


def with_fast_lstm() -> None:
    """Let Keras compute LSTMs by PyTorch's own, for training: on a CPU it runs them frame by frame, far slower."""
    from keras.src.backend.torch import rnn

    def whole(x, h, c, kernel, recurrent, bias, _activation, _gate, return_sequences, _batch_first):
        return rnn._cudnn_lstm(x, h, c, kernel, recurrent, bias, return_sequences, x.device)

    rnn._fallback_lstm = whole


def captcha_model() -> keras.Model:
    """Images `[N, 200, 50, 1]`, width first, and labels → probabilities `[N, 50, 21]`."""
    images = layers.Input((200, 50, 1), name="image")
    labels = layers.Input((LENGTH,), name="label", dtype="int32")
    x = images
    for number, filters in enumerate((32, 64), 1):
        x = layers.Conv2D(filters, 3, activation="relu", padding="same", kernel_initializer="he_normal")(x)
        x = layers.MaxPooling2D((2, 2), name=f"pool{number}")(x)
    x = layers.Reshape((50, 12 * 64), name="reshape")(x)
    x = layers.Dropout(0.2)(layers.Dense(64, activation="relu", name="dense1")(x))
    for units in (128, 64):
        x = layers.Bidirectional(layers.LSTM(units, return_sequences=True, dropout=0.25))(x)
    x = layers.Dense(BLANK + 1, activation="softmax", name="dense2")(x)
    return keras.Model([images, labels], CTCLayer(name="ctc_loss")(labels, x), name="ocr_model_v1")


def mnist_model() -> keras.Model:
    """Images `[N, 28, 28, 1]` → probabilities `[N, 10]`; the rows of the features are the frames."""
    stack = [keras.Input((28, 28, 1))]
    for filters in (32, 64):
        stack += [layers.Conv2D(filters, 3, padding="same", activation="relu"), layers.MaxPooling2D(2)]
    stack += [layers.Reshape((7, 7 * 64)), layers.LSTM(128, return_sequences=True), layers.LSTM(128)]
    return keras.Sequential([*stack, layers.Dropout(0.2), layers.Dense(10, activation="softmax")])


def captchas(tar: Path) -> tuple[np.ndarray, list[str]]:
    """Images `[N, 200, 50, 1]` from 0 to 1, width first, and their texts, in the order of `labels.tsv`."""
    with tarfile.open(tar) as archive:
        rows = archive.extractfile("labels.tsv").read().decode().split()
        pictures = [Image.open(io.BytesIO(archive.extractfile(name).read())).convert("L") for name in rows[::2]]
    images = np.stack([np.asarray(picture, np.float32) / 255 for picture in pictures])
    return images.transpose(0, 2, 1)[..., None], rows[1::2]


def digits(folder: Path, part: str) -> tuple[np.ndarray, np.ndarray]:
    """Images `[N, 28, 28, 1]` from 0 to 1 and their classes."""
    pixels = gzip.decompress((folder / f"{part}-images-idx3-ubyte.gz").read_bytes())[16:]
    classes = gzip.decompress((folder / f"{part}-labels-idx1-ubyte.gz").read_bytes())[8:]
    images = np.frombuffer(pixels, np.uint8).reshape(-1, 28, 28, 1).astype(np.float32) / 255
    return images, np.frombuffer(classes, np.uint8).astype(np.int32)


def train_captcha(data: Path, out: Path, epochs: int) -> None:
    """Write `captcha.keras`, the training model with its CTC layer, and `captcha.h5`, the prediction model.

    CTC alone learns nothing for its first thousand steps, so most epochs are on frames whose characters are known from
    where the ink is; the last fifth is CTC.
    """
    images, texts = captchas(data / "captcha_v2" / "train.tar")
    labels = np.array([[CHARACTERS.index(letter) + UNKNOWN for letter in text] for text in texts], np.int32)
    held = captchas(data / "captcha_v2" / "val.tar")
    model = captcha_model()
    reader = keras.Model(model.get_layer("image").output, model.get_layer("dense2").output)
    last = epochs // 5
    steps = (epochs - last) * -(-len(images) // BATCH)
    schedule = keras.optimizers.schedules.CosineDecay(3e-3, steps, alpha=0.1)
    report = keras.callbacks.LambdaCallback(
        on_epoch_end=lambda epoch, _: (epoch % 4 == 3) and save(model, reader, out, *held, epoch + 1)
    )
    reader.compile(optimizer=keras.optimizers.Adam(schedule), loss="sparse_categorical_crossentropy")
    how = {"batch_size": BATCH, "verbose": 2, "callbacks": [report]}
    reader.fit(images, aligned(images, labels), epochs=epochs - last, **how)
    model.compile(optimizer=keras.optimizers.Adam(3e-4, clipnorm=5.0))
    model.fit([images, labels], None, epochs=last, **how)
    save(model, reader, out, *held, epochs)


def aligned(images: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """The class of each frame `[N, 50]`: that of a character in the three frames around its middle, else the blank.

    The characters of a captcha stand side by side from its first to its last dark column.
    """
    frames = np.full((len(images), 50), BLANK, np.int32)
    for line, image, text in zip(frames, images, labels, strict=True):
        dark = np.flatnonzero((image[:, :, 0] < 0.35).sum(1) > 4)
        for number, label in enumerate(text):
            middle = round((dark[0] + (dark[-1] - dark[0]) * (number + 0.5) / LENGTH) / 4)
            line[middle - 1 : middle + 2] = label
    return frames


def save(model: keras.Model, reader: keras.Model, out: Path, held: np.ndarray, texts: list[str], epoch: int) -> None:
    model.save(out / "captcha.keras")
    reader.save(out / "captcha.h5")
    read = [text_of(row) for row in reader.predict(held, verbose=0)]
    right = sum(a == b for a, b in zip(read, texts, strict=True))
    print(f"epoch {epoch}: {right} of {len(texts)} lines right; {read[:4]} for {texts[:4]}", flush=True)


def train_mnist(data: Path, out: Path, epochs: int) -> None:
    """Write `mnist.keras` and `mnist.h5`."""
    model = mnist_model()
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    held = digits(data / "mnist", "t10k")
    model.fit(*digits(data / "mnist", "train"), batch_size=128, epochs=epochs, verbose=2, validation_data=held)
    model.save(out / "mnist.keras")
    model.save(out / "mnist.h5")


def text_of(probabilities: np.ndarray) -> str:
    """Greedy text of one line `[T, K]`."""
    classes = probabilities.argmax(-1)
    kept = [k for k, before in zip(classes, [-1, *classes[:-1]], strict=True) if k not in (before, BLANK)]
    return "".join(["[UNK]", *CHARACTERS][k] for k in kept)


def read(model_file: Path, data: Path) -> None:
    """Print what a model reads in the validation images: image by image, with the highest probability."""
    model = keras.models.load_model(model_file, compile=False)
    if "captcha" in model_file.stem:
        images, truth = captchas(data / "captcha_v2" / "val.tar")
        if len(model.inputs) > 1:
            model = keras.Model(model.inputs[0], model.get_layer("dense2").output)
        out = model.predict(images, verbose=0)
        texts = [text_of(row) for row in out]
    else:
        images, classes = digits(data / "mnist", "t10k")
        out, truth = model.predict(images, verbose=0), classes.tolist()
        texts = out.argmax(-1).tolist()
    right = sum(a == b for a, b in zip(texts, truth, strict=True))
    sums = out.max(-1).reshape(len(out), -1).mean(1).tolist()
    print(json.dumps({"images": len(texts), "right": right, "read": texts, "truth": truth, "confidence": sums}))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("captcha", "mnist", "read"))
    parser.add_argument("first", type=Path)
    parser.add_argument("second", type=Path)
    parser.add_argument("--epochs", type=int, default=60)
    options = parser.parse_args()
    keras.utils.set_random_seed(0)
    if options.what == "read":
        read(options.first, options.second)
    else:
        with_fast_lstm()
        train = {"captcha": train_captcha, "mnist": train_mnist}[options.what]
        train(options.first, options.second, options.epochs)
