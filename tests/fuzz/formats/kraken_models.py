"""kraken's `.mlmodel` files: fields of the protobuf, the network in VGSL, the codec, and raw bytes."""

from __future__ import annotations

import json
from random import Random

import kraken_files
from fuzz.case import Format, Seed
from fuzz.mutation import mutate_bytes, mutate_tree, number

COMMANDS = {"import m.mlmodel -o out.safetensors": 3, "inspect m.mlmodel": 2, "inspect m.mlmodel --json": 1}
BLOCKS = (
    "Cr3,3,4", "Cr{C_0}3,3,4,2,2", "Gn{Gn_1}2", "Mp2,2", "S1(1x0)1,3", "S{S_4}1(0x1)1,3", "Lbx{L_5}6", "Lbys9", "Lby3",
    "O1c4", "O{O_7}1c4", "O1ca3", "Do", "I", "(I", "[I", "Gn0", "Mp0,2", "L", "{}", "Clr1,1,4096,1,1,64,64",
)  # fmt: skip


def seeds() -> list[Seed]:
    content = kraken_files.coreml(kraken_files.weights(), kraken_files.metadata())
    return [Seed({"m.mlmodel": content}, "m.mlmodel", COMMANDS)]


def mutate(random: Random, data: bytes) -> bytes:
    kind = random.randrange(4)
    if kind == 0:
        return mutate_bytes(random, data)
    try:
        if kind == 1:
            changes = {"vgsl": _other_network(random)}
        elif kind == 2:
            changes = {"codec": json.dumps(mutate_tree(random, kraken_files.CODEC))}
        else:
            changes = {"kraken_meta": json.dumps(mutate_tree(random, kraken_files.meta()))}
    except RecursionError:
        return mutate_bytes(random, data)
    return kraken_files.coreml(kraken_files.weights(), kraken_files.metadata(**changes))


def _other_network(random: Random) -> str:
    blocks = kraken_files.VGSL[1:-1].split()
    for _ in range(random.randrange(1, 4)):
        at = random.randrange(1, len(blocks) + 1)
        blocks[at : at + random.randrange(2)] = [random.choice(BLOCKS)]
    size = [str(random.choice((1, 12, 0, 48, number(random)))) for _ in range(4)]
    return f"[{','.join(size) if random.random() < 0.2 else blocks[0]} {' '.join(blocks[1:])}]"


FORMAT = Format("kraken", seeds, mutate)
