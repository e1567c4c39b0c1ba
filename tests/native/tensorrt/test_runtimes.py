"""TensorRT itself loads the library, finds its creator and calls it. No version needs a GPU for that."""

from __future__ import annotations

import pytest
from tensorrt_runtimes import RUNTIMES, asked

from crnn_deploy.native.plugin import PLUGIN_NAME, PLUGIN_VERSION

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


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_it_loads_and_makes_plugins(plugin, runtime):
    answer = asked(runtime, SCRIPT, str(plugin.path), PLUGIN_NAME, PLUGIN_VERSION)
    assert [PLUGIN_NAME, PLUGIN_VERSION, ""] in answer["listed"]
    assert answer["fields"] == [["hidden_size", "INT32"], ["direction", "CHAR"]]
    assert answer["plugin"] == [PLUGIN_NAME, PLUGIN_VERSION, ""]
    assert answer["refused"]
