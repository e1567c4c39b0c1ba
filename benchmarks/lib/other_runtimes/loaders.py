"""How each runtime loads a file and runs it, on one thread, as its documentation shows."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Task:
    """A file to load."""

    path: Path
    folder: Path
    """For what a converter writes."""
    example: Array
    """Images `[1, C, H, W]` of a usual width."""
    library: str | None
    """Our op library for ONNX Runtime."""


@dataclass(frozen=True)
class Loaded:
    """A file in a runtime: images `[1, C, H, W]` → logits, and the bytes that would be shipped."""

    run: Callable[[Array], Array]
    size: int


def onnxruntime_alone(task: Task) -> Loaded:
    return _onnxruntime(task.path, None)


def onnxruntime_with_ours(task: Task) -> Loaded:
    if task.library is None:
        raise FileNotFoundError("crnn-deploy's library is not built here")
    return _onnxruntime(task.path, task.library)


def _onnxruntime(path: Path, library: str | None) -> Loaded:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    if library is not None:
        options.register_custom_ops_library(library)
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    return Loaded(lambda images: session.run(None, {name: images})[0], path.stat().st_size)


def openvino(task: Task) -> Loaded:
    """Of any width, with the batch fixed to 1, and in FP32 where it is not INT8, as the others are."""
    from openvino import Core

    core = Core()
    model = core.read_model(task.path)
    model.reshape([*task.example.shape[:3], -1])
    options = {
        "PERFORMANCE_HINT": "LATENCY",
        "NUM_STREAMS": 1,
        "INFERENCE_NUM_THREADS": 1,
        "ENABLE_CPU_PINNING": False,
        "INFERENCE_PRECISION_HINT": "f32",
    }
    request = core.compile_model(model, "CPU", options).create_infer_request()
    return Loaded(lambda images: request.infer([images], share_inputs=True)[0], task.path.stat().st_size)


def ncnn(task: Task) -> Loaded:
    """Converted by pnnx, for two widths, which makes the width free."""
    import ncnn

    model = task.folder / "model.onnx"
    model.write_bytes(task.path.read_bytes())
    *others, width = task.example.shape
    program = Path(sys.executable).with_name("pnnx")
    arguments = [f"inputshape={_listed(*others, width)}", f"inputshape2={_listed(*others, 2 * width)}"]
    _execute([str(program), str(model), *arguments])
    files = task.folder / "model.ncnn.param", task.folder / "model.ncnn.bin"
    net = ncnn.Net()
    net.opt.num_threads = 1
    if net.load_param(str(files[0])) or net.load_model(str(files[1])):
        raise RuntimeError(f"pnnx leaves {_unknown_to_ncnn(files[0])} in the graph, which ncnn does not know")

    def run(images: Array) -> Array:
        with net.create_extractor() as extractor:
            extractor.input("in0", ncnn.Mat(images[0]).clone())
            status, logits = extractor.extract("out0")
        if status:
            raise RuntimeError(f"ncnn fails to run it: {status}")
        return np.array(logits)[np.newaxis]

    return Loaded(run, sum(file.stat().st_size for file in files))


def _listed(*shape: int) -> str:
    return f"[{','.join(map(str, shape))}]"


def _unknown_to_ncnn(param: Path) -> str:
    kinds = {line.split()[0] for line in param.read_text().splitlines()[2:]}
    unknown = [kind for kind in sorted(kinds) if "." in kind or kind.endswith("Linear")]
    return ", ".join(unknown) or "something"


def mnn(task: Task) -> Loaded:
    import MNN
    import MNN.expr

    converted = task.folder / "model.mnn"
    arguments = ["-f", "ONNX", "--modelFile", str(task.path), "--MNNModel", str(converted), "--bizCode", "none"]
    # The command beside the package first asks pip for newer versions.
    code = "import sys, _tools; _tools.mnnconvert(['mnnconvert', *sys.argv[1:]])"
    said = _execute([sys.executable, "-c", f"import MNN; {code}", *arguments])
    if not converted.exists():
        raise RuntimeError(f"mnnconvert writes nothing: {said.splitlines()[-1]}")
    manager = MNN.nn.create_runtime_manager(({"backend": "CPU", "numThread": 1, "precision": "high"},))
    network = MNN.nn.load_module_from_file(str(converted), ["images"], ["logits"], runtime_manager=manager)

    def run(images: Array) -> Array:
        variable = MNN.expr.const(images, list(images.shape), MNN.expr.data_format.NCHW)
        return np.array(network.forward([variable])[0].read())

    return Loaded(run, converted.stat().st_size)


def _execute(command: list[str]) -> str:
    """What a program of another prints; `RuntimeError` with the end of it where the program fails."""
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=600, check=False)
    said = (done.stdout + done.stderr).strip() or "it says nothing"
    if done.returncode:
        raise RuntimeError(f"{Path(command[0]).name} ends with {done.returncode}: {said.splitlines()[-1]}")
    return said


LOADERS: dict[str, Callable[[Task], Loaded]] = {
    "onnxruntime": onnxruntime_alone,
    "onnxruntime with our library": onnxruntime_with_ours,
    "openvino": openvino,
    "ncnn": ncnn,
    "mnn": mnn,
}
