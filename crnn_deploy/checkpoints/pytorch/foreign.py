"""Stand-ins for the classes and functions that a checkpoint names besides tensors, so that none of them is ever run.

Training scripts store all kinds of objects beside the weights: options, paths, NumPy's numbers, configurations, whole
modules. Each is replaced with an object that keeps its name and its attributes, and does nothing.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Any

StandIn = Callable[..., Any] | tuple[Callable[..., Any], str]

# A checkpoint has no reason to name these, except to run something. Refusing them is a courtesy to whoever holds the
# file: they would be replaced like everything else.
_RUNNING = {
    "os", "posix", "nt", "sys", "subprocess", "shutil", "socket", "ctypes", "importlib", "runpy", "pty", "code",
    "commands", "webbrowser", "urllib", "requests", "multiprocessing", "threading", "pickle", "_pickle", "marshal",
    "timeit", "platform", "pip", "operator", "functools",
}  # fmt: skip
_BUILTIN_MODULES = {"builtins", "__builtin__", "__builtins__"}
_PLAIN_BUILTINS = {"bool", "bytearray", "bytes", "complex", "dict", "float", "frozenset", "int", "list", "object"}
_PLAIN_BUILTINS |= {"range", "set", "slice", "str", "tuple", "type"}
# Mappings that hold weights or options as items.
_MAPPINGS = ("AttributeDict", "AttrDict", "CfgNode", "Config", "ConfigDict", "DictConfig", "EasyDict", "defaultdict")


class Foreign:
    """An object of a class that was not run; `FOREIGN_NAME` is what the file calls it."""

    FOREIGN_NAME = ""

    def __init__(self, *content: Any, **named: Any) -> None:
        self.attributes: dict[str, Any] = {}

    def __setstate__(self, state: Any) -> None:
        self.attributes = {str(key): value for key, value in state.items()} if isinstance(state, dict) else {}


class _ForeignMapping:
    """Makes an empty `OrderedDict`, which PyTorch fills with the items."""

    def __new__(cls, *_: Any) -> Any:
        return OrderedDict()


def stand_in(name: str) -> StandIn:
    """What takes the place of the class or function `name`, as `torch.serialization.safe_globals` takes it."""
    module, _, last = name.rpartition(".")
    base = _ForeignMapping if last in _MAPPINGS else Foreign
    return type(last, (base,), {"__module__": module, "FOREIGN_NAME": name}), name


def would_run(name: str) -> bool:
    """Whether a file that names this class or function was made to run something."""
    module, _, last = name.rpartition(".")
    if module in _BUILTIN_MODULES:
        return last not in _PLAIN_BUILTINS
    return module.partition(".")[0] in _RUNNING
