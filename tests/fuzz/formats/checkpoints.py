"""PyTorch checkpoints: entries of the ZIP, opcodes of the pickle, storages, and objects that `torch.save` takes."""

from __future__ import annotations

import argparse
import io
import pickletools
import zipfile
from collections import OrderedDict
from random import Random
from typing import Any

import torch
from fuzz.case import Format, Seed
from fuzz.mutation import mutate_bytes, mutate_zip, number, text, value
from fuzz.small_models import checkpoint

COMMANDS = {"import m.pt -o out.safetensors": 3, "inspect m.pt": 2, "inspect m.pt --json": 1}
DTYPES = (
    torch.float64, torch.float16, torch.bfloat16, torch.float8_e4m3fn, torch.int64, torch.int8, torch.uint8,
    torch.bool, torch.complex64,
)  # fmt: skip


def seeds() -> list[Seed]:
    return [Seed({"m.pt": checkpoint()}, "m.pt", COMMANDS)]


def mutate(random: Random, data: bytes) -> bytes:
    kind = random.randrange(6)
    if kind == 0:
        return random.choice((mutate_bytes, mutate_zip))(random, data)
    if kind <= 2:
        return _other_content(random)
    return _mutate_entry(random, data)


def mutate_file(random: Random, data: bytes) -> bytes:
    """What `torch.save` wrote, with another byte, header or entry."""
    return random.choice((mutate_bytes, mutate_zip, _mutate_entry, _mutate_entry, _mutate_entry))(random, data)


def _mutate_entry(random: Random, data: bytes) -> bytes:
    """Change, rename, double or remove an entry."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = [(info.filename, archive.read(info)) for info in archive.infolist()]
    except (zipfile.BadZipFile, OSError, ValueError, EOFError, NotImplementedError, RuntimeError):
        return mutate_bytes(random, data)
    if not entries:
        return mutate_bytes(random, data)
    pickles = [index for index, (name, _) in enumerate(entries) if name.endswith(".pkl")]
    which = random.choice(pickles) if pickles and random.random() < 0.6 else random.randrange(len(entries))
    name, content = entries[which]
    kind = random.randrange(8)
    if kind == 0:
        del entries[which]
    elif kind == 1:
        entries.append((name, content))
    elif kind == 2:
        entries[which] = (text(random)[:60].encode("utf-8", "replace").decode() or "x", content)
    else:
        changed = _mutate_pickle(random, content) if name.endswith(".pkl") else mutate_bytes(random, content)
        entries[which] = (name, changed)
    buffer = io.BytesIO()
    packing = zipfile.ZIP_DEFLATED if random.random() < 0.1 else zipfile.ZIP_STORED
    with zipfile.ZipFile(buffer, "w", packing) as archive:
        for entry, content in entries:
            archive.writestr(entry, content)
    return buffer.getvalue()


def _mutate_pickle(random: Random, data: bytes) -> bytes:
    """Change the argument of one opcode, or exchange, double or remove one."""
    try:
        places = [(opcode, at) for opcode, _, at in pickletools.genops(data)]
    except ValueError:
        return mutate_bytes(random, data)
    which = random.randrange(len(places))
    opcode, at = places[which]
    end = places[which + 1][1] if which + 1 < len(places) else len(data)
    kind = random.randrange(5)
    if kind == 0:
        return data[:at] + data[end:]
    if kind == 1:
        return data[:at] + data[at:end] * 2 + data[end:]
    if kind == 2:
        return data[:at] + random.choice(pickletools.opcodes).code.encode("latin-1") + data[at + 1 :]
    if opcode.name.startswith("BININT"):
        return data[:at] + b"J" + (number(random) % 2**32).to_bytes(4, "little") + data[end:]
    if opcode.name == "GLOBAL":
        names = (b"os\nsystem\n", b"torch\nFloatStorage\n", b"collections\nOrderedDict\n", b"builtins\neval\n")
        return data[:at] + b"c" + random.choice(names) + data[end:]
    return data[: at + 1] + mutate_bytes(random, data[at + 1 : end]) + data[end:]


def _other_content(random: Random) -> bytes:
    """The checkpoint with tensors of other kinds, beside or below other objects."""
    state: dict[Any, Any] = torch.load(io.BytesIO(checkpoint()), weights_only=True)
    weights = state["model"]
    name = random.choice([*weights])
    weights[name] = other_tensor(random, weights[name])
    kind = random.randrange(8)
    if kind == 0:
        state = {random.choice(("state_dict", "net_state", "module", text(random))): weights}
    elif kind == 1:
        state = OrderedDict((f"{random.choice(('module.', 'model.', 'net.'))}{key}", t) for key, t in weights.items())
    elif kind == 2:
        state["charset"] = value(random)
    elif kind == 3:
        state["arguments"] = argparse.Namespace(height=number(random))
    elif kind == 4:
        weights[text(random)] = weights.pop(name)
    elif kind == 5:
        state[random.choice(("model", "epoch", 3, None))] = value(random)
    buffer = io.BytesIO()
    try:
        torch.save(state, buffer)
    except (RuntimeError, AttributeError, TypeError, ValueError, UnicodeEncodeError):
        return checkpoint()
    return buffer.getvalue()


def other_tensor(random: Random, tensor: torch.Tensor) -> object:
    """The tensor of another type, layout or content, or something else."""
    makers = (
        lambda: tensor.to(random.choice(DTYPES)),
        lambda: tensor.to_sparse() if tensor.dim() else tensor,
        lambda: torch.empty(tensor.shape, device="meta"),
        lambda: torch.quantize_per_tensor(tensor.float(), 0.1, 0, torch.qint8),
        lambda: tensor.float() * random.choice((float("nan"), float("inf"), 0.0)),
        lambda: torch.zeros(1).expand(random.choice((1, 10**6, 10**12)), 3),
        lambda: tensor[:0] if tensor.dim() else tensor,
        lambda: tensor.reshape(-1),
        lambda: value(random),
    )
    return random.choice(makers)()


FORMAT = Format("checkpoints", seeds, mutate)
