"""Write Keras's captcha reader to ONNX with its recurrent layers as loops and step by step.

Run it with the TensorFlow backend, where tf2onnx is installed; crnn-deploy need not be there:

    python benchmarks/families/keras_onnx.py OUT_FOLDER/captcha.h5 DATA_FOLDER OUT_FOLDER

`captcha.h5` and DATA_FOLDER are those of `keras_models.py`. Written are `unrolled.onnx`, with the LSTMs of
`captcha.h5` step by step; `loops.onnx`, with GRUs that are trained here, as tf2onnx writes them; and what Keras
itself reads with them in the validation images.
"""

from __future__ import annotations

import argparse
import json
import tarfile
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf
import tf2onnx
from keras import layers
from keras_models import BATCH, BLANK, CHARACTERS, UNKNOWN, aligned, captchas, text_of

_OPSET = 17


def reader(recurrent: type[layers.Layer], **options: object) -> keras.Model:
    """Images `[N, 200, 50, 1]`, width first → probabilities `[N, 50, 21]`, as Keras's example has them."""
    images = x = layers.Input((200, 50, 1), name="image")
    for filters in (32, 64):
        x = layers.Conv2D(filters, 3, activation="relu", padding="same")(x)
        x = layers.MaxPooling2D((2, 2))(x)
    x = layers.Reshape((50, 12 * 64))(x)
    x = layers.Dense(64, activation="relu")(x)
    for units in (128, 64):
        x = layers.Bidirectional(recurrent(units, return_sequences=True, **options))(x)
    return keras.Model(images, layers.Dense(BLANK + 1, activation="softmax")(x))


def trained(data: Path, epochs: int) -> keras.Model:
    """A reader with GRUs, trained on frames whose characters are known from where the ink is."""
    model = reader(layers.GRU)
    images, texts = captchas(data / "captcha_v2" / "train.tar")
    labels = np.array([[CHARACTERS.index(letter) + UNKNOWN for letter in text] for text in texts], np.int32)
    schedule = keras.optimizers.schedules.CosineDecay(3e-3, epochs * -(-len(images) // BATCH))
    model.compile(optimizer=keras.optimizers.Adam(schedule), loss="sparse_categorical_crossentropy")
    model.fit(images, aligned(images, labels), batch_size=BATCH, epochs=epochs, verbose=2)
    return model


def write(model: keras.Model, data: Path, path: Path) -> None:
    """The ONNX file, and what Keras reads beside it."""
    call = tf.function(lambda image: model(image, training=False))
    inputs = [tf.TensorSpec((None, 200, 50, 1), tf.float32, name="image")]
    tf2onnx.convert.from_function(call, inputs, opset=_OPSET, output_path=str(path))
    tar = data / "captcha_v2" / "val.tar"
    with tarfile.open(tar) as archive:
        names = archive.extractfile("labels.tsv").read().decode().split()[::2]
    texts = map(text_of, model.predict(captchas(tar)[0], verbose=0))
    path.with_suffix(".json").write_text(json.dumps(dict(zip(names, texts, strict=True))))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("data", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--epochs", type=int, default=30)
    arguments = parser.parse_args()
    keras.utils.set_random_seed(0)
    unrolled = reader(layers.LSTM, unroll=True)
    unrolled.set_weights(keras.models.load_model(arguments.checkpoint, compile=False).get_weights())
    write(unrolled, arguments.data, arguments.out / "unrolled.onnx")
    write(trained(arguments.data, arguments.epochs), arguments.data, arguments.out / "loops.onnx")
