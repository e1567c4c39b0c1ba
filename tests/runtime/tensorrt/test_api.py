"""All versions of TensorRT have what a session asks of them."""

from __future__ import annotations

import json

import pytest
from tensorrt_runtimes import RUNTIMES, asked

# What is used of each class, and what its documentation must say; properties are only set or read.
USED = {
    "Runtime": {"deserialize_cuda_engine": "", "engine_host_code_allowed": "", "get_plugin_registry": ""},
    "ICudaEngine": {
        "create_execution_context": "strategy: ",
        "device_memory_size_v2": "",
        "get_tensor_dtype": "name: str",
    },
    "IExecutionContext": {
        "set_optimization_profile_async": "profile_index: ",
        "set_device_memory": "memory: ",
        "set_input_shape": "name: str, shape: tuple",
        "get_tensor_shape": "",
        "set_tensor_address": "name: str, memory: ",
        "execute_async_v3": "stream_handle: ",
    },
    "ExecutionContextAllocationStrategy": {"USER_MANAGED": ""},
    "IPluginRegistry": {"all_creators": "", "load_library": "plugin_path: str"},
    "ILogger": {"ERROR": "", "INTERNAL_ERROR": "", "log": ""},
}
OF_RTX = {
    "ICudaEngine": {"create_runtime_config": "", "create_execution_context": "runtime_config: "},
    "IRuntimeConfig": {"cuda_graph_strategy": ""},
    "CudaGraphStrategy": {"WHOLE_GRAPH_CAPTURE": ""},
}

SCRIPT = """
import importlib, json, sys
import numpy as np
trt = importlib.import_module(sys.argv[1])


def said(kind, name):
    member = getattr(getattr(trt, kind, None), name, None)
    return None if member is None else member.__doc__ or ""


print(json.dumps({
    "version": trt.__version__,
    "half": trt.nptype(trt.DataType.HALF) is np.float16,
    "has_graph_strategy": hasattr(trt, "CudaGraphStrategy"),
    "said": {f"{kind}.{name}": said(kind, name) for kind, name in json.loads(sys.argv[2])},
}))
"""


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_a_session_finds_all_that_it_uses(runtime: str) -> None:
    tables = [USED, OF_RTX] if runtime == "TensorRT-RTX" else [USED]
    wanted = [(kind, name, part) for table in tables for kind, used in table.items() for name, part in used.items()]
    found = asked(runtime, SCRIPT, json.dumps([(kind, name) for kind, name, _ in wanted]))
    assert found["half"]
    assert found["has_graph_strategy"] == (runtime == "TensorRT-RTX")  # which tells them apart
    for kind, name, part in wanted:
        documented = found["said"][f"{kind}.{name}"]
        assert documented is not None, f"{kind}.{name} is missing"
        assert part in documented, f"{kind}.{name}: {documented}"
