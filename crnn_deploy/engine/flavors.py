"""TensorRT and TensorRT-RTX behind one protocol: all their differences are in this file.

For engines of strongly typed networks both have the same Python API, in TensorRT 10 as in 11. They are imported at
their first use: that takes a while, and most machines have neither.
"""

from __future__ import annotations

import contextlib
import ctypes
import hashlib
import importlib
import platform
from collections.abc import Iterator
from typing import Any, Protocol

from crnn_deploy.cache_limit import cache_place, mark_used
from crnn_deploy.engine.alias_library import alias_library
from crnn_deploy.engine.config import BuildOptions, FlavorChoice
from crnn_deploy.errors import InputError
from crnn_deploy.files import replacing
from crnn_deploy.runtime.tensorrt.cuda_memory import find_gpu
from crnn_deploy.runtime.tensorrt.manifest import Gpu
from crnn_deploy.runtime.tensorrt.names import TITLES, FlavorName
from crnn_deploy.runtime.tensorrt.session import MODULES

_AMPERE = 80


class Flavor(Protocol):
    """One kind of TensorRT."""

    name: FlavorName
    trt: Any
    """Its Python module."""
    has_timing_cache: bool

    def targets(self, asked: tuple[str, ...]) -> tuple[str, ...]:
        """Architectures to build for, such as `sm89`: the requested ones, or those that suit this machine.

        Raises:
            InputError: if it cannot build for one of them here.
        """
        ...

    def prepare_parser(self) -> None:
        """Called before a model with plugin nodes is parsed."""
        ...

    def configure(self, config: Any, targets: tuple[str, ...], options: BuildOptions) -> None:
        """Set the options of this flavor alone. Raises `InputError` for an option that it lacks."""
        ...

    def advice(self, targets: tuple[str, ...]) -> str:
        """What to do about layers that don't run in the precision asked for."""
        ...


class TensorRT:
    """The full library: it measures kernels during the build, so it builds only for the GPU of this machine."""

    name: FlavorName = "tensorrt"
    has_timing_cache = True

    def __init__(self, trt: Any) -> None:
        self.trt = trt

    def targets(self, asked: tuple[str, ...]) -> tuple[str, ...]:
        gpu = find_gpu()
        if gpu is None:
            raise InputError(
                "TensorRT cannot build without an NVIDIA GPU, and this machine has none.",
                "It measures its kernels on the GPU that the engine is for.",
                "Build on such a machine, or with --flavor tensorrt-rtx, which needs none.",
            )
        own = (gpu.compute_capability,)
        if asked and asked != own:
            raise InputError(
                f"TensorRT builds for the GPU at hand only, {gpu.name} ({own[0]}), not for {', '.join(asked)}.",
                fix="Build on a machine with that GPU, or with --flavor tensorrt-rtx, which needs none.",
            )
        return own

    def prepare_parser(self) -> None:
        pass

    def configure(self, config: Any, targets: tuple[str, ...], options: BuildOptions) -> None:
        if options.version_compatible:
            config.set_flag(self.trt.BuilderFlag.VERSION_COMPATIBLE)
        if options.hardware_compatible:
            config.hardware_compatibility_level = self.trt.HardwareCompatibilityLevel.AMPERE_PLUS

    def advice(self, targets: tuple[str, ...]) -> str:
        return "Build with --fp16, or with another version of TensorRT."


class TensorRTRtx:
    """The library for RTX GPUs: compiles kernels when an engine is loaded, so it builds anywhere."""

    name: FlavorName = "tensorrt-rtx"
    has_timing_cache = False  # it measures nothing; its timing cache functions have no effect since 1.2

    def __init__(self, trt: Any) -> None:
        self.trt = trt

    def targets(self, asked: tuple[str, ...]) -> tuple[str, ...]:
        supported = {name.lower() for name in self.trt.ComputeCapability.__members__ if name.startswith("SM")}
        listed = ", ".join(sorted(supported, key=_number))
        if unknown := [target for target in asked if target not in supported]:
            raise InputError(
                f"TensorRT-RTX {self.trt.__version__} does not know {', '.join(unknown)}.",
                f"It builds for {listed}.",
                "For other GPUs use --flavor tensorrt on a machine that has one.",
            )
        if asked:
            return asked
        gpu = self._gpu()
        if gpu is not None and gpu.compute_capability in supported:
            return (gpu.compute_capability,)
        # An engine for Turing too would lose its INT8 convolutions on all the others.
        return tuple(sorted((name for name in supported if _number(name) >= _AMPERE), key=_number))

    @staticmethod
    def _gpu() -> Gpu | None:
        with contextlib.suppress(InputError):  # there is no package to use the GPU with; building needs none
            return find_gpu()
        return None

    def prepare_parser(self) -> None:
        if platform.system() != "Linux":
            return
        library = alias_library("libtensorrt_rtx.so", "libtensorrt_rtx.so.1")
        folder = cache_place("tensorrt-rtx") / hashlib.sha256(library).hexdigest()[:16]
        path = folder / "libtensorrt_rtx.so"
        if not path.exists():
            with replacing(path, force=True) as temporary:
                temporary.write_bytes(library)
        mark_used(folder)
        ctypes.CDLL(str(path), mode=ctypes.RTLD_GLOBAL)

    def configure(self, config: Any, targets: tuple[str, ...], options: BuildOptions) -> None:
        for option, wanted in (("version", options.version_compatible), ("hardware", options.hardware_compatible)):
            if wanted:
                raise InputError(
                    f"TensorRT-RTX makes no {option}-compatible engines.",
                    "Its engines run on the version that built them, and on the GPUs given with --target.",
                    f"Leave --{option}-compatible out, or use --flavor tensorrt.",
                )
        config.num_compute_capabilities = len(targets)
        for index, target in enumerate(targets):
            config.set_compute_capability(getattr(self.trt.ComputeCapability, target.upper()), index)

    def advice(self, targets: tuple[str, ...]) -> str:
        old = [target for target in targets if _number(target) < _AMPERE]
        if not old:
            return "Build with --fp16, or with another version of TensorRT-RTX."
        return (
            f"TensorRT-RTX has no INT8 convolutions for {', '.join(old)}, and then uses none on the other GPUs either: "
            f"leave --target {old[0]} out and build a second engine for it with --fp16."
        )


_FLAVORS: dict[FlavorName, type[TensorRT] | type[TensorRTRtx]] = {"tensorrt": TensorRT, "tensorrt-rtx": TensorRTRtx}


def find_flavor(choice: FlavorChoice, asked: tuple[str, ...] = ()) -> tuple[Flavor, tuple[str, ...]]:
    """A flavor that can build for the requested GPUs, and the architectures that it will build for.

    `auto` takes the first of TensorRT and TensorRT-RTX that is installed and can build for them.

    Raises:
        InputError: if none is installed, or none can.
    """
    reason = _missing(choice)
    for flavor in _installed(choice):
        try:
            return flavor, flavor.targets(asked)
        except InputError as error:
            reason = error
    raise reason


def _installed(choice: FlavorChoice) -> Iterator[Flavor]:
    for name, flavor in _FLAVORS.items():
        if choice in ("auto", name):
            try:
                yield flavor(importlib.import_module(MODULES[name]))
            except Exception:  # it is absent, or its shared libraries are
                continue


def _missing(choice: FlavorChoice) -> InputError:
    if choice == "auto":
        return InputError(
            "Neither TensorRT nor TensorRT-RTX is installed.",
            "Engines are built by one of them.",
            "pip install 'crnn-deploy[tensorrt-rtx]', which needs no GPU to build, or 'crnn-deploy[tensorrt]'",
        )
    return InputError(f"{TITLES[choice]} is not installed.", fix=f"pip install 'crnn-deploy[{choice}]'")


def _number(target: str) -> int:
    return int(target.removeprefix("sm"))
