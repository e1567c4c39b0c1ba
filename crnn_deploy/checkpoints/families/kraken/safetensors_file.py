"""kraken's `.safetensors` files: one or more models, described by `kraken_meta` in the header."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from crnn_deploy.artifact import read_safetensors, safetensors_metadata
from crnn_deploy.checkpoints.families.kraken.stored import StoredModel, tasks_of
from crnn_deploy.errors import InputError
from crnn_deploy.escaping import visible
from crnn_deploy.text_formats import parse_json

META_KEY = "kraken_meta"
_NETWORK = "TorchVGSLModel"


def read_models(path: Path) -> list[StoredModel]:
    """The models in a `.safetensors` file.

    Raises:
        InputError: if it is damaged, or none of its models is written in VGSL.
    """
    meta = parse_json(safetensors_metadata(path).get(META_KEY, "null"), f"`{META_KEY}` in {path}")
    if not isinstance(meta, dict) or not all(isinstance(entry, dict) for entry in meta.values()):
        raise InputError(f"`{META_KEY}` in {path} is no mapping of names to models.")
    known = {name: entry for name, entry in meta.items() if entry.get("_model") == _NETWORK}
    if not known:
        kinds = ", ".join(sorted({visible(str(entry.get("_model")))[:40] for entry in meta.values()})) or "nothing"
        raise InputError(
            f"{path} holds no network of kraken that crnn-deploy knows.",
            f"It knows those written in VGSL ({_NETWORK}); the file holds {kinds}.",
        )
    tensors = read_safetensors(path)
    return [_model(path, name, entry, tensors) for name, entry in known.items()]


def _model(path: Path, name: str, entry: dict[str, Any], tensors: dict[str, Any]) -> StoredModel:
    vgsl, codec = entry.get("vgsl"), entry.get("codec")
    if not isinstance(vgsl, str):
        raise InputError(f"The model {visible(name)} in {path} has no network: `vgsl` is missing.")
    if isinstance(codec, str):
        codec = parse_json(codec, f"`codec` in {path}")
    prefix = f"{name}.nn."
    own = {key.removeprefix(prefix): tensor for key, tensor in tensors.items() if key.startswith(prefix)}
    tasks = tasks_of(entry.get("_tasks")) or tasks_of(entry.get("model_type"))
    return StoredModel(name, vgsl, codec, tasks, entry.get("seg_type"), own)
