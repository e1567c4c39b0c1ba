"""Harmless values that training scripts store beside weights, such as `argparse.Namespace` and NumPy's numbers.

A stand-in takes the place of each of their classes, so that nothing of them is run; their content is not needed.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Any

_VALUES = (
    "argparse.Namespace",
    "types.SimpleNamespace",
    "builtins.bool",
    "builtins.dict",
    "builtins.float",
    "builtins.int",
    "builtins.list",
    "builtins.str",
    "builtins.tuple",
    "datetime.date",
    "datetime.datetime",
    "datetime.timedelta",
    "pathlib.PosixPath",
    "pathlib.WindowsPath",
    "pathlib.PurePosixPath",
    "pathlib.PureWindowsPath",
    "pathlib._local.PosixPath",
    "pathlib._local.WindowsPath",
    "numpy.dtype",
    "numpy.ndarray",
    "numpy.core.multiarray.scalar",
    "numpy.core.multiarray._reconstruct",
    "numpy._core.multiarray.scalar",
    "numpy._core.multiarray._reconstruct",
)
_MAPPINGS = (
    "collections.defaultdict",
    "lightning.fabric.utilities.data.AttributeDict",
    "lightning_fabric.utilities.data.AttributeDict",
    "pytorch_lightning.utilities.parsing.AttributeDict",
    "easydict.EasyDict",
    "yacs.config.CfgNode",
)


class _Value:
    """Takes any arguments and state, and keeps nothing."""

    def __init__(self, *content: Any) -> None:
        pass

    def __setstate__(self, state: Any) -> None:
        pass


class _Mapping:
    """Makes an empty `OrderedDict`, which PyTorch fills with the items."""

    def __new__(cls, *_: Any) -> Any:
        return OrderedDict()


def stand_ins() -> list[Callable[..., Any] | tuple[Callable[..., Any], str]]:
    """A class for each harmless one, for `torch.serialization.safe_globals`, which finds them by module and name."""
    return [*(_named(name, _Value) for name in _VALUES), *(_named(name, _Mapping) for name in _MAPPINGS)]


def is_harmless(name: str) -> bool:
    """Whether a checkpoint may name this class or function without running code."""
    return name in _VALUES or name in _MAPPINGS or name.startswith("torch.") or name == "collections.OrderedDict"


def _named(name: str, stand_in: type) -> type:
    module, _, last = name.rpartition(".")
    return type(last, (stand_in,), {"__module__": module})
