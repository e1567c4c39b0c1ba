"""TensorRT and TensorRT-RTX on NVIDIA GPUs."""

from __future__ import annotations

import importlib
import weakref
from collections.abc import Iterator, Mapping, Sequence
from math import prod
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crnn_deploy.artifact import Artifact
from crnn_deploy.data.network_inputs import NetworkInput
from crnn_deploy.errors import InputError
from crnn_deploy.native.plugin.finding import PLUGIN_NAME, PLUGIN_VERSION, plugin_library
from crnn_deploy.runtime.outputs import batch_first
from crnn_deploy.runtime.tensorrt.cuda_memory import find_gpu, open_cuda
from crnn_deploy.runtime.tensorrt.manifest import (
    EngineManifest,
    Gpu,
    Machine,
    ShapeProfile,
    check_manifest,
    read_manifest,
)
from crnn_deploy.runtime.tensorrt.messages import COMPLAINTS, Messages, hearing
from crnn_deploy.runtime.tensorrt.names import TITLES, FlavorName
from crnn_deploy.runtime.tensorrt.runner import EngineRunner
from crnn_deploy.spec import ModelSpec

MODULES: Mapping[FlavorName, str] = {"tensorrt": "tensorrt", "tensorrt-rtx": "tensorrt_rtx"}


class TensorRTSession:
    """A `Session` over an engine file, for one thread at a time.

    A batch runs in the smallest optimisation profile that holds it; one that is larger than all profiles is run in
    parts. Images are never padded or scaled to fit a profile, so the text is that of the parent model. Memory on
    the GPU is freed by `close`, or with the session.

    Raises:
        InputError: if this machine cannot run the engine; the manifest is checked before TensorRT loads the file.
    """

    def __init__(self, artifact: Artifact) -> None:
        self.spec: ModelSpec = artifact.spec
        self._path = artifact.path
        self._manifest = read_manifest(artifact.path)
        self.runtime: str = self._manifest.flavor
        if len(self._manifest.other_inputs) != bool(self.spec.preprocessing.vector):
            raise InputError(
                f"The spec of {artifact.path} does not fit its inputs.",
                "One of them has a vector beside the picture, and the other has none.",
                "Build the engine again.",
            )
        gpu, libraries = find_gpu(), installed_libraries()
        plugin = _plugin_for(self._manifest, gpu)
        versions = {name: str(library.__version__) for name, library in libraries.items()}
        here = Machine(gpu, versions, PLUGIN_VERSION if plugin else None)
        check_manifest(self._manifest, artifact.path, here)
        library = libraries[self._manifest.flavor]
        engine = _deserialized(library, artifact.path, self._manifest, plugin)
        self._runner = EngineRunner(library, engine, self._manifest, open_cuda())
        self.close = weakref.finalize(self, self._runner.close)
        self.device_ms = 0.0
        """Milliseconds that the last run took on the GPU, without copies."""

    def run(self, images: NetworkInput) -> NDArray[np.float32]:
        """Images `[N, C, H, W]` → logits `[N, T, K]` or `[N, K]`.

        Raises:
            InputError: if no profile holds images of this size.
        """
        outputs, self.device_ms = [], 0.0
        for part, profile in self._parts(images):
            outputs.append(batch_first(self._runner.run(part, profile), self.spec))
            self.device_ms += self._runner.device_ms
        return outputs[0] if len(outputs) == 1 else np.concatenate(outputs)

    def _parts(self, images: NetworkInput) -> Iterator[tuple[NetworkInput, int]]:
        """The batch in parts that profiles hold, and the profile of each."""
        done = 0
        while done < len(images):
            rest = images[done:]
            fit = fitting_profile(self._manifest.profiles, rest.shape)
            if fit is None:
                raise _fits_no_profile(self._path, self._manifest.profiles, rest.shape)
            profile, count = fit
            yield rest[:count], profile
            done += count


def fitting_profile(profiles: Sequence[ShapeProfile], shape: tuple[int, ...]) -> tuple[int, int] | None:
    """Which profile to run a batch `[N, C, H, W]` in, and how many of its images at once; None if no image fits.

    The smallest profile that holds all; else the one that holds most of them.
    """
    images, *size = shape
    most = {index: min(images, profile.max[0]) for index, profile in enumerate(profiles)}
    holding = [index for index, profile in enumerate(profiles) if profile.holds((most[index], *size))]
    if not holding:
        return None
    chosen = min(holding, key=lambda index: (-most[index], prod(profiles[index].max)))
    return chosen, most[chosen]


def installed_libraries() -> dict[FlavorName, ModuleType]:
    """The modules `tensorrt` and `tensorrt_rtx`, as far as they can be imported."""
    libraries: dict[FlavorName, ModuleType] = {}
    for flavor, module in MODULES.items():
        try:
            libraries[flavor] = importlib.import_module(module)
        except Exception:  # it is absent, or its shared libraries are
            continue
    return libraries


def _plugin_for(manifest: EngineManifest, gpu: Gpu | None) -> Path | None:
    """The library that an engine needs beside it, where there is one with code for this GPU."""
    if manifest.plugin is None or manifest.plugin.embedded:
        return None
    return plugin_library(() if gpu is None else (gpu.compute_capability,))


def load_plugin(owner: Any, path: Path) -> None:
    """Register our plugin with one `Builder` or `Runtime` of TensorRT, for as long as that lives.

    Registered for the whole process, it would conflict with engines that embed it, and with other builds of it.

    Raises:
        InputError: if the file does not load, or is something else.
    """
    registry = owner.get_plugin_registry()
    registry.load_library(str(path))
    if all(creator.name != PLUGIN_NAME for creator in registry.all_creators):
        raise InputError(
            f"The plugin library {path} does not load here.",
            "It was built for another system, is damaged, or is something else.",
            "Build it again: crnn-deploy build-plugin",
        )


def _deserialized(library: Any, path: Path, manifest: EngineManifest, plugin: Path | None) -> Any:
    messages = Messages()
    with hearing(library, messages) as logger:
        runtime = library.Runtime(logger)
        if complaints := messages.of(*COMPLAINTS):  # there is no runtime: using it would crash the process
            raise _not_loaded(path, manifest, complaints)
        if manifest.version_compatible or (manifest.plugin and manifest.plugin.embedded):
            runtime.engine_host_code_allowed = True  # such engines hold code for the processor too
        if plugin is not None:
            load_plugin(runtime, plugin)
        engine = runtime.deserialize_cuda_engine(path.read_bytes())
    if engine is None:
        raise _not_loaded(path, manifest, messages.of(*COMPLAINTS))
    return engine


def _not_loaded(path: Path, manifest: EngineManifest, complaints: Sequence[str]) -> InputError:
    return InputError(
        f"{TITLES[manifest.flavor]} cannot load {path}.",
        "\n".join(complaints),
        "Update the NVIDIA driver, or build the engine again: crnn-deploy build-engine MODEL.onnx",
    )


def _fits_no_profile(path: Path, profiles: Sequence[ShapeProfile], shape: tuple[int, ...]) -> InputError:
    return InputError(
        f"No profile of {path} holds a batch of {shape[0]} images of {_size(shape)} (channels×height×width).",
        f"Its profiles hold {'; '.join(map(_range, profiles))}.",
        "Build the engine with profiles for such images, or run the .onnx that it was made from.",
    )


def _range(profile: ShapeProfile) -> str:
    fewest, most = profile.min[0], profile.max[0]
    size = f"{_size(profile.min)} to {_size(profile.max)}" if profile.min[1:] != profile.max[1:] else _size(profile.max)
    return f"{size} in batches of {fewest} to {most}"


def _size(shape: Sequence[int]) -> str:
    return "×".join(map(str, shape[1:]))
