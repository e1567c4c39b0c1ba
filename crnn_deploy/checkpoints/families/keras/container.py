"""The two kinds of files that Keras writes: `.keras`, a zip archive, and `.h5`. Nothing in them is executed."""

from __future__ import annotations

import re
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from crnn_deploy.checkpoints.families.keras.hdf5 import SIGNATURE, Hdf5File, open_hdf5
from crnn_deploy.errors import InputError
from crnn_deploy.files import FULL_DISK
from crnn_deploy.limits import MAX_EXPANSION, MAX_JSON, SMALL_EXPANSION
from crnn_deploy.text_formats import parse_json

_CONFIG, _METADATA, _WEIGHTS = "config.json", "metadata.json", "model.weights.h5"
_ZIP_START = b"PK\x03\x04"
_PIECE = 1 << 20
# What zipfile and its decompressors raise on damage; RuntimeError also on a password.
_DAMAGE = (OSError, ValueError, EOFError, zipfile.BadZipFile, zlib.error, RuntimeError, NotImplementedError, KeyError)
# Groups of the layers in a `.keras` file; the second name is that of Keras 2.12 to 2.15.
_LAYERS = ("layers", "_layer_checkpoint_dependencies")
# Where a layer keeps its weights: its own, those of its cell, of its two directions, of the layer that it wraps.
_PLACES = ("vars", "cell/vars", "forward_layer/cell/vars", "backward_layer/cell/vars", "layer/vars")
# Names of weights in `.h5` files, in the order in which layers make them.
_ROLES = (
    *("kernel", "depthwise_kernel", "recurrent_kernel", "bias"),
    *("gamma", "beta", "moving_mean", "moving_variance"),
)

Weights = list[NDArray[np.float32]]


@dataclass(frozen=True)
class KerasFile:
    """What a Keras file holds.

    Attributes:
        model: the config of the model, as Keras writes it: `class_name` and `config`.
        version: of the Keras that wrote it, such as `3.15.0`; empty: not told.
        weights: of each layer that has some, by its name.
    """

    model: Mapping[str, Any]
    version: str
    weights: Mapping[str, Weights] = field(repr=False)


def is_keras(path: Path) -> bool:
    """Whether a file is a Keras archive or HDF5."""
    try:
        with path.open("rb") as file:
            start = file.read(len(SIGNATURE))
        if start == SIGNATURE or path.suffix == ".keras":
            return True
        if not start.startswith(_ZIP_START):
            return False
        with zipfile.ZipFile(path) as archive:
            return {_CONFIG, _WEIGHTS} <= set(archive.namelist())
    except _DAMAGE:
        return False


def read_here(path: Path, folder: Path) -> KerasFile:
    """Read a `.keras` or `.h5` file in this process, which a damaged one may crash or keep busy for ever.

    Args:
        folder: an empty one, for a copy of the weights.

    Raises:
        InputError: if it is damaged, holds weights alone, or asks for more memory than what it holds needs.
        OSError: if the disk of `folder` is full.
    """
    with path.open("rb") as file:
        start = file.read(len(SIGNATURE))
    return _read_hdf5(path) if start == SIGNATURE else _read_archive(path, folder)


def _read_archive(path: Path, folder: Path) -> KerasFile:
    try:
        with zipfile.ZipFile(path) as archive:
            missing = {_CONFIG, _WEIGHTS} - set(archive.namelist())
            if missing:
                raise InputError(
                    f"{path} holds no {' and no '.join(sorted(missing))}.",
                    "It is an archive of another kind, or damaged.",
                    "Save the model again with Keras: model.save('NAME.keras').",
                )
            model = _json(archive, _CONFIG, path)
            about = _json(archive, _METADATA, path) if _METADATA in archive.namelist() else {}
            with open_hdf5(_unpacked(archive, path, folder), path) as file:
                weights = _weights_of_archive(file, model)
    except InputError:
        raise
    except _DAMAGE as error:
        if isinstance(error, OSError) and error.errno in FULL_DISK:
            raise
        raise _damaged(path, error) from None
    return KerasFile(model, str(about.get("keras_version", "")), weights)


def _json(archive: zipfile.ZipFile, name: str, path: Path) -> dict[str, Any]:
    with archive.open(name) as file:
        data = file.read(MAX_JSON + 1)  # whatever the directory of the archive says
    if len(data) > MAX_JSON:
        raise InputError(f"{name} in {path} is larger than the {MAX_JSON:,} bytes that are read of such a file.")
    value = parse_json(data.decode("utf-8"), f"{name} in {path}")
    if not isinstance(value, dict):
        raise InputError(f"{name} in {path} is damaged: it is no mapping.", fix="Save the model again with Keras.")
    return value


def _unpacked(archive: zipfile.ZipFile, path: Path, folder: Path) -> Path:
    """The weights as a file of their own, which HDF5 needs."""
    largest = MAX_EXPANSION * path.stat().st_size + SMALL_EXPANSION
    stored = folder / _WEIGHTS
    with archive.open(_WEIGHTS) as file, stored.open("wb") as copy:
        _copy(file, copy, largest, path)
    return stored


def _copy(source: IO[bytes], target: IO[bytes], largest: int, path: Path) -> None:
    copied = 0
    while piece := source.read(_PIECE):
        copied += len(piece)
        if copied > largest:
            raise InputError(
                f"{_WEIGHTS} in {path} unpacks to more than {largest:,} bytes, and {path} has {path.stat().st_size:,}.",
                "Keras does not compress weights, and they can hardly be compressed.",
                "Save the model again with Keras: model.save('NAME.keras').",
            )
        target.write(piece)


def _weights_of_archive(file: Hdf5File, model: Mapping[str, Any]) -> dict[str, Weights]:
    """Weights by layer. A group has the name of its class with a number; newer versions tell the name of the layer."""
    root = next((root for root in _LAYERS if file.names(root)), _LAYERS[0])
    groups = {group: file.text(f"{root}/{group}/vars", "name") for group in file.names(root)}
    told = {name: group for group, name in groups.items() if name}
    weights, counts = {}, dict[str, int]()
    for class_name, name in _named_layers(model):
        snake = _snake_case(class_name)
        number = counts[snake] = counts.get(snake, -1) + 1
        group = told.get(name) or (f"{snake}_{number}" if number else snake)
        if group in groups:
            weights[name] = _of_group(file, f"{root}/{group}")
    return weights


def _named_layers(model: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Class and name of each layer in the config."""
    config = model.get("config")
    layers = config.get("layers") if isinstance(config, dict) else None
    named = []
    for layer in layers if isinstance(layers, list) else ():
        inner = layer.get("config") if isinstance(layer, dict) else None
        if isinstance(inner, dict):
            named.append((str(layer.get("class_name")), str(inner.get("name", layer.get("name")))))
    return named


def _of_group(file: Hdf5File, group: str) -> Weights:
    places = [f"{group}/{place}" for place in _PLACES]
    return [
        file.array(f"{place}/{name}")
        for place in places
        for name in sorted(file.names(place), key=lambda name: (len(name), name))
        if file.is_array(f"{place}/{name}")
    ]


def _snake_case(name: str) -> str:
    """The name of a class as Keras spells it in files, such as `max_pooling2d` of `MaxPooling2D`."""
    name = re.sub(r"\W+", "", name)
    name = re.sub("(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub("([a-z])([A-Z])", r"\1_\2", name).lower()


def _read_hdf5(path: Path) -> KerasFile:
    with open_hdf5(path, path) as file:
        config = file.text("", "model_config")
        if not config:
            raise InputError(
                f"{path} holds no network, only weights or something else.",
                "It was made with save_weights, or by another program, and does not say which layers it has.",
                "Where you made it, save the whole model: model.save('NAME.keras').",
            )
        model = parse_json(config, f"model_config in {path}")
        if not isinstance(model, dict):
            raise InputError(f"model_config in {path} is damaged: it is no mapping.", fix="Save the model again.")
        weights = {
            name: [file.array(stored) for stored in sorted(_stored(file, name), key=_rank)]
            for _, name in _named_layers(model)
        }
        return KerasFile(model, file.text("", "keras_version"), weights)


def _stored(file: Hdf5File, layer: str) -> list[str]:
    """Names of the weights of a layer, without the states of random generators."""
    return [name for name in file.arrays_below(f"model_weights/{layer}") if "seed" not in name.rpartition("/")[2]]


def _rank(stored: str) -> tuple[bool, int]:
    """The place of a weight among those of its layer: in Keras's order, the first direction before the second."""
    *groups, name = stored.split("/")
    name = name.partition(":")[0]
    backward = any(group.startswith("backward_") for group in groups)
    return backward, _ROLES.index(name) if name in _ROLES else len(_ROLES)


def _damaged(path: Path, error: object) -> InputError:
    return InputError(
        f"{path} is not a complete Keras archive: {error}.",
        "It is truncated or damaged; a download or copy was probably interrupted.",
        "Fetch the file again and compare its size or checksum.",
    )
