"""The pydantic model of a class of records, for what `Record` leaves to pydantic; imported only when that is needed."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from functools import cache
from typing import Any

from pydantic import Field, GetCoreSchemaHandler, create_model, model_validator
from pydantic.fields import FieldInfo
from pydantic_core import CoreSchema, core_schema

from crnn_deploy.config import Frozen


def model_of(record: Any) -> type[Frozen]:
    """A config with the fields and rules of a class of records; where others are nested in it, these are records."""
    return _model_of(record)


@cache
def _model_of(record: Any) -> type[Frozen]:
    def check(model: Frozen) -> Frozen:
        record_of(model, record).check()
        return model

    in_full: Any = classmethod(lambda _model, given: record.in_full(given))
    rules: dict[str, Any] = {"check": model_validator(mode="after")(check)}
    if "in_full" in vars(record):
        rules["in_full"] = model_validator(mode="before")(in_full)
    fields: Any = {each.name: (record.hints[each.name], _field_of(each)) for each in dataclasses.fields(record)}
    return create_model(
        record.__name__,
        __base__=Frozen,
        __doc__=record.__doc__,
        __module__=record.__module__,
        __validators__=rules,
        **fields,
    )


def record_of(model: Frozen, record: Any) -> Any:
    """The record, of this class, with the values of a model."""
    return record.made_of(vars(model), model.model_fields_set)


def modelled(record: Any) -> Frozen:
    """A record as pydantic's serializers take it."""
    return model_of(type(record)).model_construct(set(record.model_fields_set), **dict(record))


def schema_of(record: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
    """Pydantic's schema of a class of records: that of its model, and the way to and from records."""
    schema = handler(model_of(record))

    def read(value: Any, validate: Callable[[Any], Frozen]) -> Any:
        return value if isinstance(value, record) else record_of(validate(value), record)

    def write(value: Any, serialize: Callable[[Frozen], Any]) -> Any:
        return serialize(modelled(value))

    writing = core_schema.wrap_serializer_function_ser_schema(write, schema=schema)
    return core_schema.no_info_wrap_validator_function(read, schema, serialization=writing)


def _field_of(field: dataclasses.Field[Any]) -> FieldInfo:
    said: dict[str, Any] = {key: field.metadata[key] for key in ("description", "examples")}
    if field.default_factory is not dataclasses.MISSING:
        said["default_factory"] = field.default_factory
    elif field.default is not dataclasses.MISSING:
        said["default"] = field.default
    info: FieldInfo = Field(**said, **field.metadata["bounds"].keywords())
    return info
