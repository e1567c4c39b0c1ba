"""What the command line needs to know about a field of a config: read from its annotation, limits and description."""

from __future__ import annotations

import types
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic.fields import FieldInfo

from crnn_deploy.config import Option
from crnn_deploy.validation import ConfigType, is_config

_PLAIN = (bool, int, float, str, Path)
_LONGEST_DEFAULT = 24  # characters
_LIMITS = {"gt": ">", "ge": "≥", "lt": "<", "le": "≤"}


@dataclass(frozen=True)
class FieldType:
    """A field as the command line offers it.

    Attributes:
        option: how it is spelled.
        value: type of the value on the command line; everything that is no plain type is text.
        several: whether it may be given several times.
        words: values that can be listed: those of a `Literal`, or the families and kinds of nested configs.
        models: the nested configs that a value may describe.
        limits: such as `> 0, ≤ 256`.
    """

    option: Option
    value: type
    several: bool = False
    words: tuple[str, ...] = ()
    models: tuple[ConfigType, ...] = ()
    limits: str = ""

    @property
    def completes_files(self) -> bool:
        """Whether the value names a file or a folder."""
        return self.value is Path or self.option.metavar == "SOURCE" or bool(self.option.suffixes)

    @property
    def metavar(self) -> str:
        """What stands for the value in the help."""
        if self.option.metavar:
            return self.option.metavar
        if self.models:
            return f"{_head(self.models[0]).upper()}[:KEY=VALUE,…]"
        if self.words:
            return "|".join(self.words)
        return {int: "N", float: "X", Path: "FILE"}.get(self.value, "TEXT")


def read_type(field: FieldInfo) -> FieldType:
    """What the annotation of a field and its metadata say."""
    return _with_metadata(_read(field.annotation, Option()), field.metadata)


def help_text(field: FieldInfo, kind: FieldType) -> str:
    """The description of a field, with its default and its limits: `Images in a batch. (default 32, > 0)`."""
    notes = ", ".join(filter(None, (_default_text(field), kind.limits)))
    return f"{field.description or ''}{f' ({notes})' if notes else ''}"


def _default_text(field: FieldInfo) -> str:
    """The default as the help shows it; empty where there is none to show, or the description tells it."""
    value = field.get_default(call_default_factory=False)
    if field.is_required() or value in (None, ()) or isinstance(value, (bool, Path)):
        return ""
    if is_config(type(value)):
        return f"default {getattr(value, _head(type(value)))}"
    text = ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)
    return f"default {text}" if len(text) <= _LONGEST_DEFAULT else ""


def inner_fields(kind: FieldType) -> dict[str, FieldInfo]:
    """The fields of the nested configs but the first, by name; where several configs have one, the first counts."""
    fields: dict[str, FieldInfo] = {}
    for model in kind.models:
        head = _head(model)
        for name, field in model.model_fields.items():
            if name != head:
                fields.setdefault(name, field)
    return fields


def _read(annotation: Any, option: Option) -> FieldType:
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _with_metadata(_read(arguments[0], option), arguments[1:])
    if origin in (Union, types.UnionType):
        return _read_union([argument for argument in arguments if argument is not type(None)], option)
    if origin is Literal:
        return FieldType(option, type(arguments[0]), words=tuple(map(str, arguments)))
    if origin is tuple:
        return replace(_read(arguments[0], option), several=True)
    if annotation in _PLAIN:
        return FieldType(option, annotation)
    if is_config(annotation):
        return FieldType(option, str, words=_words_of(annotation), models=(annotation,))
    return FieldType(option, str)


def _read_union(arguments: list[Any], option: Option) -> FieldType:
    kinds = [_read(argument, option) for argument in arguments]
    if len(kinds) == 1:
        return kinds[0]
    words = tuple(dict.fromkeys(word for kind in kinds for word in kind.words))
    return FieldType(option, str, words=words, models=tuple(model for kind in kinds for model in kind.models))


def _with_metadata(kind: FieldType, metadata: Any) -> FieldType:
    for entry in metadata:
        if isinstance(entry, Option):
            kind = replace(kind, option=entry)
        elif isinstance(entry, FieldInfo):
            kind = _with_metadata(kind, entry.metadata)
        elif limits := list(_limits(entry)):
            kind = replace(kind, limits=", ".join([*filter(None, [kind.limits]), *limits]))
    if kind.option.text:
        return replace(kind, value=str, several=False, words=(), limits="")
    return kind


def _limits(entry: Any) -> Iterator[str]:
    for name, sign in _LIMITS.items():
        limit = getattr(entry, name, None)
        if limit is not None:
            yield f"{sign} {limit:,}" if isinstance(limit, int) else f"{sign} {limit:g}"


def head_of(kind: FieldType) -> str:
    """The name of the first field of a nested config, which names its family or kind."""
    return _head(kind.models[0])


def _head(model: ConfigType) -> str:
    """The field that a compact spelling begins with, or the first one."""
    return getattr(model, "NAMED_BY", "") or next(iter(model.model_fields))


def _words_of(model: ConfigType) -> tuple[str, ...]:
    annotation = model.model_fields[_head(model)].annotation
    return tuple(map(str, get_args(annotation))) if get_origin(annotation) is Literal else ()
