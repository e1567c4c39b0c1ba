"""Compiles the plugin into one library for many GPUs, and keeps it until its sources or the compiler change."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, TYPE_CHECKING

from crnn_deploy.cache_limit import cache_place, limit_cache, mark_used
from crnn_deploy.child_process import child_process
from crnn_deploy.errors import InputError
from crnn_deploy.files import check_free, replacing, sha256_of
from crnn_deploy.native.plugin.nvcc import NVCC_PACKAGES, Nvcc, find_nvcc
from crnn_deploy.native.plugin.record import LIBRARY_NAME, BuiltPlugin, KernelResources, read_build, write_build
from crnn_deploy.native.plugin.resources import architecture_of, kernel_resources
from crnn_deploy.native.plugin.sources import compiled_sources, sources_digest
from crnn_deploy.progress import SILENT, Progress
from crnn_deploy.scratch import scratch_folder

if TYPE_CHECKING:  # it needs pydantic, which the GPU benchmarks do without
    from crnn_deploy.native.plugin.config import PluginConfig

# The default: from Turing to Blackwell, if nvcc supports them. Code for sm80 also runs on sm86, but may be slower there
# than code for sm86.
ARCHITECTURES = ("sm75", "sm80", "sm86", "sm89", "sm90", "sm100", "sm120")

# -ftz=true treats numbers below 1e-38 as zero, which saves a tenth of the instructions of a step.
_FLAGS = (
    *("-shared", "-std=c++17", "-O3", "-ftz=true", "-cudart", "static", "-Werror", "all-warnings", "-Xptxas", "-v"),
    *("-Xcompiler", "-fPIC,-fvisibility=hidden,-Wall,-Wextra,-static-libstdc++,-static-libgcc"),
    *("-Xlinker", "-s", "-Xlinker", "--exclude-libs=ALL"),
)
_LINES_OF_AN_ERROR = 15


def build_plugin(config: PluginConfig, progress: Progress = SILENT) -> BuiltPlugin:
    """The plugin library for TensorRT, from the cache if its sources, the compiler and the options are unchanged.

    Raises:
        InputError: if nvcc is missing, does not support an architecture or fails, or if the output exists.
    """
    if config.output is not None:
        check_free(config.output, config.force)
    built = cached_plugin(config.architectures, progress)
    if config.output is None:
        return built
    with replacing(config.output, config.force) as temporary:
        shutil.copy(built.path, temporary)
    return replace(built, path=config.output)


def cached_plugin(architectures: tuple[str, ...], progress: Progress = SILENT) -> BuiltPlugin:
    """The library in the cache, compiled first if need be. Needs no package but the standard library.

    Args:
        architectures: such as `sm89`; empty: all of `ARCHITECTURES` that nvcc supports.

    Raises:
        InputError: if nvcc is missing, does not support an architecture or fails.
    """
    nvcc = find_nvcc()
    plan = _Plan(nvcc=nvcc, architectures=_chosen(architectures, nvcc), sources_sha256=sources_digest())
    folder = cache_place("plugin") / plan.key
    built = read_build(folder)
    if built is None:
        built = _compile(plan, folder / LIBRARY_NAME, progress)
        limit_cache(folder)
    mark_used(folder)
    return built


def _chosen(requested: tuple[str, ...], nvcc: Nvcc) -> tuple[str, ...]:
    """The architectures to compile for, oldest first."""
    for name in requested:
        if name not in nvcc.architectures:
            raise InputError(
                f"nvcc {nvcc.version} does not support the architecture '{name}'.",
                f"It supports {', '.join(nvcc.architectures)}.",
                "Choose one of these with --target, or install another CUDA toolkit.",
            )
    return tuple(name for name in nvcc.architectures if name in (requested or ARCHITECTURES))


@dataclass(frozen=True)
class _Plan:
    """Everything that a build depends on."""

    nvcc: Nvcc
    architectures: tuple[str, ...]
    sources_sha256: str

    @property
    def key(self) -> str:
        """Name of the build: a hash of everything that it depends on."""
        inputs = "\n".join((self.sources_sha256, self.nvcc.version, *self.architectures, *_FLAGS))
        return hashlib.sha256(inputs.encode()).hexdigest()[:16]

    def command(self, output: Path) -> list[str]:
        command = [str(self.nvcc.path), *_FLAGS, "--threads", str(os.cpu_count() or 1), "-o", str(output)]
        if self.nvcc.library_folder is not None:
            command += ["-L", str(self.nvcc.library_folder)]
        for name in self.architectures:
            number = name.removeprefix("sm")
            # The newest also as intermediate code, which the driver compiles for GPUs that are newer than all of these.
            kinds = f"[sm_{number},compute_{number}]" if name == self.architectures[-1] else f"sm_{number}"
            command += ["-gencode", f"arch=compute_{number},code={kinds}"]
        return [*command, *map(str, compiled_sources())]


def _compile(plan: _Plan, library: Path, progress: Progress) -> BuiltPlugin:
    began = time.perf_counter()
    with replacing(library, force=True) as temporary:
        lines = _run(plan, temporary, progress)
        digest, size = sha256_of(temporary), temporary.stat().st_size
    built = BuiltPlugin(
        path=library,
        sha256=digest,
        bytes=size,
        sources_sha256=plan.sources_sha256,
        nvcc=plan.nvcc.version,
        architectures=plan.architectures,
        seconds=time.perf_counter() - began,
        resources=_by_architecture(kernel_resources(lines), plan.architectures),
        from_cache=False,
    )
    write_build(built)
    return built


def _by_architecture(resources: Iterable[KernelResources], order: tuple[str, ...]) -> tuple[KernelResources, ...]:
    kernels = list(resources)
    return tuple(kernel for name in order for kernel in kernels if kernel.architecture == name)


def _run(plan: _Plan, output: Path, progress: Progress) -> list[str]:
    """Run nvcc and return the lines that it printed. Ends nvcc and deletes its temporary files also after an error."""
    lines: list[str] = []
    with (
        scratch_folder() as scratch,
        child_process(plan.command(output), {"TMPDIR": str(scratch)}, errors_to_stdout=True) as process,
    ):
        assert process.stdout is not None  # it is a pipe
        finished = _architectures(process.stdout, lines)
        for name in progress.track(finished, "Compiling the plugin", len(plan.architectures)):
            progress.status(name)
    if process.returncode != 0:
        raise _failure(plan.nvcc, lines)
    return lines


def _architectures(output: IO[str], lines: list[str]) -> Iterator[str]:
    """Yields each architecture when nvcc has compiled it. Appends all lines that nvcc prints to `lines`."""
    seen = set()
    for line in output:
        lines.append(line.rstrip())
        name = architecture_of(line)
        if name is not None and name not in seen:
            seen.add(name)
            yield name


def _failure(nvcc: Nvcc, lines: list[str]) -> InputError:
    relevant = [line for line in lines if line and not re.match(r"ptxas info|\s+\d+ bytes stack frame", line)]
    return InputError(
        f"nvcc {nvcc.version} could not compile the plugin.",
        "\n".join(relevant[-_LINES_OF_AN_ERROR:]),
        "Check that a C++ compiler that this nvcc supports is installed (NVCC_CCBIN can name one), and that CUDA is "
        f"complete (pip install {NVCC_PACKAGES}).",
    )
