"""The TensorRT plugin `CrnnGru`: nvcc compiles it on the user's machine, and the library is kept in the cache."""

from __future__ import annotations

from crnn_deploy.native.plugin.building import build_plugin, cached_plugin
from crnn_deploy.native.plugin.finding import (
    LARGEST_LAYER,
    PLUGIN_NAME,
    PLUGIN_VARIABLE,
    PLUGIN_VERSION,
    largest_layer,
    plugin_library,
)
from crnn_deploy.native.plugin.nvcc import NVCC_PACKAGES, Nvcc, find_nvcc
from crnn_deploy.native.plugin.record import BuiltPlugin, KernelResources

__all__ = [
    "LARGEST_LAYER",
    "NVCC_PACKAGES",
    "PLUGIN_NAME",
    "PLUGIN_VARIABLE",
    "PLUGIN_VERSION",
    "BuiltPlugin",
    "KernelResources",
    "Nvcc",
    "build_plugin",
    "cached_plugin",
    "find_nvcc",
    "largest_layer",
    "plugin_library",
]
