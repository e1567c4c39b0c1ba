"""Artifacts: ordinary `.safetensors`, `.onnx` and `.engine` files that carry their `ModelSpec`.

An engine is TensorRT's own plan file, which has no place for the spec: it is stored in `NAME.engine.json`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import onnx
from safetensors import SafetensorError, safe_open

from crnn_deploy.errors import InputError
from crnn_deploy.files import replacing, require_file
from crnn_deploy.onnx_graph.external_data import model_files, model_sha256
from crnn_deploy.onnx_graph.reading import read_sound
from crnn_deploy.spec import SCHEMA_VERSION, ModelSpec
from crnn_deploy.text_formats import parse_json, read_json
from crnn_deploy.validation import parse

if TYPE_CHECKING:  # PyTorch takes seconds to load, and ONNX files don't need it
    import torch

SPEC_KEY = "crnn_deploy.spec"


@dataclass(frozen=True)
class Artifact:
    """A model file with its spec.

    Args:
        trust_module: the Python file that the artifact of a user's own network names may be run.
    """

    path: Path
    spec: ModelSpec
    trust_module: bool = False

    @cached_property
    def sha256(self) -> str:
        return model_sha256(self.path)

    @property
    def size_bytes(self) -> int:
        """Bytes of the files that ship; of an engine, without its JSON."""
        return sum(file.stat().st_size for file in model_files(self.path))

    @property
    def format(self) -> str:
        """`safetensors`, `onnx` or `engine`."""
        return self.path.suffix.removeprefix(".")


def open_artifact(path: Path | str, trust_module: bool = False) -> Artifact:
    """Read the spec out of a `.safetensors` or `.onnx` file, or of the JSON beside an `.engine`.

    Args:
        trust_module: the Python file that the artifact of a user's own network names may be run later.

    Raises:
        InputError: if the file is missing, broken, of another kind, or carries no spec.
    """
    path = Path(path)
    spec = read_spec(path)
    if spec is None:
        raise InputError(
            f"{path} carries no crnn-deploy spec.",
            "It was not made by crnn-deploy, so its charset and preprocessing are unknown.",
            f"Write them down once and add them: crnn-deploy import {path} --spec SPEC.yaml -o OUT{path.suffix}",
        )
    return Artifact(path, spec, trust_module)


def require_onnx(artifact: Artifact) -> None:
    """Raise `InputError`, with what to do instead, unless the artifact is an `.onnx` file."""
    if artifact.format == "engine":
        raise InputError(
            f"{artifact.path} is a TensorRT engine, which nothing more can be made from.",
            fix="Give the .onnx file that it was built from.",
        )
    if artifact.format != "onnx":
        raise InputError(
            f"{artifact.path} is not ONNX.",
            fix=f"First: crnn-deploy export {artifact.path} -o {artifact.path.with_suffix('.onnx')}",
        )


def read_spec(path: Path) -> ModelSpec | None:
    """The spec of a `.safetensors`, `.onnx` or `.engine` file, or None where a sound file holds none.

    Raises:
        InputError: if the file is missing, broken or of another kind.
    """
    require_file(path)
    if path.suffix == ".engine":
        return _parse_spec(read_engine_json(path, "spec"), engine_json(path))
    if path.suffix == ".safetensors":
        text = safetensors_metadata(path).get(SPEC_KEY)
    elif path.suffix == ".onnx":
        return spec_inside(read_onnx(path), path)
    else:
        raise InputError(
            f"{path} is not an artifact: expected .safetensors, .onnx or .engine.",
            fix=f"For a third-party checkpoint, first: crnn-deploy import {path} -o MODEL.safetensors",
        )
    return None if text is None else _parse_spec(parse_json(text, f"The spec inside {path}"), path)


def spec_inside(model: onnx.ModelProto, path: Path) -> ModelSpec | None:
    """The spec in the metadata of an ONNX model, which was read from `path`; None where it holds none.

    Raises:
        InputError: if it is damaged.
    """
    text = next((entry.value for entry in model.metadata_props if entry.key == SPEC_KEY), None)
    return None if text is None else _parse_spec(parse_json(text, f"The spec inside {path}"), path)


def engine_json(engine: Path) -> Path:
    """`NAME.engine.json`, the file with the spec and the manifest of `NAME.engine`."""
    return engine.with_name(f"{engine.name}.json")


def read_engine_json(engine: Path, part: str) -> dict[str, Any]:
    """One part of the JSON beside an engine: `spec`, or `engine` for its manifest.

    Raises:
        InputError: if the JSON is missing or damaged.
    """
    path = engine_json(engine)
    if not path.exists():
        raise InputError(
            f"{path} is missing.",
            "It contains the spec of the engine, which can't be used without it.",
            "Copy it along with the engine, or build the engine again: crnn-deploy build-engine MODEL.onnx",
        )
    try:
        data = read_json(path)
    except InputError as error:
        raise InputError(f"{path} is damaged.", str(error), "Copy it again, or build the engine again.") from None
    values = data.get(part) if isinstance(data, dict) else None
    if not isinstance(values, dict):
        raise InputError(f"{path} is damaged.", fix="Copy it again, or build the engine again.")
    return values


def _parse_spec(data: Any, path: Path) -> ModelSpec:
    version = data.get("schema_version") if isinstance(data, dict) else None
    if type(version) is not int:  # True would count as 1
        raise InputError(f"The spec inside {path} is damaged.", fix="Make the artifact again.")
    if version > SCHEMA_VERSION:
        raise InputError(
            f"{path} was made by a newer crnn-deploy.",
            f"Its spec has schema {version}, and this version reads {SCHEMA_VERSION}.",
            fix="pip install --upgrade crnn-deploy",
        )
    return parse(ModelSpec, data, f"The spec inside {path}")


def write_safetensors(
    path: Path, tensors: Mapping[str, torch.Tensor], spec: ModelSpec, force: bool = False
) -> Artifact:
    """Write weights and their spec, atomically."""
    from safetensors.torch import save

    contiguous = {name: tensor.detach().cpu().contiguous().clone() for name, tensor in tensors.items()}
    with replacing(path, force) as temporary:
        temporary.write_bytes(save(contiguous, metadata={SPEC_KEY: spec.model_dump_json()}))
    return Artifact(path, spec)


def read_safetensors(path: Path) -> dict[str, torch.Tensor]:
    """The tensors of a `.safetensors` file by name.

    Raises:
        InputError: if the file is broken.
    """
    from safetensors.torch import load_file

    require_file(path)
    try:
        return load_file(path)
    except (SafetensorError, OSError) as error:
        raise _broken(path, error) from None


def write_onnx(path: Path, model: onnx.ModelProto, spec: ModelSpec, force: bool = False) -> Artifact:
    """Write a model with the spec in its `metadata_props`, atomically. `model` itself is left as it is."""
    marked = onnx.ModelProto()
    marked.CopyFrom(model)
    kept = [(p.key, p.value) for p in model.metadata_props if p.key != SPEC_KEY]
    del marked.metadata_props[:]
    for key, value in [*kept, (SPEC_KEY, spec.model_dump_json())]:
        marked.metadata_props.add(key=key, value=value)
    with replacing(path, force) as temporary:
        temporary.write_bytes(marked.SerializeToString(deterministic=True))
    return Artifact(path, spec)


def read_onnx(path: Path) -> onnx.ModelProto:
    """Parse an ONNX file, with its external data, and check it.

    Raises:
        InputError: if the file is missing, truncated or not ONNX, its external data is missing, its graph is broken, or
            weights are not finite.
    """
    require_file(path)
    return read_sound(path)


def safetensors_metadata(path: Path) -> dict[str, str]:
    """The texts in the header of a `.safetensors` file. Raises `InputError` if the file is broken."""
    try:
        with safe_open(path, framework="pt") as file:
            return dict(file.metadata() or {})
    except (SafetensorError, OSError) as error:
        raise _broken(path, error) from None


def _broken(path: Path, error: Exception) -> InputError:
    return InputError(
        f"{path} cannot be read as {path.suffix}: {error}.",
        "The file is truncated or is something else under this name.",
        "Fetch or make the file again.",
    )
