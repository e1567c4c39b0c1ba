"""Whether this machine can build engines, and whether it can run them: these are two separate questions."""

from __future__ import annotations

import os

from crnn_deploy.artifact import Artifact
from crnn_deploy.config import Frozen
from crnn_deploy.engine.config import BuildOptions
from crnn_deploy.engine.flavors import find_flavor
from crnn_deploy.engine.profiles import parse_profile
from crnn_deploy.errors import InputError
from crnn_deploy.files import sha256_of
from crnn_deploy.native.plugin import PLUGIN_VARIABLE, find_nvcc, plugin_library
from crnn_deploy.native.plugin.sources import sources_digest
from crnn_deploy.preprocessing import Preprocessing
from crnn_deploy.runtime.tensorrt.cuda_memory import find_gpu
from crnn_deploy.runtime.tensorrt.names import FlavorName
from crnn_deploy.runtime.tensorrt.session import TensorRTSession


class EngineTools(Frozen):
    """The tools of a machine that an engine depends on.

    `plugin` has the hash of the plugin library, or of the sources and the compiler version from which it is compiled.
    """

    flavor: FlavorName
    version: str
    targets: tuple[str, ...]
    plugin: dict[str, str] | None


def find_engine_tools(options: BuildOptions) -> EngineTools:
    """The tools with which engines are built here.

    Raises:
        InputError: if no TensorRT can build them, or the plugin is wanted and there is neither a library nor nvcc.
    """
    flavor, targets = find_flavor(options.flavor, options.targets)
    plugin = plugin_ingredients() if options.plugin else None
    return EngineTools(flavor=flavor.name, version=flavor.trt.__version__, targets=targets, plugin=plugin)


def check_profiles(options: BuildOptions, preprocessing: Preprocessing) -> None:
    """Raise `InputError` if a profile is malformed, or has inputs that do not fit this preprocessing."""
    for text in options.profiles:
        parse_profile(text, preprocessing)


def why_not_run(engine: Artifact) -> str:
    """Why this machine cannot run an engine; empty if it can."""
    try:
        if find_gpu() is None:
            return "no NVIDIA GPU here"
        TensorRTSession(engine).close()
    except InputError as error:
        return error.what
    return ""


def gpu_name() -> str | None:
    """The GPU of this machine, on which text and speed of an engine depend."""
    gpu = find_gpu()
    return gpu.name if gpu else None


def plugin_ingredients() -> dict[str, str]:
    """Hashes of the plugin: of a library that was named or compiled before, or of its sources with the nvcc version.

    Raises:
        InputError: if there is neither.
    """
    if PLUGIN_VARIABLE not in os.environ:
        try:
            return {"sources": sources_digest(), "nvcc": find_nvcc().version}
        except InputError as error:
            missing = error
    else:
        missing = InputError(f"{PLUGIN_VARIABLE} is empty, which means: do without the plugin.", fix="Unset it.")
    library = plugin_library()
    if library is None:
        fix = f"{missing.fix} Or run recurrent layers in TensorRT's own, slower loop: --set engines.plugin=false"
        raise InputError(missing.what, missing.cause, fix)
    return {"library": sha256_of(library)}
