"""Values that are plainly of a type: what pydantic would take without converting more than JSON's lists and integers.

What is not plain may be right nevertheless, such as the text `32` for an integer; pydantic decides on it.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Iterator, Sequence
from types import NoneType, UnionType
from typing import Annotated, Any, ClassVar, Literal, Union, get_args, get_origin

Take = Callable[[Any], Any]
"""From a plain value to the value as its type has it. Raises `ValueError` for any other value."""

_LARGEST_EXACT = 1 << 53  # up to which each integer is a float


@dataclasses.dataclass(frozen=True)
class Bounds:
    """What a number or the length of a text or collection may be; None: anything. Pydantic takes it as an annotation.

    Attributes:
        finite: neither NaN nor infinite.
    """

    gt: float | None = None
    ge: float | None = None
    le: float | None = None
    min_length: int | None = None
    max_length: int | None = None
    finite: bool = False

    __is_annotated_types_grouped_metadata__: ClassVar[bool] = True  # pydantic takes what it yields

    def admit(self, value: Any) -> bool:
        """Whether a value, whose type is right, is within the bounds; NaN is within no bound."""
        return (
            (self.gt is None or value > self.gt)
            and (self.ge is None or value >= self.ge)
            and (self.le is None or value <= self.le)
            and (self.min_length is None or len(value) >= self.min_length)
            and (self.max_length is None or len(value) <= self.max_length)
            and (not self.finite or math.isfinite(value))
        )

    def keywords(self) -> dict[str, Any]:
        """The bounds as pydantic's `Field` takes them."""
        given = {name: value for name, value in vars(self).items() if value is not None and name != "finite"}
        return given | ({"allow_inf_nan": False} if self.finite else {})

    def __iter__(self) -> Iterator[object]:
        from pydantic import Field

        yield from Field(**self.keywords()).metadata


FiniteFloat = Annotated[float, Bounds(finite=True)]


def taker(hint: Any, *bounds: Bounds) -> Take:
    """What takes the plain values of a type that are within bounds; these do not count for None.

    Types are those that JSON has, tuples of any length, literals, and classes with a method `plain`, which takes
    their values. `X | None` is the only union, and bounds the only annotations.
    """
    take = _taker(get_origin(hint), get_args(hint), hint)
    kept = [each for each in bounds if each != Bounds()]
    if not kept:
        return take

    def within(value: Any) -> Any:
        taken = take(value)
        if taken is not None and not all(each.admit(taken) for each in kept):
            raise ValueError
        return taken

    return within


def _taker(origin: Any, arguments: Sequence[Any], hint: Any) -> Take:
    if origin is Annotated:
        return taker(arguments[0], *arguments[1:])
    if origin is Literal:
        return lambda value: _require(any(value == word and type(value) is type(word) for word in arguments), value)
    if origin in (Union, UnionType) and arguments[1:] == (NoneType,):
        take = taker(arguments[0])
        return lambda value: None if value is None else take(value)
    if origin is tuple and arguments[1:] == (...,):
        take = taker(arguments[0])
        return lambda value: tuple(map(take, _require(type(value) in (list, tuple), value)))
    if origin is dict:
        take_key, take = map(taker, arguments)
        return lambda value: {take_key(key): take(each) for key, each in _require(type(value) is dict, value).items()}
    if hasattr(hint, "plain"):
        plain: Take = hint.plain
        return plain
    return _PLAIN[hint]


def _require(condition: bool, value: Any) -> Any:
    if not condition:
        raise ValueError
    return value


def _text(value: Any) -> str:
    if type(value) is not str:
        raise ValueError
    value.encode()  # raises a ValueError for lone surrogates
    return value


def _float(value: Any) -> float:
    return float(_require(type(value) is float or (type(value) is int and abs(value) <= _LARGEST_EXACT), value))


_PLAIN: dict[Any, Take] = {
    Any: lambda value: value,
    str: _text,
    float: _float,
    int: lambda value: _require(type(value) is int, value),
    bool: lambda value: _require(type(value) is bool, value),
}
