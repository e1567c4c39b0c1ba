"""YAML and JSON of others: read within limits, so that a file can take neither long nor much memory.

What is refused: what exceeds `limits`, recursive YAML, repeated keys, keys that are not text, values that YAML or JSON
can't build, numbers that are not finite in JSON, and text that can't be written as UTF-8 or holds a NUL.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from crnn_deploy.errors import InputError
from crnn_deploy.files import require_file
from crnn_deploy.limits import MAX_DEPTH, MAX_DIGITS, MAX_JSON, MAX_YAML, MAX_YAML_VALUES

_NUMBER = re.compile(r"[-+]?[0-9][0-9a-fA-FxX_:.+-]*")  # every spelling in which YAML has numbers

_Base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # without libyaml the same, ten times slower


def read_yaml(path: Path) -> Any:
    """Read one YAML document.

    Raises:
        InputError: if the file is missing, is not YAML, or is refused.
    """
    return parse_yaml(read_text(path, MAX_YAML), str(path))


def parse_yaml(text: str, origin: str) -> Any:
    """One YAML document; `origin` is what the text is, for messages.

    Raises:
        InputError: if it is not YAML, or is refused.
    """
    try:
        _check_events(yaml.parse(text, Loader=_Loader))
        return yaml.load(text, Loader=_Loader)
    except yaml.YAMLError as error:
        raise InputError(f"{origin} is not valid YAML.", str(error)) from None
    except (ValueError, KeyError, IndexError, AttributeError) as error:  # PyYAML's, of values such as `!!int x`
        raise InputError(f"{origin} holds a value that YAML cannot build.", str(error)) from None


def read_json(path: Path) -> Any:
    """Read a JSON file.

    Raises:
        InputError: if the file is missing, is not JSON, or is refused.
    """
    return parse_json(read_text(path, MAX_JSON), str(path))


def parse_json(text: str, origin: str) -> Any:
    """One JSON value; `origin` is what the text is, for messages.

    Raises:
        InputError: if it is not JSON, or is refused.
    """
    try:
        if len(text) > MAX_JSON:
            raise ValueError(f"it has {len(text):,} characters, and {MAX_JSON:,} are read at most")
        value = json.loads(text, object_pairs_hook=_unrepeated, parse_int=_integer, parse_constant=_not_finite)
        _check_value(value, MAX_DEPTH)
    except RecursionError:
        raise InputError(f"{origin} is damaged: it is nested too deeply.", fix="Make the file again.") from None
    except ValueError as error:
        raise InputError(f"{origin} is damaged: {error}.", fix="Make the file again.") from None
    return value


def read_text(path: Path, largest: int) -> str:
    """The text of a UTF-8 file of at most `largest` bytes, without a byte order mark, with `\\n` as the line end.

    Raises:
        InputError: if the file is missing, is no regular file, is larger, or is not UTF-8.
    """
    require_file(path, may_be_empty=True)
    try:
        with path.open("rb") as file:
            data = file.read(largest + 1)
        if len(data) > largest:
            raise InputError(f"{path} is larger than the {largest:,} bytes that are read of such a file.")
        return data.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is not UTF-8: {error}.", fix="Save it as UTF-8.") from None
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}.") from None


class _Loader(_Base):  # type: ignore[misc]  # libyaml's loader or PyYAML's own
    """Builds mappings, lists, text, numbers, booleans and null; dates and `=` stay text."""

    yaml_implicit_resolvers = {  # noqa: RUF012 - PyYAML's way to name them
        first: [(tag, pattern) for tag, pattern in resolvers if tag.rpartition(":")[2] not in ("timestamp", "value")]
        for first, resolvers in _Base.yaml_implicit_resolvers.items()
    }
    yaml_constructors = {  # noqa: RUF012
        tag: build
        for tag, build in _Base.yaml_constructors.items()
        if tag is None or tag.rpartition(":")[2] in ("null", "bool", "int", "float", "seq", "str", "map")
    }

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        mapping: dict[Any, Any] = super().construct_mapping(node, deep)
        for key in mapping:
            if not isinstance(key, str):
                raise yaml.constructor.ConstructorError(None, None, f"the key {key} is not text", node.start_mark)
        return mapping


@dataclass
class _Open:
    """A list or mapping whose end was not reached: values and levels in it so far, and of a mapping its keys."""

    anchor: str | None
    keys: set[str] | None
    values: int = 1
    levels: int = 0
    children: int = 0

    def add(self, values: int, levels: int) -> None:
        self.values += values
        self.levels = max(self.levels, levels)
        self.children += 1


def _check_events(events: Iterable[yaml.Event]) -> None:
    """Raise `YAMLError` where a document is recursive, repeats a key, or is too large with its aliases written out."""
    anchors: dict[str, tuple[int, int]] = {}  # values and levels of each finished node that has a name
    stack = [_Open(None, None)]
    for event in events:
        top = stack[-1]
        if isinstance(event, yaml.CollectionStartEvent):
            stack.append(_Open(event.anchor, set() if isinstance(event, yaml.MappingStartEvent) else None))
        elif isinstance(event, yaml.CollectionEndEvent):
            stack.pop()
            if top.anchor:
                anchors[top.anchor] = top.values, top.levels + 1
            stack[-1].add(top.values, top.levels + 1)
        elif isinstance(event, yaml.AliasEvent):
            if event.anchor not in anchors:
                raise _refusal(f"the alias *{event.anchor} stands for nothing, or for what it is a part of", event)
            top.add(*anchors[event.anchor])
        elif isinstance(event, yaml.ScalarEvent):
            _check_scalar(event, top)
            if event.anchor:
                anchors[event.anchor] = 1, 0
            top.add(1, 0)
        if len(stack) + stack[-1].levels > MAX_DEPTH:
            raise _refusal(f"it is nested more than {MAX_DEPTH} levels deep", event)
        if stack[-1].values > MAX_YAML_VALUES:
            raise _refusal(f"it holds more than {MAX_YAML_VALUES:,} values", event)


def _check_scalar(event: yaml.ScalarEvent, parent: _Open) -> None:
    try:
        _check_text(event.value)
    except ValueError as error:
        raise _refusal(str(error), event) from None
    if len(event.value) > MAX_DIGITS and not event.implicit[1] and _NUMBER.fullmatch(event.value):
        raise _refusal(f"a number has more than {MAX_DIGITS} digits", event)
    if parent.keys is not None and parent.children % 2 == 0:
        if event.value in parent.keys:
            raise _refusal(f"the key '{event.value}' stands there twice", event)
        parent.keys.add(event.value)


def _refusal(problem: str, event: yaml.Event) -> yaml.YAMLError:
    return yaml.MarkedYAMLError(problem=problem, problem_mark=event.start_mark)  # type: ignore[arg-type]  # libyaml's marks have a class of their own


def _check_value(value: Any, levels: int) -> None:
    """Raise `ValueError` where JSON holds more levels, a number that is not finite, or text that can't be written."""
    if levels == 0:
        raise ValueError(f"it is nested more than {MAX_DEPTH} levels deep")
    if isinstance(value, str):
        _check_text(value)
    elif isinstance(value, float) and not math.isfinite(value):
        raise ValueError("a number is too large")
    elif isinstance(value, list):
        for item in value:
            _check_value(item, levels - 1)
    elif isinstance(value, dict):
        for key, item in value.items():
            _check_text(key)
            _check_value(item, levels - 1)


def _check_text(text: str) -> None:
    if "\0" in text:
        raise ValueError("a text holds a NUL character")
    if not text.isascii() and any("\ud800" <= character <= "\udfff" for character in text):
        raise ValueError("a text holds half of a surrogate pair")


def _unrepeated(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    mapping = dict(pairs)
    if len(mapping) < len(pairs):
        raise ValueError("a key stands there twice")
    return mapping


def _integer(digits: str) -> int:
    if len(digits) > MAX_DIGITS:
        raise ValueError(f"a number has more than {MAX_DIGITS} digits")
    return int(digits)


def _not_finite(name: str) -> float:
    raise ValueError(f"a number is {name}")
