"""`Record`: base of the types of a spec, which reading images needs without pydantic, since that loads slowly.

A record is a frozen dataclass with the methods of pydantic's models, as configs have them (`config.py`). Pydantic is
loaded only where it is needed: to write a record, to tell its fields, and for values that are not plainly right, of
which it converts some, and says of the others what is wrong.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar, get_type_hints

from crnn_deploy.plain_values import Bounds, Take, taker

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

    model_fields: ClassVar[_Fields] = _Fields()
    hints: ClassVar[dict[str, Any]] = {}
    """Types of the fields by their names."""
    _takers: ClassVar[dict[str, Take]] = {}
    model_fields_set: frozenset[str]
    """Names of the fields that were given."""

    def __init_subclass__(cls) -> None:
        dataclasses.dataclass(frozen=True, init=False)(cls)
        cls.hints = get_type_hints(cls, include_extras=True)
        cls._takers = {name: taker(cls.hints[name], each.metadata["bounds"]) for name, each in cls._fields().items()}

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
        with suppress(ValueError):
            return cls.plain(data)
        from crnn_deploy.record_model import model_of, record_of

        made: R = record_of(model_of(cls).model_validate(data), cls)
        return made

    @classmethod
    def plain(cls: type[R], data: Any) -> R:
        """As `model_validate`, but only of values that are plainly right (`plain_values.py`), and without pydantic.

        Raises:
            ValueError: for other values, which may be right nevertheless.
        """
        if isinstance(data, cls):
            return data
        values, fields = cls.in_full(data), cls._fields()
        if type(values) is not dict or not values.keys() <= fields.keys():
            raise ValueError
        made = cls.made_of(
            {name: cls._takers[name](values[name]) if name in values else _default(fields[name]) for name in fields},
            given=values,
        )
        made.check()
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
        return ((name, getattr(self, name)) for name in self._fields())

    @classmethod
    def _fields(cls) -> dict[str, dataclasses.Field[Any]]:
        return {each.name: each for each in dataclasses.fields(cls)}  # type: ignore[arg-type]  # subclasses are some

    @classmethod
    def __get_pydantic_core_schema__(cls, _source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        from crnn_deploy.record_model import schema_of

        return schema_of(cls, handler)


def _default(field: dataclasses.Field[Any]) -> Any:
    if field.default_factory is not dataclasses.MISSING:
        return field.default_factory()
    if field.default is dataclasses.MISSING:
        raise ValueError
    return field.default
