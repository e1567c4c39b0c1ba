"""Calls the functions of a plugin in the order in which TensorRT calls them.

`PluginHost` wraps the plugin's creator, `HostedPlugin` one layer. On a GPU, `HostedPlugin.enqueue` takes device
pointers, such as `torch.Tensor.data_ptr()`.
"""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from crnn_deploy.errors import InputError
from plugin_host.library import BUILD, Dims, Field, FieldCollection, Tensor, descriptions, load_host, read_fields, texts


def gru_fields(hidden: int, direction: str) -> list[Field]:
    """The attributes of a valid node."""
    text = direction.encode()
    return [
        Field("hidden_size", "INT32", hidden.to_bytes(4, "little", signed=True), 1),
        Field("direction", "CHAR", text, len(text)),
    ]


class PluginHost:
    """The only creator in a plugin library.

    Raises:
        InputError: if the library cannot be loaded, or `host.cc` cannot be compiled.
    """

    def __init__(self, library: Path) -> None:
        self._host = load_host()
        error = ctypes.c_char_p()
        self._creator = self._host.host_open(str(library).encode(), ctypes.byref(error))
        if not self._creator:
            reason = (error.value or b"").decode()
            raise InputError(
                f"{library} cannot be used as a plugin library.", reason, "Build it with crnn-deploy build-plugin."
            )

    @property
    def names(self) -> tuple[str, str, str]:
        """Name, version and namespace of the plugin."""
        name, version, namespace = texts(self._host.host_creator_names, self._creator, 3)
        return name, version, namespace

    @property
    def fields(self) -> list[tuple[str, str]]:
        """Names and types of the attributes that the creator asks for."""
        return [(field.name, field.type) for field in read_fields(self._host.host_creator_fields(self._creator))]

    def create(self, fields: Sequence[Field] | None, phase: int = BUILD) -> HostedPlugin | None:
        """A plugin, or None if the creator refuses the fields. With `fields=None`, the creator gets a null pointer."""
        collection = FieldCollection.of(fields) if fields is not None else None
        plugin = self._host.host_create(self._creator, ctypes.byref(collection) if collection else None, phase)
        return HostedPlugin(self._host, plugin) if plugin else None


class HostedPlugin:
    """One plugin. In all methods, `tensors` are the inputs followed by the outputs, and a result of 0 means success."""

    def __init__(self, host: Any, plugin: int) -> None:
        self._host = host
        self._plugin = plugin

    def __del__(self) -> None:
        self._host.host_destroy(self._plugin)

    @property
    def names(self) -> tuple[str, ...]:
        """Name, version and namespace; then the kinds of the plugin and of its core, build and runtime capabilities."""
        return texts(self._host.host_plugin_names, self._plugin, 7)

    def has_capability(self, kind: int) -> bool:
        return bool(self._host.host_has_capability(self._plugin, kind))

    def clone(self) -> HostedPlugin:
        return HostedPlugin(self._host, self._host.host_clone(self._plugin))

    def attach(self) -> HostedPlugin:
        """The copy of the plugin that belongs to an execution context."""
        return HostedPlugin(self._host, self._host.host_attach(self._plugin))

    def serialize(self) -> list[Field]:
        """The fields that TensorRT stores in the engine."""
        return read_fields(self._host.host_serialize(self._plugin))

    def supports(self, position: int, tensors: Sequence[Tensor], outputs: int = 1) -> bool:
        """Whether the plugin accepts type and format of the tensor at `position`, given the tensors before it."""
        described, inputs = descriptions(tensors), len(tensors) - outputs
        return bool(self._host.host_supports(self._plugin, position, described, inputs, outputs))

    def output_type(self, tensors: Sequence[Tensor], outputs: int = 1) -> int | None:
        """Type of the output; None if the plugin refuses the inputs."""
        output_type = ctypes.c_int()
        described, inputs = descriptions(tensors), len(tensors) - outputs
        result = self._host.host_output_type(self._plugin, described, inputs, outputs, ctypes.byref(output_type))
        return output_type.value if result == 0 else None

    def output_shape(self, tensors: Sequence[Tensor], outputs: int = 1) -> tuple[int, ...] | None:
        """Sizes of the output, -1 for each that is equal to an unknown size of the first input.

        None if the plugin refuses the inputs.
        """
        shape = Dims()
        described, inputs = descriptions(tensors), len(tensors) - outputs
        result = self._host.host_output_shape(self._plugin, described, inputs, outputs, ctypes.byref(shape))
        return tuple(shape.sizes[: shape.rank]) if result == 0 else None

    def configure(self, tensors: Sequence[Tensor], outputs: int = 1) -> int:
        return int(self._host.host_configure(self._plugin, descriptions(tensors), len(tensors) - outputs, outputs))

    def change_shapes(self, tensors: Sequence[Tensor], outputs: int = 1) -> int:
        return int(self._host.host_change_shapes(self._plugin, descriptions(tensors), len(tensors) - outputs, outputs))

    def enqueue(self, tensors: Sequence[Tensor], pointers: Sequence[int], stream: int = 0) -> int:
        """Start the kernel.

        Args:
            tensors: the inputs and the one output.
            pointers: addresses in device memory, one for each tensor.
            stream: handle of a CUDA stream; 0 is the default stream.

        Returns:
            A `cudaError_t`, or -1 if the plugin did not start the kernel because the shapes are wrong.
        """
        addresses = (ctypes.c_void_p * len(pointers))(*pointers)
        return int(
            self._host.host_enqueue(self._plugin, descriptions(tensors), len(tensors) - 1, addresses, stream or None)
        )
