"""The weights of a TorchScript archive, whose code is never run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from torch import Tensor

from crnn_deploy.checkpoints.pytorch.foreign import Foreign
from crnn_deploy.errors import InputError
from crnn_deploy.limits import MAX_DEPTH

_SCRIPT_MODULE = "__torch__."


def module_tensors(module: Foreign, path: Path) -> dict[str, Tensor]:
    """The weights of a TorchScript module by name. Raises `InputError` if it is another object."""
    if not module.FOREIGN_NAME.startswith(_SCRIPT_MODULE):
        raise InputError(
            f"{path} holds an object of the class {module.FOREIGN_NAME}, not its weights alone.",
            "It was saved with torch.save(model, …). To build the object, its class would have to be run; it was not.",
            "Load it where it was made and save its weights: torch.save(model.state_dict(), PATH).",
        )
    tensors = dict(_named_tensors(module, (), set()))
    if not tensors:
        raise InputError(
            f"{path} is a TorchScript archive without named weights.",
            "It was frozen: torch.jit.freeze turns weights into constants without names.",
            "Save it before freezing, or export it to ONNX and import that.",
        )
    return tensors


def _named_tensors(module: Foreign, place: Sequence[str], seen: set[int]) -> Iterator[tuple[str, Tensor]]:
    if id(module) in seen or len(place) > MAX_DEPTH:  # a damaged file's modules may lie in each other
        return
    seen.add(id(module))
    for name, value in module.attributes.items():
        if isinstance(value, Tensor):
            yield ".".join([*place, name]), value
        elif isinstance(value, Foreign):
            yield from _named_tensors(value, [*place, name], seen)
