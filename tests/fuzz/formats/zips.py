"""Zip archives: fields of the directory and of the headers, order and number of the members, and raw bytes."""

from __future__ import annotations

import io
import zipfile
from random import Random

from fuzz.case import Format, Seed
from fuzz.mutation import mutate_bytes, number
from fuzz.small_models import labelled_folder, line_model

ENTRY, HEADER, END = b"PK\x01\x02", b"PK\x03\x04", b"PK\x05\x06"
# Place and size of the numbers after the signature of an entry, of a header, and of the end of the directory.
FIELDS = {
    ENTRY: ((4, 2), (6, 2), (8, 2), (10, 2), (16, 4), (20, 4), (24, 4), (28, 2), (30, 2), (32, 2), (38, 4), (42, 4)),
    HEADER: ((6, 2), (8, 2), (14, 4), (18, 4), (22, 4), (26, 2), (28, 2)),
    END: ((4, 2), (8, 2), (10, 2), (12, 4), (16, 4), (20, 2)),
}


def seeds() -> list[Seed]:
    files = {name.removeprefix("set/"): data for name, data in labelled_folder().items()}
    images = {name: data for name, data in files.items() if name.endswith(".png")}
    commands = {
        "evaluate m.onnx --data set.zip --json": 3,
        "predict set.zip --model m.onnx --json": 3,
        "inspect set.zip": 1,
    }
    return [
        Seed({"set.zip": _archive(files, zipfile.ZIP_DEFLATED), "m.onnx": line_model()}, "set.zip", commands),
        Seed({"set.zip": _archive(images, zipfile.ZIP_STORED), "m.onnx": line_model()}, "set.zip", commands),
    ]


def _archive(files: dict[str, bytes], method: int) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, data in files.items():
            archive.writestr(zipfile.ZipInfo(name), data, method)
    return buffer.getvalue()


def mutate(random: Random, data: bytes) -> bytes:
    kind = random.randrange(10)
    if kind == 0:
        return mutate_bytes(random, data)
    if kind == 1:
        return data[: random.randrange(len(data) + 1)]
    signature = random.choice((ENTRY, ENTRY, HEADER, END))
    places = [at for at in range(len(data)) if data.startswith(signature, at)]
    if not places:
        return mutate_bytes(random, data)
    at = random.choice(places)
    place, size = random.choice(FIELDS[signature])
    new = (number(random) % 256**size).to_bytes(size, "little")
    return data[: at + place] + new + data[at + place + size :]


FORMAT = Format("zip", seeds, mutate)
