"""Finds the weights of a network in a checkpoint, wherever its training script put them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from torch import Tensor

from crnn_deploy.artifact import read_safetensors
from crnn_deploy.checkpoints.pytorch.foreign import Foreign
from crnn_deploy.checkpoints.pytorch.pickled import load_pickled
from crnn_deploy.checkpoints.pytorch.torchscript import module_tensors
from crnn_deploy.errors import InputError
from crnn_deploy.files import require_file
from crnn_deploy.models.weights import check_tensors
from crnn_deploy.units import listed

_USUAL = ("state_dict", "model_state_dict", "model", "net", "network", "student")
_WRAPPERS = ("module.", "_orig_mod.")  # prefixes from DataParallel and torch.compile
_AVERAGED = re.compile(r"(^|[._])(ema|swa|avg|average[ds]?|averaged|shadow|teacher)([._]|$)", re.IGNORECASE)
_RECURRENT = re.compile(r"(.*\.)?weight_hh(_l\d+)?")
_MOST_PREFIXES = 8
_PLAIN_TYPES = (str, int, float, list, tuple)


@dataclass(frozen=True)
class StateDict:
    """Weights by name, and what lay beside them.

    Attributes:
        tensors: the weights.
        extras: plain values that were stored beside them, such as a charset or a step count.
        left_out: names of other sets of weights in the file, such as the averaged copy of the same network.
    """

    tensors: dict[str, Tensor]
    extras: dict[str, Any]
    left_out: tuple[str, ...] = ()

    @property
    def remark(self) -> str:
        """What is told of other sets of weights; empty: there are none."""
        return f"; other weights in it were not taken: {listed(self.left_out)}" if self.left_out else ""


def read_state_dict(path: Path) -> StateDict:
    """Read a PyTorch checkpoint, a TorchScript archive or a `.safetensors` file.

    Containers and wrapper prefixes are removed.

    Raises:
        InputError: if the file is missing, empty, truncated, of another kind, holds no weights or several sets of
            them, or would execute code.
    """
    require_file(path)
    if path.suffix == ".safetensors":
        state = StateDict(read_safetensors(path), {})
    else:
        state = _unwrap(load_pickled(path), path)
    if not state.tensors:
        raise InputError(
            f"{path} holds no weights.", "No tensors were found in it.", "Save a state dict: model.state_dict()."
        )
    if forged := [name for name in state.tensors if not name.isprintable()]:
        raise InputError(f"A tensor in {path} has a name that cannot be printed: {forged[0][:80]!r}.")
    check_tensors(state.tensors, str(path))
    return replace(state, tensors=_without_wrappers(state.tensors))


def namings(tensors: Mapping[str, Tensor]) -> Iterator[dict[str, Tensor]]:
    """Ways to name the weights of the network in a state dict, those that change least first.

    All tensors; then without the first part that all names share, such as the `model.` of Lightning, and so on. Where
    one part of the names holds a whole recurrent network beside others, such as a loss or an averaged copy, then that
    part alone.
    """
    yield from _shortened(dict(tensors))
    *_, shortest = _shortened(dict(tensors))
    parts = dict.fromkeys(name.partition(".")[0] for name in shortest)
    for part in sorted(parts, key=lambda part: _AVERAGED.search(part) is not None)[:_MOST_PREFIXES]:
        inside = {n.partition(".")[2]: t for n, t in shortest.items() if n.startswith(f"{part}.")}
        if any(map(_RECURRENT.fullmatch, inside)) and len(parts) > 1:
            yield from _shortened(_without_wrappers(inside))


def _shortened(tensors: dict[str, Tensor]) -> Iterator[dict[str, Tensor]]:
    yield tensors
    for _ in range(_MOST_PREFIXES):
        if len({name.partition(".")[0] for name in tensors}) > 1 or not all("." in name for name in tensors):
            return
        tensors = {name.partition(".")[2]: tensor for name, tensor in tensors.items()}
        yield tensors


def _unwrap(loaded: Any, path: Path) -> StateDict:
    """The state dict inside of containers; plain values of these become `extras`.

    Raises:
        InputError: if it is an object instead, or it is not clear which of several sets of weights is the network's.
    """
    extras: dict[str, Any] = {}
    left_out: tuple[str, ...] = ()
    seen: set[int] = set()
    while isinstance(loaded, Mapping) and id(loaded) not in seen:  # a container may hold itself
        seen.add(id(loaded))
        extras = {**extras, **_plain(loaded)}
        tensors = {str(key): value for key, value in loaded.items() if isinstance(value, Tensor)}
        sets = {str(key): value for key, value in loaded.items() if isinstance(key, str) and _holds_tensors(value)}
        usual = [key for key in _USUAL if isinstance(loaded.get(key), Mapping)]
        if tensors and not usual:
            return StateDict(tensors, extras, left_out)
        chosen = usual[0] if usual else _network_among(sets, path)
        left_out += tuple(key for key in sets if key != chosen and _has_recurrence(sets[key]))
        loaded = loaded[chosen] if chosen else _object_in(loaded)
    if isinstance(loaded, Foreign):
        return StateDict(module_tensors(loaded, path), extras)
    return StateDict({}, extras)


def _network_among(sets: Mapping[str, Any], path: Path) -> str:
    """The key of the set of weights that is the network's; empty if there is none.

    Of several, the one with a recurrent layer; of several of these, the one that is no averaged copy.
    """
    recurrent = [key for key, value in sets.items() if _has_recurrence(value)]
    candidates = recurrent or list(sets)
    plain = [key for key in candidates if not _AVERAGED.search(key)]
    if len(candidates) > 1 and len(plain) == 1:
        return plain[0]
    if len(candidates) > 1:
        raise InputError(
            f"{path} holds several sets of weights: {', '.join(candidates[:5])}.",
            "It is not known which of them is the model's.",
            f"Save one of them alone: torch.save(checkpoint[{candidates[0]!r}], 'weights.pth').",
        )
    return candidates[0] if candidates else ""


def _has_recurrence(value: Any) -> bool:
    """Whether a recurrent layer's weights lie in a mapping, or in one of the mappings directly in it."""
    if not isinstance(value, Mapping):
        return False
    inner = [each for each in value.values() if isinstance(each, Mapping)][:_MOST_PREFIXES]
    return any(isinstance(k, str) and _RECURRENT.fullmatch(k) for k in value) or any(
        isinstance(k, str) and _RECURRENT.fullmatch(k) for each in inner for k in each
    )


def _object_in(loaded: Mapping[Any, Any]) -> Any:
    """The first object of a foreign class in a container without weights, since it may be the network."""
    return next((value for value in loaded.values() if isinstance(value, Foreign) and value.attributes), None)


def _holds_tensors(value: Any) -> bool:
    """Whether a value is a mapping of names to tensors, or one of these lies in it under a name."""
    return isinstance(value, Mapping) and any(
        isinstance(key, str)
        and (isinstance(inner, Tensor) or (isinstance(inner, Mapping) and any(map(_is_tensor, inner.values()))))
        for key, inner in value.items()
    )


def _is_tensor(value: object) -> bool:
    return isinstance(value, Tensor)


def _plain(loaded: Mapping[Any, Any]) -> dict[str, Any]:
    plain: dict[str, Any] = {str(key): value for key, value in loaded.items() if isinstance(value, _PLAIN_TYPES)}
    meta = loaded.get("meta")  # where frameworks such as mmcv say which of their versions wrote the file
    if isinstance(meta, Mapping):
        plain["meta"] = {str(key): value for key, value in meta.items() if isinstance(value, _PLAIN_TYPES)}
    return plain


def _without_wrappers(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    for _ in range(_MOST_PREFIXES):
        prefix = next((p for p in _WRAPPERS if all(name.startswith(p) for name in tensors)), "")
        tensors = {name.removeprefix(prefix): tensor for name, tensor in tensors.items()}
    return tensors
