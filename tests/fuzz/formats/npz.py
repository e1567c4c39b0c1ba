"""NPZ files: entries of the ZIP, headers of the arrays, shapes and types, and raw bytes."""

from __future__ import annotations

import io
import zipfile
from random import Random

import numpy as np
from fuzz.case import Format, Seed
from fuzz.mutation import INTEGERS, mutate_bytes, mutate_zip, number, text
from fuzz.small_models import class_model

TYPES = ("u1", "i1", "u2", "i4", "i8", "u8", "f2", "f4", "f8", "c8", "?", "S3", "U2", "M8[s]", "V4", "O")
SHAPES = ((), (0,), (3,), (3, 16), (3, 16, 20), (3, 16, 20, 1), (3, 16, 20, 3), (3, 0, 20), (1, 1, 1), (3, 16, 20, 4))
NAMES = ("x.npy", "y.npy", "images.npy", "labels.npy", "X.npy", "arr_0.npy", "x", "../x.npy")


def seeds() -> list[Seed]:
    random = np.random.default_rng(0)
    images = random.integers(0, 256, (3, 16, 20), np.uint8)
    commands = {
        "evaluate c.onnx --data set.npz --json": 3,
        "predict set.npz --model c.onnx --json": 2,
        "inspect set.npz": 1,
    }
    buffer = io.BytesIO()
    np.savez(buffer, x=images, y=np.array([0, 2, 1]))
    model = {"c.onnx": class_model()}
    return [
        Seed({"set.npz": buffer.getvalue(), **model}, "set.npz", commands),
        Seed({"set.npz": buffer.getvalue(), "classes.txt": b"0\n1\n2\n", **model}, "set.npz", commands),
        Seed({"set.npz": buffer.getvalue(), "classes.txt": b"0\n1\n2\n", **model}, "classes.txt", commands),
    ]


def mutate(random: Random, data: bytes) -> bytes:
    if not data.startswith(b"PK"):
        return data + text(random).encode("utf-8", "replace") if random.random() < 0.5 else mutate_bytes(random, data)
    kind = random.randrange(8)
    if kind == 0:
        return random.choice((mutate_bytes, mutate_zip))(random, data)
    entries = {"x.npy": _array(random, (3, 16, 20), "u1"), "y.npy": _array(random, (3,), "i8")}
    if kind <= 2:
        return _zipped({name: _mutate_array(random, content) for name, content in entries.items()})
    name = random.choice(("x.npy", "y.npy"))
    if kind <= 4:
        entries[name] = _array(random, random.choice(SHAPES), random.choice(TYPES))
    elif kind == 5:
        entries[random.choice(NAMES)] = entries.pop(name)
    elif kind == 6:
        entries["y.npy"] = _saved(np.array([0, number(random) % 2**63, 1]))
    else:
        entries[name] = _claiming(random)
    return _zipped(entries)


def _array(random: Random, shape: tuple[int, ...], kind: str) -> bytes:
    values = np.array([random.randrange(3) for _ in range(int(np.prod(shape)))])
    try:
        return _saved(values.astype(kind).reshape(shape))
    except (TypeError, ValueError):
        return _saved(values)


def _saved(array: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=True)
    return buffer.getvalue()


def _claiming(random: Random) -> bytes:
    """An array whose header claims some shape and type, with few bytes after it."""
    shape = tuple(random.choice(INTEGERS) for _ in range(random.randrange(5)))
    kind = random.choice((*TYPES, ">u1", "<u1", "|u1", "", "u1,u1", "(3,)u1"))
    header = repr({"descr": kind, "fortran_order": random.random() < 0.5, "shape": shape}).encode() + b"\n"
    return b"\x93NUMPY\x01\0" + len(header).to_bytes(2, "little") + header + bytes(random.randrange(2000))


def _mutate_array(random: Random, content: bytes) -> bytes:
    header = content[:128]
    return mutate_bytes(random, header) + content[128:] if random.random() < 0.8 else mutate_bytes(random, content)


def _zipped(entries: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return buffer.getvalue()


FORMAT = Format("npz", seeds, mutate)
