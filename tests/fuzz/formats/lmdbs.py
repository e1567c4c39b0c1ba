"""LMDB databases: fields of the meta pages and of page headers, truncation, counts, and raw bytes."""

from __future__ import annotations

import tempfile
from pathlib import Path
from random import Random

import lmdb
from fuzz.case import Format, Seed
from fuzz.mutation import mutate_bytes, number, packed, text
from fuzz.small_models import line_model, pictures

PAGE = 4096
# Place and width of the fields of a meta page: page number, flags, magic, version, map size, both trees, last page, id.
META = (
    (0, 8), (10, 2), (12, 4), (16, 4), (20, 4), (32, 8), (40, 4), (44, 2), (46, 2), (48, 8), (56, 8), (72, 8), (80, 8),
    (88, 4), (92, 2), (94, 2), (96, 8), (104, 8), (112, 8), (120, 8), (128, 8), (136, 8), (144, 8),
)  # fmt: skip
# Of another page: its number, flags, the bounds of its free space or the number of overflow pages, the first entries.
HEADER = ((0, 8), (10, 2), (12, 2), (14, 2), (12, 4), (16, 2), (18, 2), (20, 2))


def seeds() -> list[Seed]:
    commands = {"evaluate m.onnx --data set --json": 3, "predict set --model m.onnx --json": 2, "inspect set": 1}
    model = {"m.onnx": line_model()}
    return [
        Seed({"set/data.mdb": database(samples()), **model}, "set/data.mdb", commands),
        Seed({"set/data.mdb": database(samples(labels=False)), **model}, "set/data.mdb", commands),
    ]


def samples(labels: bool = True) -> dict[bytes, bytes]:
    """Three samples in the layout that readers expect."""
    entries = {b"num-samples": b"3"}
    for index, picture in enumerate(pictures(), 1):
        entries[b"image-%09d" % index] = picture
        if labels:
            entries[b"label-%09d" % index] = b"abc"
    return entries


def database(entries: dict[bytes, bytes]) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        environment = lmdb.open(folder, map_size=4 << 20)
        with environment.begin(write=True) as writing:
            for key, data in entries.items():
                writing.put(key, data)
        environment.close()
        return (Path(folder) / "data.mdb").read_bytes()


def mutate(random: Random, data: bytes) -> bytes:
    kind, pages = random.randrange(10), len(data) // PAGE
    if kind == 0 or pages < 3:
        return mutate_bytes(random, data)
    if kind == 1:
        return data[: PAGE * random.randrange(pages + 1)] + bytes(random.choice((0, 0, 100)))
    if kind <= 3:
        return database(_other_entries(random))
    page = PAGE * (random.randrange(2) if kind <= 6 else random.randrange(2, pages))
    place, width = random.choice(META if page < 2 * PAGE else HEADER)
    new = packed(random, width)
    changed = data[: page + place] + new + data[page + place + width :]
    if page < 2 * PAGE and random.random() < 0.5:  # both meta pages, since the newer one counts
        other = PAGE - page
        changed = changed[: other + place] + new + changed[other + place + width :]
    return changed


def _other_entries(random: Random) -> dict[bytes, bytes]:
    entries = samples(random.random() < 0.7)
    key = random.choice([*entries])
    kind = random.randrange(4)
    if kind == 0:
        del entries[key]
    elif kind == 1:
        entries[key] = mutate_bytes(random, entries[key])
    elif kind == 2:
        entries[b"num-samples"] = random.choice((b"%d" % number(random), text(random).encode("utf-8", "replace")))
    else:
        name = random.choice([name for name in entries if name != b"num-samples"])
        entries[name] = text(random).encode("utf-8", "replace") or b"\xff"
    return entries


FORMAT = Format("lmdb", seeds, mutate)
