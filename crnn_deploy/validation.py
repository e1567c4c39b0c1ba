"""External input is validated once, here, and trusted afterwards."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar, get_args

import yaml
from pydantic import BaseModel, ValidationError

from crnn_deploy.config import Frozen
from crnn_deploy.errors import InputError

M = TypeVar("M", bound=BaseModel)


def parse(model: type[M], data: Any, origin: str, spell: Callable[[str], str] = str) -> M:
    """Validate `data` as `model`.

    Args:
        origin: what the data are, to begin the message with.
        spell: how the user writes a key, where that is not its own name.

    Raises:
        InputError: naming each wrong key; a misspelt key gets the nearest right one as a suggestion.
    """
    try:
        return model.model_validate(data)
    except ValidationError as error:
        found = error.errors()
        # What is wrong inside a value makes the value wrong too; the inner complaint says it all.
        innermost = [p for p in found if not any(q["loc"][: len(p["loc"])] == p["loc"] for q in found if q is not p)]
        renamed = {name for problem in found if (name := _new_name(problem, model))}
        problems = [
            _explain(problem, model, spell)
            for problem in innermost or found
            if problem["type"] != "missing" or problem["loc"] not in renamed
        ]
        raise InputError(f"{origin} is not valid:", "\n".join(f"  · {text}" for text in problems)) from None


def read_yaml(path: Path) -> Any:
    """Read one YAML document.

    Raises:
        InputError: if the file is missing or is not YAML.
    """
    try:
        return yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError(f"{path} does not exist.", fix="Check the path.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path} cannot be read: {error}.") from None
    except yaml.YAMLError as error:
        raise InputError(f"{path} is not valid YAML.", str(error)) from None


def _explain(problem: Any, model: type[BaseModel], spell: Callable[[str], str]) -> str:
    location = spell(".".join(str(part) for part in problem["loc"]))
    if problem["type"] == "extra_forbidden":
        *parents, key = problem["loc"]
        if name := _new_name(problem, model):
            remark = _renamed_at(model, parents)[key].partition(",")[2]
            return f"'{location}' is now '{spell('.'.join(map(str, name)))}'{f',{remark}' if remark else ''}"
        known = _keys_at(model, parents)
        near = difflib.get_close_matches(str(key), known, n=1)
        advice = f"did you mean '{near[0]}'?" if near else f"known keys: {', '.join(sorted(known))}"
        return f"unknown key '{location}': {advice}"
    if problem["type"] == "missing":
        return f"'{location}' is missing"
    message = problem["msg"].removeprefix("Value error, ")
    return f"'{location}': {message}" if location else message


def _new_name(problem: Any, model: type[BaseModel]) -> tuple[Any, ...] | None:
    """Where a key that was renamed belongs now, or None for any other problem."""
    *parents, key = problem["loc"] or (None,)
    if problem["type"] != "extra_forbidden" or key not in (renamed := _renamed_at(model, parents)):
        return None
    return (*parents, renamed[key].partition(",")[0])


def _keys_at(model: type[BaseModel], parents: list[Any]) -> list[str]:
    """Names of the fields of the model at `parents` below `model`."""
    nested = _model_at(model, parents)
    return list(nested.model_fields) if nested else []


def _renamed_at(model: type[BaseModel], parents: list[Any]) -> Mapping[str, str]:
    """Old names of the fields of that model, with their new names and remarks."""
    nested = _model_at(model, parents)
    return nested.RENAMED if nested is not None and issubclass(nested, Frozen) else {}


def _model_at(model: type[BaseModel], parents: list[Any]) -> type[BaseModel] | None:
    for part in parents:
        if not isinstance(part, str) or part not in model.model_fields:
            continue
        nested = _models_in(model.model_fields[part].annotation)
        if not nested:
            return None
        model = nested[0]
    return model


def _models_in(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [found for argument in get_args(annotation) for found in _models_in(argument)]
