"""IDX files: the type, the number of axes and their sizes, gzip, and raw bytes."""

from __future__ import annotations

import gzip
import struct
from random import Random

from fuzz.case import Format, Seed
from fuzz.mutation import mutate_bytes, number, packed
from fuzz.small_models import class_model

IMAGES, LABELS = "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"


def seeds() -> list[Seed]:
    images = _idx((3, 16, 20), bytes(range(256)) * 4)
    labels = _idx((3,), bytes((0, 2, 1)))
    found = []
    for ending, pack in (("", bytes), (".gz", gzip.compress)):
        files = {f"set/{IMAGES}{ending}": pack(images), f"set/{LABELS}{ending}": pack(labels), "c.onnx": class_model()}
        commands = {
            "evaluate c.onnx --data set --json": 3,
            f"predict set/{IMAGES}{ending} --model c.onnx --json": 2,
        }
        found += [Seed(files, f"set/{name}{ending}", commands) for name in (IMAGES, IMAGES, LABELS)]
    return found


def _idx(shape: tuple[int, ...], data: bytes) -> bytes:
    count = 1
    for size in shape:
        count *= size
    return struct.pack(f">HBB{len(shape)}I", 0, 8, len(shape), *shape) + data[:count]


def mutate(random: Random, data: bytes) -> bytes:
    if data.startswith(b"\x1f\x8b"):
        if random.random() < 0.3:
            return mutate_bytes(random, data)
        try:
            return gzip.compress(mutate(random, gzip.decompress(data)))
        except (OSError, EOFError, ValueError):
            return mutate_bytes(random, data)
    kind = random.randrange(6)
    if kind == 0:
        return mutate_bytes(random, data)
    if kind == 1:
        return data[:2] + bytes([random.choice((8, 9, 11, 12, 13, 14, 0, 255))]) + data[3:]
    if kind == 2:
        return data[:3] + bytes([random.choice((0, 1, 2, 3, 4, 33, 65, 255))]) + data[4:]
    if kind == 3:
        return data + bytes(number(random) % 1000)
    at = 4 + 4 * random.randrange(3)
    return data[:at] + packed(random, 4, big=True) + data[at + 4 :]


FORMAT = Format("idx", seeds, mutate)
