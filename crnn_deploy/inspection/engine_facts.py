"""What the manifest of a TensorRT engine tells, for people: no GPU and no TensorRT is needed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from crnn_deploy.config import Frozen
from crnn_deploy.runtime.tensorrt.manifest import EngineLayer, EngineManifest, EnginePlugin, ShapeProfile
from crnn_deploy.runtime.tensorrt.names import FlavorName

# The others move, add and compare.
MULTIPLYING_KINDS = ("convolution", "matmul", "plugin")
_FLOATING = ("fp32", "tf32", "fp16", "bf16", "fp8", "fp4")


class EngineFacts(Frozen):
    """Where an engine runs, for which shapes, and how many of its layers run in which precision.

    `layers` are those of the first profile, by kind and precision.
    """

    flavor: FlavorName
    version: str
    compute_capabilities: tuple[str, ...]
    version_compatible: bool
    hardware_compatible: bool
    plugin: EnginePlugin | None
    profiles: tuple[ShapeProfile, ...]
    layers: dict[str, dict[str, int]]


def engine_facts(manifest: EngineManifest) -> EngineFacts:
    """The part of a manifest that `inspect` shows."""
    counts: dict[str, Counter[str]] = {}
    for layer in _first_profile(manifest):
        counts.setdefault(layer.kind, Counter())[layer.precision] += 1
    return EngineFacts(
        flavor=manifest.flavor,
        version=manifest.version,
        compute_capabilities=manifest.compute_capabilities,
        version_compatible=manifest.version_compatible,
        hardware_compatible=manifest.hardware_compatible,
        plugin=manifest.plugin,
        profiles=manifest.profiles,
        layers={kind: dict(count.most_common()) for kind, count in counts.items()},
    )


def engine_precision(manifest: EngineManifest) -> str:
    """Number formats that the products of an engine really run in, such as `int8+fp16`.

    Those of all layers where no product is named (TensorRT fuses some engines into one), and what was asked for where
    the build told nothing.
    """
    layers = _first_profile(manifest)
    products = _formats(layer for layer in layers if layer.kind in MULTIPLYING_KINDS)
    return products or _formats(layers) or manifest.precision


def _formats(layers: Iterable[EngineLayer]) -> str:
    found = {layer.precision for layer in layers if layer.precision in _FLOATING or layer.precision in ("int8", "int4")}
    return "+".join(sorted(found, key=lambda name: (not name.startswith("int"), name)))


def _first_profile(manifest: EngineManifest) -> list[EngineLayer]:
    """The layers of one profile: TensorRT builds the network once for each."""
    return [layer for layer in manifest.layers if layer.profile == 0]
