"""Keras's `.keras` and `.h5` files: the config, entries of the ZIP, and raw bytes, of the HDF5 file too."""

from __future__ import annotations

import io
import json
import tempfile
import zipfile
from pathlib import Path
from random import Random

import keras_files
import numpy as np
from fuzz.case import Format, Seed
from fuzz.mutation import mutate_bytes, mutate_tree, mutate_zip

ONES = [np.ones(shape, np.float32) for shape in ((4, 12), (3, 12), (12,), (3, 4), (4,))]
LAYERS = (
    keras_files.image(8, 4, 1),
    keras_files.Stored("Reshape", "rows", {"target_shape": [8, 4]}),
    keras_files.Stored("LSTM", "lstm", {"units": 3, "return_sequences": True}, ONES[:3]),
    keras_files.Stored("Dense", "out", {"activation": "softmax"}, ONES[3:]),
)
SPEC = b"charset: abc\n"


def seeds() -> list[Seed]:
    return [_seed("m.keras"), _seed("m.h5")]


def _seed(name: str) -> Seed:
    commands = {f"import {name} --spec s.yaml -o out.safetensors": 1}
    with tempfile.TemporaryDirectory() as folder:
        content = keras_files.write(Path(folder) / name, LAYERS).read_bytes()
    return Seed({name: content, "s.yaml": SPEC}, name, commands)


def mutate(random: Random, data: bytes) -> bytes:
    if not zipfile.is_zipfile(io.BytesIO(data)) or random.random() < 0.2:
        return mutate_bytes(random, data)
    if random.random() < 0.2:
        return mutate_zip(random, data)
    changed = io.BytesIO()
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive, zipfile.ZipFile(changed, "w") as copy:
            for name in archive.namelist():
                copy.writestr(name, _entry(random, name, archive.read(name)))
    except (zipfile.BadZipFile, OSError, ValueError, EOFError, NotImplementedError, RuntimeError):
        return mutate_bytes(random, data)
    return changed.getvalue()


def _entry(random: Random, name: str, content: bytes) -> bytes:
    try:
        if name.endswith(".json"):
            return json.dumps(mutate_tree(random, json.loads(content))).encode("utf-8", "surrogatepass")
    except (ValueError, RecursionError):
        return mutate_bytes(random, content)
    return mutate_bytes(random, content) if random.random() < 0.3 else content


FORMAT = Format("keras", seeds, mutate)
