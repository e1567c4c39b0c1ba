"""Markdown tables of configs: what the command line offers, and which keys a recipe or a spec has.

Everything is read from the fields of the configs, as the command line does it (`crnn_deploy/cli/field_types.py`).
"""

from __future__ import annotations

import inspect
import types
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

from pydantic.fields import FieldInfo

from crnn_deploy.cli.field_types import read_type
from crnn_deploy.cli.options import Setting, settings_of
from crnn_deploy.config import Argument
from crnn_deploy.validation import ConfigType, is_config

Verb = Callable[..., None]

_OPTIONS_HEAD = "| Option | Value | Default | Meaning |\n|---|---|---|---|\n"
_KEYS_HEAD = "| Key | Value | Default | Meaning |\n|---|---|---|---|\n"
_COMMON = ("--json", "Print one JSON object on stdout instead of text."), ("--debug", "Show the traceback of an error.")
_NAMES_OF_KINDS = ("kind", "family")  # keys that tell nested configs apart; they come first
_TYPES = {bool: "`true` or `false`", int: "integer", float: "number", str: "text", Path: "path"}


def verb_section(name: str, verb: Verb) -> str:
    """One verb: what it does, its usage, its options, and the examples of its help."""
    config = get_type_hints(verb).get("config")
    text, _, examples = inspect.cleandoc(verb.__doc__ or "").partition("\b\nExamples:\n")
    settings = list(settings_of(config)) if config else []
    parts = [f"## {name}", text.strip(), f"```text\n{_usage(name, config, settings)}\n```"]
    shown = sorted(settings, key=lambda setting: (not setting.required, setting.spelling.startswith("--")))
    rows = [*(_option_row(config, setting) for setting in shown), *(_common_row(*each) for each in _COMMON)]
    parts.append(_OPTIONS_HEAD + "".join(rows))
    parts.append(f"Examples:\n\n```text\n{inspect.cleandoc(examples)}\n```")
    return "\n\n".join(parts) + "\n"


def key_sections(model: ConfigType, name: str) -> str:
    """The keys of a config, and those of each nested config in one section that all values of its type link to."""
    sections: list[str] = []
    titles: dict[ConfigType, str] = {model: name}
    waiting = [(model, "")]
    while waiting:
        current, path = waiting.pop(0)
        rows = []
        for key, field in sorted(current.model_fields.items(), key=lambda item: item[0] not in _NAMES_OF_KINDS):
            full = f"{path}.{key}" if path else key
            nested = list(_models_of(field.annotation))
            for each in nested:
                if each not in titles:
                    titles[each] = f"{full}: {_kind(each)}" if len(nested) > 1 else full
                    waiting.append((each, full))
            value = _value_text(field, [titles[each] for each in nested])
            rows.append(_row(f"`{key}`", value, _default_text(field), _meaning(field)))
        heading = f"## {name}" if current is model else f"### {_code(titles[current])}"
        text = inspect.cleandoc(current.__doc__ or "")
        sections.append(f"{heading}\n\n{text}\n\n{_KEYS_HEAD}{''.join(rows)}")
    return "\n\n".join(sections) + "\n"


def _usage(name: str, config: ConfigType | None, settings: list[Setting]) -> str:
    words = [f"crnn-deploy {name}"]
    for setting in sorted(settings, key=lambda setting: setting.spelling.startswith("--")):
        kind = read_type(_field_of(config, setting.path))
        if isinstance(kind.option, Argument):
            words.append(setting.spelling + ("..." if kind.several else ""))
        elif setting.required:
            words.append(f"{setting.spelling} {kind.metavar}")
    return " ".join([*words, "[OPTIONS]"])


def _option_row(config: ConfigType | None, setting: Setting) -> str:
    field = _field_of(config, setting.path)
    kind = read_type(field)
    if setting.flag is not None:
        texts = dict(getattr(kind.option, "texts", ()))
        return _row(f"`{setting.spelling}`", "flag", "", texts.get(setting.flag, _meaning(field)))
    spelling = f"`{setting.spelling}`" + (f", `{kind.option.short}`" if kind.option.short else "")
    if kind.value is bool:
        if field.default is True:
            spelling = f"`{setting.spelling}`, `--no-{setting.spelling.removeprefix('--')}`"
        return _row(spelling, "flag", "on" if field.default is True else "off", _meaning(field))
    value = ", ".join(f"`{word}`" for word in kind.words) or f"`{kind.metavar}`"
    if kind.models and kind.words:
        value = f"`{kind.metavar}`: {value}"
    notes = [value, *filter(None, [kind.limits]), *(["may be repeated"] if kind.several else [])]
    default = "required" if setting.required else _default_text(field)
    return _row(spelling, ", ".join(notes), default, _meaning(field))


def _common_row(spelling: str, meaning: str) -> str:
    return _row(f"`{spelling}`", "flag", "off", meaning)


def _field_of(config: ConfigType | None, path: tuple[str, ...]) -> FieldInfo:
    """The field at a path; of a field that several nested configs share, that of the first."""
    assert config is not None
    field = config.model_fields[path[0]]
    if len(path) == 1:
        return field
    return next(model.model_fields[path[1]] for model in read_type(field).models if path[1] in model.model_fields)


def _meaning(field: FieldInfo) -> str:
    examples = " or ".join(f"`{example}`" for example in field.examples or ())
    text = field.description or ""
    return f"{text} Example: {examples}." if examples and text.endswith(".") else text


def _value_text(field: FieldInfo, titles: list[str]) -> str:
    kind = read_type(field)
    if titles:
        links = ", ".join(f"[{_short(title)}](#{_anchor(title)})" for title in titles)
        return f"list of {links}" if kind.several else links
    if kind.option.text:
        return "text" if _is_tuple(field.annotation) else "fraction, such as `0.005` or `0.5%`"
    words = ", ".join(f"`{word}`" for word in kind.words)
    names = words or ("mapping" if _is_mapping(field.annotation) else _TYPES.get(kind.value, "text"))
    return ", ".join(filter(None, [f"list of {names}" if kind.several else names, kind.limits]))


def _default_text(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    if field.default_factory is not None:
        return "none" if _is_mapping(field.annotation) else "made from other options"
    value = field.default
    if value in (None, (), ""):
        return "none"
    if isinstance(value, bool):
        return "`true`" if value else "`false`"
    if is_config(type(value)):
        return "its defaults"
    if isinstance(value, Path):
        return f"`{value.name}`"
    if isinstance(value, tuple):
        plain = all(isinstance(each, (str, int, float)) for each in value)
        return ", ".join(f"`{each}`" for each in value) if plain else "its defaults"
    return f"`{value}`"


def _models_of(annotation: Any) -> Iterator[ConfigType]:
    """The nested configs that a value may be, without doubles."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        yield from _models_of(arguments[0])
    elif origin in (Union, types.UnionType, tuple, list):
        yield from dict.fromkeys(model for argument in arguments for model in _models_of(argument))
    elif is_config(annotation):
        yield annotation


def _kind(model: ConfigType) -> str:
    """What tells a config apart from the others that a value may be: its kind or its family."""
    for name in _NAMES_OF_KINDS:
        if name in model.model_fields:
            return str(model.model_fields[name].default)
    return model.__name__


def _is_mapping(annotation: Any) -> bool:
    return get_origin(annotation) is dict or any(_is_mapping(argument) for argument in get_args(annotation))


def _is_tuple(annotation: Any) -> bool:
    return get_origin(annotation) is tuple or any(_is_tuple(argument) for argument in get_args(annotation))


def _code(title: str) -> str:
    key, colon, kind = title.partition(": ")
    return f"`{key}`{colon}{kind}"


def _short(title: str) -> str:
    """The kind alone where there are several, else the key."""
    key, _, kind = title.partition(": ")
    return f"`{kind or key}`"


def _anchor(title: str) -> str:
    """The anchor that Python-Markdown makes of a heading."""
    kept = "".join(character for character in title.lower() if character.isalnum() or character in " _-")
    return "-".join(kept.split())


def _row(*cells: str) -> str:
    return f"| {' | '.join(cell.replace('|', chr(92) + '|').replace(chr(10), ' ') for cell in cells)} |\n"
