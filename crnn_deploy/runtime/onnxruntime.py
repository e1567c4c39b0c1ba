"""ONNX Runtime on the CPU."""

from __future__ import annotations

import numpy as np
import onnx
import onnxruntime as ort
from numpy.typing import NDArray

from crnn_deploy.artifact import Artifact
from crnn_deploy.errors import InputError
from crnn_deploy.native import kernel_level, ort_custom_ops_path
from crnn_deploy.runtime.outputs import batch_first
from crnn_deploy.spec import ModelSpec


def session_options(threads: int | None = None) -> ort.SessionOptions:
    """Options of a quiet session, with our recurrent kernels where they are compiled."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads or 0
    options.log_severity_level = 3
    # Idle threads that spin after a run take processor time from the next one, such as another model being timed.
    options.add_session_config_entry("session.force_spinning_stop", "1")
    if kernel_level() is not None:
        options.register_custom_ops_library(str(ort_custom_ops_path()))
    return options


def inference_session(model: onnx.ModelProto, threads: int | None = None) -> ort.InferenceSession:
    """ONNX Runtime's own session over a model in memory, on the CPU."""
    return ort.InferenceSession(model.SerializeToString(), session_options(threads), providers=["CPUExecutionProvider"])


class OnnxGraphSession:
    """A `Session` over a graph in memory, on ONNX Runtime's CPU provider."""

    runtime = "onnxruntime"

    def __init__(self, model: onnx.ModelProto, spec: ModelSpec, threads: int | None = None) -> None:
        self.spec = spec
        self._session = inference_session(model, threads)
        self._input = self._session.get_inputs()[0].name

    def run(self, images: NDArray[np.float32]) -> NDArray[np.float32]:
        """Images `[N, C, H, W]` → logits `[N, T, K]` or `[N, K]`."""
        return batch_first(self._session.run(None, {self._input: images})[0], self.spec)


class OnnxRuntimeSession:
    """A `Session` over an `.onnx` artifact, on ONNX Runtime's CPU provider.

    Raises:
        InputError: if ONNX Runtime refuses the file.
    """

    runtime = "onnxruntime"

    def __init__(self, artifact: Artifact, threads: int | None = None) -> None:
        self.spec: ModelSpec = artifact.spec
        options = session_options(threads)
        try:
            self._session = ort.InferenceSession(str(artifact.path), options, providers=["CPUExecutionProvider"])
        except Exception as error:  # ONNX Runtime raises a class of its own for each status code
            raise InputError(f"ONNX Runtime cannot load {artifact.path}.", str(error)) from None
        self._input = self._session.get_inputs()[0].name
        self._output = self._session.get_outputs()[0].name

    def run(self, images: NDArray[np.float32]) -> NDArray[np.float32]:
        """Images `[N, C, H, W]` → logits `[N, T, K]` or `[N, K]`."""
        (logits,) = self._session.run([self._output], {self._input: images})
        return batch_first(logits, self.spec)
