"""A TensorRT over a GPU in host memory (`fake_gpu.py`), as strict as the real one, for machines that have neither.

Contexts must not change under a graph. Engines are ONNX files, which ONNX Runtime computes.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from math import prod
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import onnx
import onnxruntime as ort
from fake_gpu import FakeCuda
from onnx import TensorProto, helper, numpy_helper

from crnn_deploy.artifact import Artifact
from crnn_deploy.preprocessing import Preprocessing
from crnn_deploy.runtime.tensorrt.manifest import (
    EngineLayer,
    EngineManifest,
    EnginePlugin,
    ShapeProfile,
    write_manifest,
)
from crnn_deploy.spec import ModelSpec

VERSION = "10.3.0"
LAYERS = (
    EngineLayer(name="conv", kind="convolution", precision="int8"),
    EngineLayer(name="head", kind="matmul", precision="fp16"),
    EngineLayer(name="out", kind="cast", precision="fp32"),
)


class FakeLogger:
    INTERNAL_ERROR, ERROR, WARNING = (SimpleNamespace(name=name) for name in ("INTERNAL_ERROR", "ERROR", "WARNING"))

    def log(self, severity: Any, message: str) -> None:
        raise NotImplementedError


class FakeLibrary:
    """The parts of the module `tensorrt`, or of `tensorrt_rtx`, that a session uses."""

    ILogger = FakeLogger
    ExecutionContextAllocationStrategy = SimpleNamespace(STATIC="static", USER_MANAGED="user")

    def __init__(
        self, cuda: FakeCuda, profiles: Sequence[ShapeProfile], rtx: bool = False, loops: bool = False
    ) -> None:
        self.__version__ = VERSION
        self.cuda, self.profiles, self.loops = cuda, profiles, loops
        self.contexts: list[FakeContext] = []
        self.loaded: list[str] = []
        self.host_code_allowed = False
        if rtx:
            self.CudaGraphStrategy = SimpleNamespace(DISABLED=0, WHOLE_GRAPH_CAPTURE=1)

    def nptype(self, dtype: Any) -> Any:
        return dtype

    def Runtime(self, log: FakeLogger) -> FakeRuntime:  # noqa: N802
        return FakeRuntime(self, log)


class FakeRuntime:
    def __init__(self, library: FakeLibrary, log: FakeLogger) -> None:
        self._library = library
        self._log = log
        self._creators: list[SimpleNamespace] = []
        self.engine_host_code_allowed = False

    def get_plugin_registry(self) -> Any:
        return SimpleNamespace(all_creators=self._creators, load_library=self._load)

    def _load(self, path: str) -> object | None:
        if not Path(path).is_file():
            return None
        self._library.loaded.append(path)
        self._creators.append(SimpleNamespace(name="CrnnGru", plugin_version="1"))
        return object()

    def deserialize_cuda_engine(self, plan: bytes) -> FakeEngine | None:
        self._library.host_code_allowed = self.engine_host_code_allowed
        try:
            return FakeEngine(self._library, ort.InferenceSession(plan, providers=["CPUExecutionProvider"]))
        except Exception:
            self._log.log(FakeLogger.WARNING, "this is slow")
            self._log.log(FakeLogger.ERROR, "magicTag is wrong")
            return None


class FakeEngine:
    device_memory_size_v2 = 512

    def __init__(self, library: FakeLibrary, session: ort.InferenceSession) -> None:
        self.library, self.session = library, session

    def get_tensor_dtype(self, name: str) -> Any:
        values = [*self.session.get_inputs(), *self.session.get_outputs()]
        (kind,) = (value.type for value in values if value.name == name)
        return {"tensor(float)": np.float32, "tensor(float16)": np.float16}[kind]

    def create_runtime_config(self) -> SimpleNamespace:
        return SimpleNamespace(cuda_graph_strategy=0)

    def create_execution_context(self, choice: Any = "static") -> FakeContext:
        context = FakeContext(self, needs_workspace=choice == "user")
        context.records_by_itself = getattr(choice, "cuda_graph_strategy", 0) == 1
        self.library.contexts.append(context)
        return context


class FakeContext:
    def __init__(self, engine: FakeEngine, needs_workspace: bool) -> None:
        self._engine = engine
        self._cuda = engine.library.cuda
        self._needs_workspace = needs_workspace
        self._workspace: int | None = None
        self._profile: ShapeProfile | None = None
        self._shapes: dict[str, tuple[int, ...]] = {}
        self._addresses: dict[str, int] = {}
        self._deferred = True
        self.records_by_itself = False
        self.changes = 0
        self.runs = 0

    def set_optimization_profile_async(self, index: int, stream: int) -> bool:
        assert stream == self._cuda.stream
        self._profile = self._engine.library.profiles[index]
        return True

    def set_device_memory(self, address: int, size: int) -> None:
        assert size >= self._engine.device_memory_size_v2
        assert address in self._cuda.device
        self._workspace = address

    def set_input_shape(self, name: str, shape: tuple[int, ...]) -> bool:
        assert self._profile is not None
        images, *others = (value.name for value in self._engine.session.get_inputs())
        assert name in (images, *others)
        if name == images and not self._profile.holds(shape):
            return False
        if self._shapes.get(name) != shape:
            self.changes += 1
            self._deferred = True
        self._shapes[name] = shape
        return True

    def get_tensor_shape(self, name: str) -> tuple[int, ...]:
        images, *others = (self._shapes[value.name] for value in self._engine.session.get_inputs())
        assert all(other[0] == images[0] for other in others)
        assert name == self._engine.session.get_outputs()[0].name
        return (images[0], images[3] // 4, 3)

    def set_tensor_address(self, name: str, address: int) -> bool:
        if self._addresses.get(name) != address:
            self.changes += 1
        self._addresses[name] = address
        return address in self._cuda.device

    def execute_async_v3(self, stream: int) -> bool:
        assert stream == self._cuda.stream
        assert not self._needs_workspace or self._workspace in self._cuda.device
        sources = [value.name for value in self._engine.session.get_inputs()]
        target = self._engine.session.get_outputs()[0].name
        graph, at = self._cuda.capturing, self.changes
        if graph is not None:
            graph.valid = not (self._deferred or self._engine.library.loops)
            graph.checks.append(lambda: self._unchanged(at))
        self._deferred = False
        self.runs += 1
        shapes, addresses = dict(self._shapes), dict(self._addresses)

        def read(source: str) -> np.ndarray:
            dtype = self._engine.get_tensor_dtype(source)
            size = prod(shapes[source]) * np.dtype(dtype).itemsize
            return np.frombuffer(self._cuda.read(addresses[source], size), dtype).reshape(shapes[source])

        def compute() -> None:
            (output,) = self._engine.session.run([target], {source: read(source) for source in sources})
            self._cuda.write(addresses[target], output.tobytes())

        self._cuda.enqueue("run", compute)
        return True

    def _unchanged(self, changes: int) -> None:
        assert self.changes == changes, "the context changed under its graph"


def profile(widths: tuple[int, int], most: int, fewest: int = 1) -> ShapeProfile:
    """Images of 1×10 pixels and the given widths, `fewest` to `most` at once."""
    low, high = widths
    return ShapeProfile(min=(fewest, 1, 10, low), opt=(1, 1, 10, high), max=(most, 1, 10, high))


def line_model(dtype: int = TensorProto.FLOAT, numbers: int = 0) -> onnx.ModelProto:
    """A CTC model of one convolution with a step of 4 pixels: `[N, 1, 10, W]` → `[N, W/4, 3]`.

    With `numbers` it takes a vector of them beside each line, whose sum is added to all outputs.
    """
    kind = helper.tensor_dtype_to_np_dtype(dtype)
    kernel = np.random.default_rng(0).standard_normal((3, 1, 10, 4)).astype(kind)
    initializers = [numpy_helper.from_array(kernel, "kernel"), numpy_helper.from_array(np.array([2]), "axes")]
    nodes = [
        helper.make_node("Conv", ["images", "kernel"], ["features"], strides=[10, 4]),
        helper.make_node("Squeeze", ["features", "axes"], ["columns"]),
        helper.make_node("Transpose", ["columns"], ["frames" if numbers else "logits"], perm=[0, 2, 1]),
    ]
    if numbers:
        initializers.append(numpy_helper.from_array(np.array([1]), "last"))
        nodes.append(helper.make_node("ReduceSum", ["vector", "last"], ["sum"]))
        nodes.append(helper.make_node("Unsqueeze", ["sum", "axes"], ["sums"]))
        nodes.append(helper.make_node("Add", ["frames", "sums"], ["logits"]))
    images = helper.make_tensor_value_info("images", dtype, ["n", 1, 10, "w"])
    logits = helper.make_tensor_value_info("logits", dtype, ["n", "t", 3])
    beside = [helper.make_tensor_value_info("vector", dtype, ["n", numbers])] if numbers else []
    graph = helper.make_graph(nodes, "line", [images, *beside], [logits], initializers)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)


def engine(folder: Path, profiles: Sequence[ShapeProfile], dtype: int = TensorProto.FLOAT, **changes: Any) -> Artifact:
    """`line.engine` with its JSON; `changes` are to the manifest."""
    plan = line_model(dtype).SerializeToString()
    path = folder / "line.engine"
    path.write_bytes(plan)
    spec = ModelSpec(name="line", charset=("a", "b"), preprocessing=Preprocessing(height=10))
    facts: dict[str, Any] = {
        "flavor": "tensorrt",
        "version": VERSION,
        "precision": "int8",
        "compute_capabilities": ("sm86", "sm89"),
        "input_name": "images",
        "output_name": "logits",
        "profiles": tuple(profiles),
        "engine_sha256": sha256(plan).hexdigest(),
        "lowered_sha256": "0",
        "parent_sha256": "1",
        "layers": LAYERS,
        "parameters": 120,
        "macs": 3000,
        "macs_input": (1, 1, 10, 32),
    }
    write_manifest(path, spec, EngineManifest(**{**facts, **changes}))
    return Artifact(path, spec)


def plugin(embedded: bool) -> EnginePlugin:
    return EnginePlugin(name="CrnnGru", version="1", library_sha256="2", embedded=embedded)


def install(monkeypatch: Any, library: FakeLibrary, gpu: Any) -> None:
    """Make the session find this GPU, this TensorRT and no other."""
    module = "crnn_deploy.runtime.tensorrt.session"
    flavor = "tensorrt-rtx" if hasattr(library, "CudaGraphStrategy") else "tensorrt"
    monkeypatch.setattr(f"{module}.installed_libraries", lambda: {flavor: library})
    monkeypatch.setattr(f"{module}.find_gpu", lambda: gpu)
    monkeypatch.setattr(f"{module}.open_cuda", lambda: library.cuda)
    monkeypatch.setattr(f"{module}.plugin_library", lambda _: None)
