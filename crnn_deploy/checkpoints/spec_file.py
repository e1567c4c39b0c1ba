"""Spec files: YAML in which a user describes a model that does not contain its own description.

The keys are those of `ModelSpec`, and `charset_file`: a file beside the YAML file with one character in each line.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from crnn_deploy.errors import InputError
from crnn_deploy.limits import MAX_YAML
from crnn_deploy.spec import ModelSpec
from crnn_deploy.text_formats import read_text, read_yaml
from crnn_deploy.validation import parse


def read_fields(path: Path) -> dict[str, Any]:
    """The fields in a spec file, with `charset_file` replaced by the charset that it holds.

    Raises:
        InputError: if a file is missing, or has another form.
    """
    fields = read_yaml(path)
    if not isinstance(fields, dict):
        raise InputError(f"{path} is not a spec.", "It holds no keys.", "Write `charset: …` and `preprocessing: …`.")
    if "charset_file" not in fields:
        return fields
    if "charset" in fields:
        raise InputError(f"{path} has both 'charset' and 'charset_file'.", fix="Keep one of them.")
    charset = _read_dictionary(path.parent / str(fields["charset_file"]))
    return {key: value for key, value in fields.items() if key != "charset_file"} | {"charset": charset}


def make_spec(name: str, detected: Mapping[str, Any], path: Path | None) -> ModelSpec:
    """A spec from the `detected` fields and those in the spec file at `path`, which replace detected ones.

    Raises:
        InputError: naming each wrong or missing field.
    """
    written = read_fields(path) if path else {}
    merged = _merged(_without_padding(detected, written), written)
    return parse(ModelSpec, {"name": name} | merged, str(path or f"The spec of {name}"))


def check_outputs(spec: ModelSpec, outputs: int, name: str) -> None:
    """Raise `InputError` unless the charset or the class names fit a head of `outputs` classes."""
    if outputs == spec.num_outputs:
        return
    if spec.task == "classify":
        raise InputError(
            f"The class names don't fit the head of {name}.",
            f"There are {len(spec.class_names)} names, and the head has {outputs} outputs.",
        )
    raise InputError(
        f"The charset doesn't fit the head of {name}.",
        f"{len(spec.charset)} characters and the blank make {spec.num_outputs}, and the head has {outputs} outputs.",
        "Give the model's own charset, in class order and without the blank: --spec SPEC.yaml with `charset: …`; "
        "or, where the family has charsets for several languages, the language: --lang.",
    )


def _without_padding(detected: Mapping[str, Any], written: Mapping[str, Any]) -> Mapping[str, Any]:
    """`detected`, without the width that lines are padded to where the written spec fixes the width of the input."""
    preprocessing, changes = detected.get("preprocessing"), written.get("preprocessing")
    if not (isinstance(preprocessing, Mapping) and isinstance(changes, Mapping) and changes.get("width")):
        return detected
    return {**detected, "preprocessing": {key: value for key, value in preprocessing.items() if key != "pad_to"}}


def _merged(detected: Mapping[str, Any], written: Mapping[str, Any]) -> dict[str, Any]:
    """Both; written fields replace detected ones, and nested mappings are merged key by key."""
    nested = {
        key: _merged(detected[key], value)
        for key, value in written.items()
        if isinstance(value, Mapping) and isinstance(detected.get(key), Mapping)
    }
    return {**detected, **written, **nested}


def _read_dictionary(path: Path) -> tuple[str, ...]:
    try:
        text = read_text(path, MAX_YAML)
    except InputError as error:
        raise InputError(f"The charset file {path} cannot be read.", str(error), "Check `charset_file`.") from None
    lines = text.removesuffix("\n").split("\n")
    for number, line in enumerate(lines, 1):
        if len(line) != 1:
            raise InputError(
                f"{path}, line {number}: expected one character, got {line[:40]!r}.",
                fix="Where a class stands for several characters, write a list in the spec: charset: [a, b, …].",
            )
    return tuple(lines)
