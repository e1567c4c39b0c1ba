"""Compact spellings `NAME:KEY=VALUE,…`, in which the command line and recipes write a choice with its options."""

from __future__ import annotations


def parse_compact(text: str, key: str) -> dict[str, str | int]:
    """The fields that `NAME:KEY=VALUE,…` stands for.

    Whole numbers become integers. All other values stay text, which pydantic converts to the type of the field.

    Args:
        key: the field that holds NAME, such as `kind` or `family`.

    Raises:
        ValueError: if a setting is not KEY=VALUE, or a key is given twice.
    """
    name, _, rest = text.partition(":")
    fields: dict[str, str | int] = {key: name}
    for setting in filter(None, rest.split(",")):
        field, equals, value = setting.partition("=")
        if not equals:
            raise ValueError(f"{text}: '{setting}' is not key=value. Write {name}:KEY=VALUE")
        if field in fields:
            raise ValueError(f"{text}: {field} is given twice. Leave one of them out.")
        fields[field] = int(value) if value.isdecimal() else value
    return fields


def expand_compact(value: object, key: str) -> object:
    """For validators that run before pydantic's: the fields of a compact spelling, or any other value unchanged.

    Raises:
        ValueError: as `parse_compact`.
    """
    return parse_compact(value, key) if isinstance(value, str) else value
