"""The precision of a TensorRT engine, from its manifest: no GPU and no TensorRT is needed."""

from __future__ import annotations

from collections.abc import Iterable

from crnn_deploy.runtime.tensorrt.manifest import EngineLayer, EngineManifest

# Layers of other kinds move, add and compare values.
MULTIPLYING_KINDS = ("convolution", "matmul", "plugin")
_FLOATING = ("fp32", "tf32", "fp16", "bf16", "fp8", "fp4")


def engine_precision(manifest: EngineManifest) -> str:
    """Number formats that the products of an engine run in, such as `int8+fp16`.

    Those of all layers where no product is named (TensorRT fuses some engines into one), and what was asked for where
    the build reported no layers.
    """
    layers = manifest.first_profile
    products = _formats(layer for layer in layers if layer.kind in MULTIPLYING_KINDS)
    return products or _formats(layers) or manifest.precision


def _formats(layers: Iterable[EngineLayer]) -> str:
    names = {layer.precision for layer in layers if layer.precision in _FLOATING or layer.precision in ("int8", "int4")}
    return "+".join(sorted(names, key=lambda name: (not name.startswith("int"), name)))
