"""Open the session that fits an artifact."""

from __future__ import annotations

from crnn_deploy.artifact import Artifact
from crnn_deploy.runtime.session import Session


def open_session(artifact: Artifact, threads: int | None = None) -> Session:
    """Load an artifact with the runtime that fits its format; `threads` defaults to the runtime's own choice.

    Raises:
        InputError: if the file can't be loaded, or this machine can't run it.
    """
    if artifact.format == "engine":
        from crnn_deploy.runtime.tensorrt.session import TensorRTSession  # its manifest is validated with pydantic

        return TensorRTSession(artifact)  # a GPU has no thread count
    if artifact.format == "onnx":
        from crnn_deploy.runtime.onnxruntime import OnnxRuntimeSession  # 16 MB, which a training does not need

        return OnnxRuntimeSession(artifact, threads)
    from crnn_deploy.models.assembly import load_model  # PyTorch takes seconds to load; other formats don't need it
    from crnn_deploy.runtime.torch import TorchSession

    return TorchSession(load_model(artifact), artifact.spec, threads)
