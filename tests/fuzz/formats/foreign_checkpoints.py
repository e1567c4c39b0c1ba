"""Weights of others' networks: names, shapes, containers, the ZIP and the pickle."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from random import Random
from typing import Any

import torch
from fuzz.case import Format, Seed
from fuzz.foreign_weights import checkpoints, stored
from fuzz.formats.checkpoints import mutate_file, other_tensor
from fuzz.mutation import mutate_tree, number, text, value
from torch import Tensor

BESIDE = {"laia.ckpt": {"syms.txt": b"<ctc> 0\n<space> 1\na 2\nb 3\n"}}
CONTAINERS = ("", "state_dict", "model", "net", "params", "model_state_dict", "ema")
PREFIXES = ("module.", "model.", "net.", "_orig_mod.", "backbone.", "")
SIZES = (0, 1, 2, 3, 37, 64, 97, 512, 4096, 18710, 10**6, 10**9)


def seeds() -> list[Seed]:
    return [_seed(name, content) for name, content in checkpoints().items()]


def _seed(name: str, content: bytes) -> Seed:
    return Seed({name: content, **BESIDE.get(name, {})}, name, {f"import {name} -o out.safetensors": 1})


def mutate(random: Random, data: bytes) -> bytes:
    if random.random() < 0.3:
        return mutate_file(random, data)
    content = torch.load(io.BytesIO(data), weights_only=True)
    weights = content.get("state_dict", content)
    if not isinstance(weights, dict) or not any(isinstance(each, Tensor) for each in weights.values()):
        return mutate_file(random, data)
    try:
        return _changed(random, content, weights)
    except (ValueError, RuntimeError):  # shapes beyond 64 bits, and what PyTorch does not store
        return mutate_file(random, data)


def _changed(random: Random, content: dict[str, Any], weights: dict[str, Any]) -> bytes:
    """The checkpoint with other weights, names, container, or values beside them."""
    random.choice(CHANGES)(random, weights)
    if random.random() < 0.1:
        weights = {random.choice(PREFIXES) + str(name): tensor for name, tensor in weights.items()}
    if "state_dict" in content:
        content["state_dict"] = weights
        _change_beside(random, content)
    container = random.choice(CONTAINERS) if random.random() < 0.1 else ""
    return stored({container: weights} if container else content if "state_dict" in content else weights)


def _change_beside(random: Random, content: dict[str, Any]) -> None:
    """Change what stands beside the weights."""
    if random.random() < 0.3:
        plain = {name: each for name, each in content.items() if name != "state_dict"}
        changed = mutate_tree(random, plain)
        content.update(changed if isinstance(changed, dict) else {})


def _rename(random: Random, weights: dict[str, Any]) -> None:
    name = random.choice([*weights])
    new = random.choice((
        lambda: re.sub(r"\d+", lambda found: str(int(found[0]) + random.choice((1, -1, 7, 10**9))), name, count=1),
        lambda: random.choice([*weights]),
        lambda: name.replace("weight", "bias"),
        lambda: name + "_reverse",
        lambda: name.partition(".")[2],
        lambda: text(random),
    ))()  # fmt: skip
    weights[new] = weights.pop(name)


def _remove(random: Random, weights: dict[str, Any]) -> None:
    """Remove one tensor, or all with the beginning of its name."""
    name = random.choice([*weights])
    beginning = name[: random.randrange(1, len(name) + 1)] if random.random() < 0.3 else name
    for each in [each for each in weights if each.startswith(beginning)][: len(weights) - 1]:
        del weights[each]


def _double(random: Random, weights: dict[str, Any]) -> None:
    """Add layers like those of a name, with other numbers."""
    name = random.choice([each for each in weights if re.search(r"\d", each)] or [*weights])
    for step in range(random.choice((1, 3, 300))):
        weights[re.sub(r"\d+", lambda found: str(int(found[0]) + step + 1), name, count=1)] = weights[name]  # noqa: B023


def _resize(random: Random, weights: dict[str, Any]) -> None:
    """Give tensors another shape; a large one takes no place in the file, as its elements are one."""
    names = [name for name in weights if isinstance(weights[name], Tensor)]
    which = random.choice(names)
    shape = list(weights[which].shape) or [1]
    axis = random.randrange(len(shape))
    old, shape[axis] = shape[axis], random.choice((*SIZES, shape[axis] + 1, 2 * shape[axis]))
    alike = random.random() < 0.3
    for name in names if alike else [which]:
        sizes = [shape[axis] if size == old else size for size in weights[name].shape] if alike else shape
        weights[name] = torch.ones(1, dtype=weights[name].dtype).expand(sizes)


def _scale(random: Random, weights: dict[str, Any]) -> None:
    """Make a size and its multiples larger or smaller wherever they stand, so that the network still fits."""
    tensors = {name: each for name, each in weights.items() if isinstance(each, Tensor)}
    old = random.choice(sorted({size for each in tensors.values() for size in each.shape if size}) or [1])
    new = random.choice((*SIZES, old + 1, max(1, old // 2), 20_000))
    for name, each in tensors.items():
        sizes = [size // old * new if size % old == 0 and size <= 4 * old else size for size in each.shape]
        if sizes != list(each.shape):
            weights[name] = torch.ones(1, dtype=each.dtype).expand(sizes)


def _exchange(random: Random, weights: dict[str, Any]) -> None:
    one, other = random.choice([*weights]), random.choice([*weights])
    weights[one], weights[other] = weights[other], weights[one]


def _retype(random: Random, weights: dict[str, Any]) -> None:
    name = random.choice([name for name in weights if isinstance(weights[name], Tensor)])
    weights[name] = other_tensor(random, weights[name])


def _add(random: Random, weights: dict[str, Any]) -> None:
    name = random.choice((text(random), "Prediction.attention_cell.x", "Transformation.x", "linear.weight", "rnn.bias"))
    weights[name] = random.choice((lambda: value(random), lambda: torch.ones(abs(number(random)) % 50)))()


CHANGES: tuple[Callable[[Random, dict[str, Any]], None], ...] = (
    *(_rename, _remove, _double, _resize, _resize, _scale, _scale, _exchange, _retype, _add),
)

FORMAT = Format("families", seeds, mutate)
