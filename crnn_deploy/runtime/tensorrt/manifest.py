"""The manifest of an engine: the TensorRT that built it, its GPUs and shapes, and the precision of each layer.

An engine file stores none of that itself. `NAME.engine.json` beside `NAME.engine` does, so that a mismatch is explained
before TensorRT refuses the file with an error code.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from pydantic import Field

from crnn_deploy.artifact import engine_json, read_engine_json
from crnn_deploy.config import Frozen
from crnn_deploy.errors import InputError
from crnn_deploy.files import sha256_of, write_text
from crnn_deploy.preprocessing import InputShape
from crnn_deploy.runtime.tensorrt.names import PACKAGES, TITLES, FlavorName, Precision
from crnn_deploy.spec import ModelSpec
from crnn_deploy.validation import parse

MANIFEST_VERSION: Literal[1] = 1

# Version-compatible engines also run on later versions; across major versions, only on these.
_LATER_MAJORS = {(10, 11)}
_AMPERE = 80


class ShapeProfile(Frozen):
    """Input shapes `(N, C, H, W)` or `(N, T, C, H, W)` that an engine takes: from `min` to `max`, best at `opt`."""

    min: InputShape
    opt: InputShape
    max: InputShape

    @property
    def sizes(self) -> tuple[int, int, int]:
        """Least, best and greatest size of an input: its width in pixels, or the stills of clips."""
        axis = 1 if self.of_clips else 3
        return self.min[axis], self.opt[axis], self.max[axis]

    @property
    def of_clips(self) -> bool:
        return len(self.min) == 5

    def holds(self, shape: tuple[int, ...]) -> bool:
        """Whether a batch of this shape fits."""
        bounds = zip(self.min, shape, self.max, strict=True)
        return all(low <= size <= high for low, size, high in bounds)


class EngineLayer(Frozen):
    """One layer of a built engine."""

    name: str
    kind: str = Field(description="convolution, matmul, plugin, loop, …")
    precision: str = Field(description="that it computes in: int8, fp16, fp32, int32, …")
    profile: int = Field(default=0, ge=0, description="index of the profile that it belongs to")
    origins: tuple[str, ...] = Field(default=(), description="ONNX nodes that it was made of")


class EnginePlugin(Frozen):
    """The plugin library that an engine needs."""

    name: str
    version: str
    library_sha256: str
    embedded: bool = Field(description="the engine holds the library; otherwise it must be loaded first")


class EngineManifest(Frozen):
    """What an engine needs, and what is inside it."""

    schema_version: Literal[1] = MANIFEST_VERSION
    flavor: FlavorName
    version: str = Field(description="of the TensorRT that built it, such as 1.7.1.116")
    precision: Precision = Field(description="that was asked for; `layers` has the precisions that run")
    compute_capabilities: tuple[str, ...] = Field(description="GPUs that it runs on, such as sm89")
    version_compatible: bool = Field(default=False, description="runs on later versions of TensorRT too")
    hardware_compatible: bool = Field(default=False, description="runs on Ampere and later GPUs alike")
    plugin: EnginePlugin | None = None
    input_name: str = Field(description="of the images")
    other_inputs: tuple[str, ...] = Field(default=(), description="names of further inputs, such as a vector")
    output_name: str
    profiles: tuple[ShapeProfile, ...]
    engine_sha256: str
    lowered_sha256: str = Field(description="of the ONNX model that TensorRT parsed")
    parent_sha256: str = Field(description="of the artifact that the engine was built from")
    layers: tuple[EngineLayer, ...] = ()
    parameters: int
    macs: int = Field(description="multiply-accumulates of one input of shape `macs_input`")
    macs_input: tuple[int, ...]
    tools: dict[str, str] = Field(default_factory=dict)

    @property
    def first_profile(self) -> tuple[EngineLayer, ...]:
        """The layers of one profile: TensorRT builds the network once for each."""
        return tuple(layer for layer in self.layers if layer.profile == 0)


@dataclass(frozen=True)
class Gpu:
    """One NVIDIA GPU."""

    name: str
    compute_capability: str
    """Such as `sm89`."""


@dataclass(frozen=True)
class Machine:
    """The properties of a machine that decide whether it can run an engine."""

    gpu: Gpu | None = None
    flavors: Mapping[FlavorName, str] = field(default_factory=dict)
    """Version of each TensorRT that is installed."""
    plugin: str | None = None
    """Version of the plugin library at hand."""


def write_manifest(engine: Path, spec: ModelSpec, manifest: EngineManifest) -> None:
    """Write spec and manifest beside an engine, atomically, over older ones."""
    content = {"spec": spec.model_dump(mode="json"), "engine": manifest.model_dump(mode="json")}
    write_text(engine_json(engine), json.dumps(content, indent=1, ensure_ascii=False) + "\n")


def read_manifest(engine: Path) -> EngineManifest:
    """The manifest beside an engine.

    Raises:
        InputError: if it is missing, damaged or of a newer crnn-deploy.
    """
    data = read_engine_json(engine, "engine")
    version = data.get("schema_version")
    if isinstance(version, int) and version > MANIFEST_VERSION:
        raise InputError(
            f"{engine_json(engine)} was made by a newer crnn-deploy.",
            f"Its engine has schema {version}, and this version reads {MANIFEST_VERSION}.",
            "pip install --upgrade crnn-deploy",
        )
    return parse(EngineManifest, data, f"The manifest {engine_json(engine)}")


def check_manifest(manifest: EngineManifest, engine: Path, here: Machine) -> None:
    """Raise `InputError` where `here` cannot run `engine`, with the reason and what would help.

    Checks the engine's bytes, the GPU, the TensorRT, its version and the plugin library, in this order: first what the
    user can't change.
    """
    _check_bytes(manifest, engine)
    _check_gpu(manifest, engine, here)
    _check_version(manifest, engine, here)
    _check_plugin(manifest, engine, here)


def _check_bytes(manifest: EngineManifest, engine: Path) -> None:
    if sha256_of(engine) != manifest.engine_sha256:
        raise InputError(
            f"{engine} is not the engine that {engine_json(engine).name} describes.",
            "It was truncated or exchanged, or one of both files is older than the other.",
            "Copy both files again, or build the engine again.",
        )


def _check_gpu(manifest: EngineManifest, engine: Path, here: Machine) -> None:
    targets = ", ".join(manifest.compute_capabilities) + (" and later" if manifest.hardware_compatible else "")
    if here.gpu is None:
        raise InputError(
            f"{engine} needs an NVIDIA GPU ({targets}), and this machine has none.",
            "An engine runs on the GPUs that it was built for, and nowhere else.",
            "Run it on such a machine; the .onnx file that it was built from runs on a CPU.",
        )
    own = here.gpu.compute_capability
    later = manifest.hardware_compatible and int(own.removeprefix("sm")) >= _AMPERE
    if own not in manifest.compute_capabilities and not later:
        raise InputError(
            f"{engine} was built for {targets}, and this machine's {here.gpu.name} is {own}.",
            "An engine holds machine code of its GPUs' architectures only.",
            f"Build it again: crnn-deploy build-engine MODEL.onnx --{manifest.precision} --target {own}",
        )


def _check_version(manifest: EngineManifest, engine: Path, here: Machine) -> None:
    title = TITLES[manifest.flavor]
    install = f"pip install {PACKAGES[manifest.flavor]}=={manifest.version}"
    installed = here.flavors.get(manifest.flavor)
    if installed is None:
        others = ", ".join(f"{TITLES[name]} {version}" for name, version in here.flavors.items())
        raise InputError(
            f"{engine} needs {title} {manifest.version}, which is not installed.",
            f"Here is {others}, which cannot read it." if others else "",
            install,
        )
    if not _reads(manifest, installed):
        raise InputError(
            f"{engine} was built by {title} {manifest.version}, and here is {installed}.",
            f"{title} reads engines of its own version"
            + (" and of earlier ones of its major version." if manifest.version_compatible else " only."),
            f"{install}, or build the engine again here.",
        )


def _reads(manifest: EngineManifest, installed: str) -> bool:
    if installed == manifest.version or not manifest.version_compatible:
        return installed == manifest.version
    built, here = (tuple(int(part) for part in version.split(".")[:3]) for version in (manifest.version, installed))
    return here >= built and (built[0] == here[0] or (built[0], here[0]) in _LATER_MAJORS)


def _check_plugin(manifest: EngineManifest, engine: Path, here: Machine) -> None:
    plugin = manifest.plugin
    if plugin is None or plugin.embedded or here.plugin == plugin.version:
        return
    cause = f"Here is version {here.plugin}." if here.plugin else "The engine was built without embedding it."
    raise InputError(
        f"{engine} needs the plugin library with {plugin.name}, version {plugin.version}.",
        cause,
        "Build it with crnn-deploy build-plugin, or name it in CRNN_DEPLOY_PLUGIN.",
    )
