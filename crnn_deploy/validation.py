"""External input is validated once, here, and trusted afterwards."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, TypeAlias, TypeVar, get_args

from crnn_deploy.errors import InputError
from crnn_deploy.record import Record

if TYPE_CHECKING:  # a program that reads images needs no pydantic
    from pydantic import ValidationError
    from typing_extensions import Self, TypeIs

    from crnn_deploy.config import Frozen

ConfigType: TypeAlias = "type[Frozen] | type[Record]"
Validated = TypeVar("Validated", bound="_Validated")


class _Validated(Protocol):
    @classmethod
    def model_validate(cls, obj: Any, /) -> Self: ...


def parse(model: type[Validated], data: Any, origin: str, spell: Callable[[str], str] = str) -> Validated:
    """Validate `data` as `model`.

    Args:
        origin: what the data are; the message begins with it.
        spell: how the user writes a key, if not by its own name.

    Raises:
        InputError: naming each wrong key; a misspelt key gets the nearest right one as a suggestion.
    """
    try:
        return model.model_validate(data)
    except ValueError as error:
        from pydantic import ValidationError

        if not isinstance(error, ValidationError):
            raise
        raise InputError(f"{origin} is not valid:", explained(error, model, spell)) from None


def is_config(kind: object) -> TypeIs[ConfigType]:
    """Whether something is a class of configs or of records."""
    return isinstance(kind, type) and hasattr(kind, "model_fields")


def explained(error: ValidationError, model: type[Any] | None = None, spell: Callable[[str], str] = str) -> str:
    """What is wrong, one line for each key; `model`, if it is known, gives the right names of misspelt keys."""
    errors = error.errors()
    # An error inside a value is an error of the value too; only the inner one is shown.
    innermost = [p for p in errors if not any(q["loc"][: len(p["loc"])] == p["loc"] for q in errors if q is not p)]
    moved = {renaming.location for problem in errors if (renaming := _renaming(problem, model))}
    problems = [
        _explain(problem, model, spell)
        for problem in innermost or errors
        if problem["type"] != "missing" or problem["loc"] not in moved
    ]
    return "\n".join(f"  · {text}" for text in problems)


def _explain(problem: Any, model: ConfigType | None, spell: Callable[[str], str]) -> str:
    location = spell(".".join(str(part) for part in problem["loc"]))
    if problem["type"] == "extra_forbidden":
        if renaming := _renaming(problem, model):
            return f"'{location}' is now '{spell('.'.join(map(str, renaming.location)))}'{renaming.remark}"
        *parents, key = problem["loc"]
        keys = _keys_at(model, parents)
        near = difflib.get_close_matches(str(key), keys, n=1)
        if not keys:
            return f"unknown key '{location}'"
        advice = f"did you mean '{near[0]}'?" if near else f"known keys: {', '.join(sorted(keys))}"
        return f"unknown key '{location}': {advice}"
    if problem["type"] == "missing":
        return f"'{location}' is missing"
    message = problem["msg"].removeprefix("Value error, ")
    return f"'{location}': {message}" if location else message


class _Renaming(NamedTuple):
    """Where the value of a renamed key belongs now, and a remark such as `, a fraction`."""

    location: tuple[Any, ...]
    remark: str


def _renaming(problem: Any, model: ConfigType | None) -> _Renaming | None:
    if problem["type"] != "extra_forbidden":
        return None
    *parents, key = problem["loc"]
    nested = _model_at(model, parents)
    renamed: Mapping[str, str] = getattr(nested, "RENAMED", {})
    if key not in renamed:
        return None
    name, comma, remark = renamed[key].partition(",")
    return _Renaming((*parents, name), comma + remark)


def _keys_at(model: ConfigType | None, parents: list[Any]) -> list[str]:
    """Names of the fields of the model at `parents` below `model`."""
    nested = _model_at(model, parents)
    return list(nested.model_fields) if nested else []


def _model_at(model: ConfigType | None, parents: list[Any]) -> ConfigType | None:
    """The model at `parents` below `model`. Of several kinds, a part such as `frame-kl` names the one that is meant."""
    kinds: list[ConfigType] = [] if model is None else [model]
    for part in parents:
        if named := [kind for kind in kinds if part in _names_of(kind)]:
            kinds = named
            continue
        field = next((kind.model_fields[part] for kind in kinds if part in kind.model_fields), None)
        if field is None:
            continue
        kinds = _models_in(field.annotation)
        if not kinds:
            return None
    return kinds[0] if kinds else None


def _names_of(model: ConfigType) -> tuple[str, ...]:
    """The kind or the families that a config stands for; empty where it is not one of several."""
    named_by = getattr(model, "NAMED_BY", "")
    return get_args(model.model_fields[named_by].annotation) if named_by else ()


def _models_in(annotation: Any) -> list[ConfigType]:
    if is_config(annotation):
        return [annotation]
    return [model for argument in get_args(annotation) for model in _models_in(argument)]
