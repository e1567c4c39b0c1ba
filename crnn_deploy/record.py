"""`Record`: base of the types of a spec, which reading images needs without pydantic, since that loads slowly.

A record is a frozen dataclass with the methods of pydantic's models, as configs have them (`config.py`). But pydantic is
loaded only where it is needed: to write a record, to tell its fields, and for values that are not plainly right, of
which it converts some, and says of the others what is wrong.
"""

from __future__ import annotations

import dataclasses
import math
import types
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import (
    TYPE_CHECKING,
    Annotated,
    Any,
    ClassVar,
    Literal,
    TypeVar,
    Union,
    get_args,
    get_origin,
    get_type_hints,
)

if TYPE_CHECKING:
    from pydantic import GetCoreSchemaHandler
    from pydantic.fields import FieldInfo
    from pydantic_core import CoreSchema
    from typing_extensions import dataclass_transform
else:

    def dataclass_transform(**_traits: object) -> Callable[[type], type]:
        """Tells type checkers alone that subclasses are dataclasses."""
        return lambda kind: kind


R = TypeVar("R", bound="Record")
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

    __is_annotated_types_grouped_metadata__: ClassVar = True  # by which pydantic knows what stands for several others

    def admit(self, value: Any) -> bool:
        """Whether a value, whose type is right, is within the bounds."""
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


def field(
    *,
    description: str,
    default: Any = dataclasses.MISSING,
    default_factory: Any = dataclasses.MISSING,
    examples: list[Any] | None = None,
    **bounds: float,
) -> Any:
    """A field of a record, as pydantic's `Field`.

    Args:
        bounds: those of `Bounds`; of a field that may be absent, those of its value.
    """
    said = {"description": description, "examples": examples, "bounds": Bounds(**bounds)}  # type: ignore[arg-type]
    return dataclasses.field(default=default, default_factory=default_factory, metadata=said)


class _Fields:
    """Pydantic's description of the fields of a record."""

    def __get__(self, _instance: object, kind: type[Record]) -> dict[str, FieldInfo]:
        from crnn_deploy.record_model import model_of

        return model_of(kind).model_fields


@dataclass_transform(kw_only_default=True, frozen_default=True, field_specifiers=(field,))
class Record:
    """Immutable; unknown keys are refused."""

    model_fields: ClassVar = _Fields()
    hints: ClassVar[dict[str, Any]] = {}
    """Types of the fields by their names."""
    model_fields_set: frozenset[str]
    """Names of the fields that were given."""

    def __init_subclass__(cls) -> None:
        dataclasses.dataclass(frozen=True, init=False)(cls)
        cls.hints = get_type_hints(cls, include_extras=True)

    def __init__(self, **values: Any) -> None:
        """Raises pydantic's `ValidationError` if values are wrong."""
        self.__dict__.update(vars(self.model_validate(values)))

    @classmethod
    def in_full(cls, given: Any) -> Any:
        """The values that a shorter spelling stands for; anything else is passed on. Raises `ValueError`."""
        return given

    def check(self) -> None:
        """Raise `ValueError` if the fields, each of which is right, do not go together."""

    @classmethod
    def made_of(cls: type[R], values: Mapping[str, Any], given: Iterable[str]) -> R:
        """The record with these values, which are not checked; `given` are the names of those that are no defaults."""
        made = cls.__new__(cls)
        made.__dict__.update(values, model_fields_set=frozenset(given))
        return made

    @classmethod
    def model_validate(cls: type[R], data: Any) -> R:
        """The record of a mapping or of a shorter spelling; a record stays as it is.

        Raises:
            pydantic.ValidationError: if something is wrong.
        """
        try:
            made: R = _plain(cls, data)
        except ValueError:
            from crnn_deploy.record_model import model_of, record_of

            made = record_of(model_of(cls).model_validate(data), cls)
        return made

    @classmethod
    def model_validate_json(cls: type[R], text: str | bytes) -> R:
        """As `model_validate`, of JSON."""
        from crnn_deploy.record_model import model_of, record_of

        made: R = record_of(model_of(cls).model_validate_json(text), cls)
        return made

    def model_dump(self, **how: Any) -> dict[str, Any]:
        """The values, with the arguments of pydantic's method."""
        from crnn_deploy.record_model import modelled

        return modelled(self).model_dump(**how)

    def model_dump_json(self, **how: Any) -> str:
        """The values as JSON, with the arguments of pydantic's method."""
        from crnn_deploy.record_model import modelled

        return modelled(self).model_dump_json(**how)

    def model_copy(self: R, *, update: Mapping[str, Any]) -> R:
        """The record with other values, which are not checked."""
        copy = type(self).__new__(type(self))
        copy.__dict__.update({**vars(self), **update}, model_fields_set=self.model_fields_set | update.keys())
        return copy

    def __iter__(self) -> Iterator[tuple[str, Any]]:
        """Names and values of the fields."""
        return ((each.name, getattr(self, each.name)) for each in dataclasses.fields(self))  # type: ignore[arg-type]

    @classmethod
    def __get_pydantic_core_schema__(cls, _source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        from crnn_deploy.record_model import schema_of

        return schema_of(cls, handler)


def _plain(hint: Any, value: Any) -> Any:
    """The value as a type has it, if it is one that pydantic takes without any doubt, or that JSON has in its place.

    Raises:
        ValueError: if it is something else, which may be right nevertheless.
    """
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Annotated:
        return _within(arguments[1], _plain(arguments[0], value))
    if origin in (Union, types.UnionType):  # of a type and None
        return None if value is None else _plain(arguments[0], value)
    if hint is Any or (origin is Literal and any(value == word and type(value) is type(word) for word in arguments)):
        return value
    if origin is tuple and type(value) in (list, tuple):
        return tuple(_plain(arguments[0], each) for each in value)
    if origin is dict and type(value) is dict:
        return {_plain(arguments[0], key): _plain(arguments[1], each) for key, each in value.items()}
    if hint is float and type(value) is int and abs(value) <= _LARGEST_EXACT:
        return float(value)
    if hint is str and type(value) is str:
        value.encode()  # lone surrogates are no text
        return value
    if hint in (bool, int, float) and type(value) is hint:
        return value
    if isinstance(hint, type) and issubclass(hint, Record):
        return value if isinstance(value, hint) else _plain_record(hint, hint.in_full(value))
    raise ValueError


def _plain_record(kind: type[R], values: Any) -> R:
    if type(values) is not dict:
        raise ValueError
    made, left = {}, dict(values)
    for each in dataclasses.fields(kind):  # type: ignore[arg-type]  # subclasses are dataclasses
        if each.name in left:
            made[each.name] = _within(each.metadata["bounds"], _plain(kind.hints[each.name], left.pop(each.name)))
        elif each.default_factory is not dataclasses.MISSING:
            made[each.name] = each.default_factory()
        elif each.default is not dataclasses.MISSING:
            made[each.name] = each.default
        else:
            raise ValueError
    if left:
        raise ValueError
    record = kind.made_of(made, values)
    record.check()
    return record


def _within(bounds: Bounds, value: Any) -> Any:
    if value is not None and not bounds.admit(value):
        raise ValueError
    return value
