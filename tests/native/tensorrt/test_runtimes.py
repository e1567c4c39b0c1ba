"""TensorRT itself loads the library, finds its creator and calls it. None of its kinds needs a GPU for that."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from crnn_deploy.native.plugin import PLUGIN_NAME, PLUGIN_VERSION

# `make install` puts lean runtimes of two versions there: they can't live in one environment.
LEAN = Path(sys.prefix) / "lean"
RUNTIMES = {
    "TensorRT": ("tensorrt", None),
    "TensorRT-RTX": ("tensorrt_rtx", None),
    "lean TensorRT 10": ("tensorrt_lean_bindings", LEAN / "10"),
    "lean TensorRT 11": ("tensorrt_lean_bindings", LEAN / "11"),
}

SCRIPT = """
import importlib, json, sys
import numpy as np
trt = importlib.import_module(sys.argv[1])
registry = trt.get_plugin_registry()
handle = registry.load_library(sys.argv[2])
creator = registry.get_creator(sys.argv[3], sys.argv[4], "")


def create(hidden, direction):
    text = np.frombuffer(direction, np.int8)
    size = trt.PluginField("hidden_size", np.array([hidden], np.int32), trt.PluginFieldType.INT32)
    fields = [size, trt.PluginField("direction", text, trt.PluginFieldType.CHAR)]
    return creator.create_plugin("layer", trt.PluginFieldCollection(fields), trt.TensorRTPhase.RUNTIME)


good, bad = create(96, b"bidirectional\\0"), create(96, b"sideways\\0")
core = good.get_capability_interface(trt.PluginCapabilityType.CORE)
print(json.dumps({
    "version": trt.__version__,
    "listed": [[c.name, c.plugin_version, c.plugin_namespace] for c in registry.all_creators],
    "fields": [[field.name, field.type.name] for field in creator.field_names],
    "plugin": [core.plugin_name, core.plugin_version, core.plugin_namespace],
    "refused": bad is None,
}))
del core, good
registry.deregister_library(handle)
"""


def loaded(module: str, folder: Path | None, library: Path) -> dict[str, Any]:
    """What a process that knows nothing of us makes of the library."""
    search = {"PYTHONPATH": str(folder)} if folder else {}
    command = [sys.executable, "-c", SCRIPT, module, str(library), PLUGIN_NAME, PLUGIN_VERSION]
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, **search})
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_it_loads_and_makes_plugins(plugin, runtime):
    module, folder = RUNTIMES[runtime]
    if not (folder / module).is_dir() if folder else importlib.util.find_spec(module) is None:
        pytest.skip(f"{runtime} is not installed here ({folder or module})")
    found = loaded(module, folder, plugin.path)
    if folder:
        assert found["version"].split(".")[0] == folder.name
    assert [PLUGIN_NAME, PLUGIN_VERSION, ""] in found["listed"]
    assert found["fields"] == [["hidden_size", "INT32"], ["direction", "CHAR"]]
    assert found["plugin"] == [PLUGIN_NAME, PLUGIN_VERSION, ""]
    assert found["refused"]
