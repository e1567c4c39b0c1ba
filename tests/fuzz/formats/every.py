"""All formats by name."""

from __future__ import annotations

from fuzz.case import Format
from fuzz.formats import (
    checkpoints,
    engines,
    idx,
    images,
    labels,
    lmdbs,
    npz,
    onnx_files,
    run_folders,
    safetensors_files,
    tars,
    yaml_files,
)

_MODULES = (
    onnx_files, safetensors_files, checkpoints, engines, tars, lmdbs, npz, idx, labels, yaml_files, images, run_folders,
)  # fmt: skip
FORMATS: dict[str, Format] = {module.FORMAT.name: module.FORMAT for module in _MODULES}
