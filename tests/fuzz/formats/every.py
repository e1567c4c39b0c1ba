"""All formats by name."""

from __future__ import annotations

from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

from fuzz.case import Format, Seed
from fuzz.formats import (
    beside_models,
    checkpoints,
    engines,
    foreign_checkpoints,
    idx,
    images,
    keras_models,
    kraken_models,
    labels,
    lmdbs,
    npz,
    onnx_files,
    page_files,
    parquet_files,
    run_folders,
    safetensors_files,
    tars,
    yaml_files,
    zips,
)

_MODULES = (
    onnx_files, safetensors_files, checkpoints, foreign_checkpoints, beside_models, keras_models, kraken_models,
    engines, tars, zips, lmdbs, parquet_files, npz, idx, labels, page_files, yaml_files, images, run_folders,
)  # fmt: skip
FORMATS: dict[str, Format] = {module.FORMAT.name: module.FORMAT for module in _MODULES}
_NEEDED = {"parquet": "pyarrow"}

_NO_READER = ("recipe.yaml", "r.yaml", "line.engine", "classes.txt")  # only the command line reads these targets


def missing_package(name: str) -> str:
    """The package without which files of a format can be neither made nor read; empty if it is there or none is."""
    package = _NEEDED.get(name, "")
    return "" if not package or find_spec(package) else package


def reader_seed(name: str) -> Seed:
    """The first seed of a format whose target can be read without the command line; `with_atheris.py` mutates it."""
    return next(seed for seed in FORMATS[name].seeds() if seed.target not in _NO_READER)


def grown_seeds(name: str, folder: Path) -> list[Seed]:
    """That seed with the inputs of a corpus folder that `with_atheris.py` left; empty if there is none."""
    if not folder.is_dir():
        return []
    seed = reader_seed(name)
    inputs = [path.read_bytes() for path in sorted(folder.iterdir())]
    return [replace(seed, files={**seed.files, seed.target: data}) for data in inputs]
