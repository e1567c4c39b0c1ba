"""The arguments with which the plugin starts the kernels. A function that records them replaces the kernels."""

from __future__ import annotations

import ctypes
import shutil
import subprocess
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from plugin_host.host import PluginHost, gru_fields
from plugin_host.library import HALF

from crnn_deploy.native.plugin.sources import SOURCES

from .gru_node import BATCH, DIRECTIONS, HIDDEN, OPTIONAL, STEPS, tensors

# The part of CUDA's runtime header that gru.h uses.
CUDA_HEADER = "typedef struct CUstream_st* cudaStream_t;\nenum cudaError_t { cudaSuccess = 0 };\n"
RECORDER = Path(__file__).with_name("recording_gru.cc")


class Recorder(NamedTuple):
    host: PluginHost
    library: Any

    def last(self) -> tuple[list[int], list[int | None]]:
        numbers, pointers = (ctypes.c_int * 6)(), (ctypes.c_void_p * 7)()
        self.library.recorded(numbers, pointers)
        return list(numbers), list(pointers)


@pytest.fixture(scope="module")
def recorder(tmp_path_factory: pytest.TempPathFactory) -> Recorder:
    if not shutil.which("c++"):
        pytest.skip("needs a C++ compiler")
    folder = tmp_path_factory.mktemp("recorder")
    (folder / "cuda_runtime_api.h").write_text(CUDA_HEADER)
    library = folder / "recorder.so"
    files = [SOURCES / "gru_plugin.cc", SOURCES / "gru_node.cc", RECORDER]
    options = ["-std=c++17", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", "-fvisibility=hidden"]
    command = ["c++", *options, "-I", str(folder), "-I", str(SOURCES), *map(str, files), "-o", str(library)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setenv("CRNN_DEPLOY_CACHE", str(folder))
        return Recorder(PluginHost(library), ctypes.CDLL(str(library)))


@pytest.mark.parametrize("optional", OPTIONAL, ids="+".join)
def test_sizes_flags_and_pointers(recorder, optional):
    for direction, element in product(DIRECTIONS, range(2)):
        node = tensors(direction, element, optional)
        created = recorder.host.create(gru_fields(HIDDEN, direction))
        assert created is not None
        plugin = created.attach()
        assert plugin.change_shapes(node) == 0
        addresses = [0x1000 * (1 + index) for index in range(len(node))]
        assert plugin.enqueue(node, addresses, stream=0x77) == 0

        numbers, pointers = recorder.last()
        directions = 2 if direction == "bidirectional" else 1
        assert numbers == [element == HALF, BATCH, STEPS, HIDDEN, directions, direction == "reverse"]
        optionals = [
            addresses[3 + optional.index(name)] if name in optional else None for name in ("lengths", "initial")
        ]
        assert pointers == [*addresses[:3], *optionals, addresses[-1], 0x77]


def test_shapes_may_change(recorder):
    plugin = recorder.host.create(gru_fields(HIDDEN, "forward"))
    assert plugin is not None
    for batch, optional in ((1, ()), (7, ("initial",)), (3, ())):
        node = [
            t._replace(shape=tuple(batch if size == BATCH else size for size in t.shape))
            for t in tensors(optional=optional)
        ]
        assert plugin.change_shapes(node) == 0
        assert plugin.enqueue(node, [0x1000] * len(node)) == 0
        numbers, pointers = recorder.last()
        assert numbers[1] == batch
        assert (pointers[4] is not None) == bool(optional)


def test_contexts_do_not_disturb_each_other(recorder):
    plugin = recorder.host.create(gru_fields(HIDDEN, "forward"))
    assert plugin is not None
    first, second = plugin.attach(), plugin.attach()
    assert first.change_shapes(tensors(optional=("lengths",))) == 0
    assert second.change_shapes(tensors()) == 0
    assert first.enqueue(tensors(optional=("lengths",)), [0x10, 0x20, 0x30, 0x40, 0x50]) == 0
    assert recorder.last()[1][3:6] == [0x40, None, 0x50]
