"""Safetensors files: the length and the JSON of the header, offsets, types, the spec, and raw bytes."""

from __future__ import annotations

import json
import struct
from random import Random

from fuzz.case import Format, Seed
from fuzz.mutation import mutate_bytes, mutate_tree, number, packed
from fuzz.small_models import labelled_folder, weights

from crnn_deploy.artifact import SPEC_KEY

COMMANDS = {
    "inspect m.safetensors": 4,
    "inspect m.safetensors --json": 2,
    "predict set/images --model m.safetensors": 2,
    "evaluate m.safetensors --data set --json": 3,
    "import m.safetensors --spec spec.yaml -o out.safetensors": 2,
    "benchmark m.safetensors --rounds 2 --warmup 0 --seconds 0.1": 0.5,
}
KINDS = (
    "F64", "F32", "F16", "BF16", "F8_E4M3", "F8_E5M2", "I64", "I32", "I16", "I8", "U8", "U16", "U32", "BOOL", "C64",
    "F4", "F8_E8M0", "X9",
)  # fmt: skip
SPEC = b"charset: abc\n"


def seeds() -> list[Seed]:
    files = {"m.safetensors": weights(), "spec.yaml": SPEC, **labelled_folder(texts=("abc", "ca", "b"))}
    return [Seed(files, "m.safetensors", COMMANDS)]


def mutate(random: Random, data: bytes) -> bytes:
    try:
        (length,) = struct.unpack("<Q", data[:8])
        header = json.loads(data[8 : 8 + length])
        metadata = header["__metadata__"]
        spec = json.loads(metadata[SPEC_KEY])
    except (struct.error, ValueError, KeyError, TypeError, RecursionError):
        return mutate_bytes(random, data)
    rest, kind = data[8 + length :], random.randrange(10)
    if kind == 0:
        return mutate_bytes(random, data)
    if kind == 1:
        return packed(random, 8) + data[8:]
    try:
        if kind <= 5:
            metadata[SPEC_KEY] = json.dumps(mutate_tree(random, spec))
        elif kind <= 7:
            header = _changed_tensor(random, header)
        elif kind == 8:
            header = mutate_tree(random, header)
        else:
            rest = _bad_numbers(random, rest)
        text = json.dumps(header).encode()
    except RecursionError:
        return mutate_bytes(random, data)
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text + rest


def _changed_tensor(random: Random, header: dict) -> dict:
    tensors = [name for name in header if name != "__metadata__" and isinstance(header[name], dict)]
    if not tensors:
        return header
    name = random.choice(tensors)
    fields = header[name]
    kind = random.randrange(4)
    if kind == 0:
        fields["dtype"] = random.choice(KINDS)
    elif kind == 1:
        fields["shape"] = mutate_tree(random, fields.get("shape"))
    elif kind == 2:
        fields["data_offsets"] = random.choice(([0, 0], [number(random), number(random)], [4, 0]))
    else:
        header[name + random.choice(("", ".weight", "\x1b[2J", "x" * 500))] = header.pop(name)
    return header


def _bad_numbers(random: Random, data: bytes) -> bytes:
    """NaN, infinity or a huge number in place of some weights."""
    bad = struct.pack("<f", random.choice((float("nan"), float("inf"), float("-inf"), 3e38, 0.0)))
    at = 4 * random.randrange(len(data) // 4 + 1)
    return data[:at] + bad * random.choice((1, 10)) + data[at + len(bad) :]


FORMAT = Format("safetensors", seeds, mutate)
