"""Mutations that formats share: of bytes, numbers, texts, and trees of JSON or YAML."""

from __future__ import annotations

import copy
import json
from random import Random
from typing import Any

INTEGERS = (
    *(0, 1, -1, 2, 3, 7, 8, 16, 127, 128, 255, 256, 1000, 4095, 4096, 32767, 32768, 65535, 65536, 10**6, 10**9),
    *(2**31 - 1, 2**31, -(2**31), 2**32 - 1, 2**32, 2**40, 2**53, 2**62, 2**63 - 1, 2**63, -(2**63), 2**64, 10**30),
)
FLOATS = (float("nan"), float("inf"), float("-inf"), 0.0, -0.0, 0.5, -1.5, 1e-320, 1e-8, 1e38, 1e308)
TEXTS = (
    *(
        "",
        " ",
        "\0",
        "a",
        "é",
        "\ufeff",
        "𝔘",
        "\u202e",
        "\u2028",
        "\x1b[31mred",
        "a\tb",
        "a\nb",
        "a\r\nb",
        "\x07",
        "\x7f",
    ),
    *(
        "../outside",
        "/etc/passwd",
        "C:\\x",
        ".",
        "..",
        "~",
        "$HOME",
        "%s%n",
        "{}",
        "[bold]",
        "<script>",
        "=1+1",
        "null",
    ),
    *("nan", "1e999", "0x10", "١", "a" * 300, "a" * 5000, "a/" * 200, "__class__", "\ud800"),
)


def number(random: Random) -> int:
    """An integer of a kind that code gets wrong."""
    return random.choice(INTEGERS) if random.random() < 0.8 else random.randrange(-100, 100_000)


def text(random: Random) -> str:
    return random.choice(TEXTS)


def packed(random: Random, width: int, big: bool = False) -> bytes:
    """An integer in `width` bytes."""
    return (number(random) % (1 << 8 * width)).to_bytes(width, "big" if big else "little")


def mutate_bytes(random: Random, data: bytes) -> bytes:
    """The bytes with one change of a random kind at a random place."""
    at = random.randrange(len(data) + 1)
    end = min(len(data), at + random.choice((1, 1, 2, 4, 8, 16, 64, 512)))
    kind = random.randrange(8)
    if kind == 0 and at < len(data):
        return data[:at] + bytes([data[at] ^ 1 << random.randrange(8)]) + data[at + 1 :]
    if kind == 1:
        new = packed(random, random.choice((1, 2, 4, 8)), random.random() < 0.5)
        return data[:at] + new + data[at + len(new) :]
    if kind == 2:
        return data[:at]
    if kind == 3:
        return data[:at] + data[end:]
    if kind == 4:
        return data[:at] + data[at:end] * random.choice((2, 3, 50)) + data[end:]
    if kind == 5:
        return data[:at] + random.randbytes(random.choice((1, 4, 16))) + data[at:]
    if kind == 6:
        return data[:at] + bytes([random.choice((0, 255, 128))]) * (end - at) + data[end:]
    other = random.randrange(len(data) + 1)
    return data[:at] + data[other : other + end - at] + data[end:]


def mutate_zip(random: Random, data: bytes) -> bytes:
    """A ZIP archive with one field of an entry's header changed: versions, flags, method, checksum, sizes, offset."""
    mark, fields = random.choice((
        (b"PK\x03\x04", ((4, 2), (6, 2), (8, 2), (14, 4), (18, 4), (22, 4), (26, 2), (28, 2))),
        (b"PK\x01\x02", ((6, 2), (8, 2), (10, 2), (16, 4), (20, 4), (24, 4), (28, 2), (30, 2), (38, 4), (42, 4))),
        (b"PK\x05\x06", ((4, 2), (8, 2), (10, 2), (12, 4), (16, 4), (20, 2))),
    ))  # fmt: skip
    starts = [at for at in range(len(data)) if data.startswith(mark, at)]
    if not starts:
        return mutate_bytes(random, data)
    place, width = random.choice(fields)
    at = random.choice(starts) + place
    new = (
        random.choice((1, 6, 8, 9, 12, 14, 99)).to_bytes(width, "little")
        if random.random() < 0.3
        else packed(random, width)
    )
    return data[:at] + new + data[at + width :]


def value(random: Random, old: Any = None) -> Any:
    """A plain value; often one near `old`."""
    if isinstance(old, bool):
        return not old
    if isinstance(old, (int, float)) and random.random() < 0.5:
        return random.choice((old + 1, old - 1, -old, old * 2, old * 1000, float(old), str(old), [old]))
    if isinstance(old, str) and random.random() < 0.5:
        return random.choice((old + text(random), text(random) + old, old[:-1], old * 100, old.upper(), [old]))
    makers = (
        lambda: number(random), lambda: random.choice(FLOATS), lambda: text(random),
        lambda: None, lambda: random.random() < 0.5, list, dict, lambda: [number(random)], lambda: {text(random): 1},
    )  # fmt: skip
    return random.choice(makers)()


def mutate_tree(random: Random, tree: Any) -> Any:
    """A copy of a tree of lists and dicts with one node changed, renamed, doubled, wrapped, moved or removed."""
    tree = {"": copy.deepcopy(tree)}  # so that the root has a parent too
    parent, key = random.choice(list(_places(tree)))
    old, kind = parent[key], random.randrange(10)
    if kind <= 3:
        parent[key] = value(random, old)
    elif kind == 4 and parent is not tree:
        del parent[key]
    elif kind == 5 and isinstance(parent, dict) and parent is not tree:
        del parent[key]
        parent[random.choice((str(key) + "x", text(random), number(random)))] = old
    elif kind == 6:
        other, place = random.choice(list(_places(tree)))
        parent[key] = copy.deepcopy(other[place])
    elif kind == 7:
        parent[key] = _deep(old, random.choice((1, 3, 100, 5000)), random.random() < 0.5)
    elif kind == 8 and isinstance(parent, list):
        parent[key:key] = [copy.deepcopy(old)] * random.choice((1, 2, 1000))
    elif isinstance(parent, dict):
        parent[text(random)] = value(random)
    return tree.get("")


def _places(tree: Any) -> Any:
    """Each node as its parent and its key there."""
    for key in [*tree] if isinstance(tree, dict) else range(len(tree)):
        yield tree, key
        if isinstance(tree[key], (dict, list)):
            yield from _places(tree[key])


def _deep(inner: Any, levels: int, lists: bool) -> Any:
    for _ in range(levels):
        inner = [inner] if lists else {"a": inner}
    return inner


def mutate_json(random: Random, data: bytes) -> bytes:
    """JSON with another value or key somewhere; now and then with other bytes."""
    if random.random() < 0.15:
        return mutate_bytes(random, data)
    try:
        return json.dumps(mutate_tree(random, json.loads(data))).encode()
    except (ValueError, RecursionError):
        return mutate_bytes(random, data)
