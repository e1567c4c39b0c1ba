"""Stands in for a Triton server in the check: runs the Python model of a repository, and the network beside it."""

from __future__ import annotations

import json
import re
import sys
from contextlib import suppress
from pathlib import Path
from runpy import run_path
from types import SimpleNamespace
from typing import Any

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

BACKEND = "triton_python_backend_utils"
"""The module that the server gives to its models."""

_PARAMETER = re.compile(r'key\s*:\s*"(\w+)"\s*value\s*:?\s*{\s*string_value\s*:\s*"(\w+)"')


class Tensor:
    """An array with a name."""

    def __init__(self, name: str, values: NDArray[Any]) -> None:
        self.name = name
        self._values = values

    def as_numpy(self) -> NDArray[Any]:
        """The array."""
        return self._values


class Response:
    """The answer to a request: outputs, or an error."""

    def __init__(self, output_tensors: list[Tensor] | None = None, error: Error | None = None) -> None:
        self.tensors = output_tensors or []
        self._error = error

    def has_error(self) -> bool:
        """Whether there is an error and no output."""
        return self._error is not None

    def error(self) -> Error | None:
        """The error."""
        return self._error


class Error:
    """What went wrong with a request."""

    INVALID_ARG, INTERNAL = "INVALID_ARG", "INTERNAL"

    def __init__(self, message: str, code: str) -> None:
        self.code = code
        self._message = message

    def message(self) -> str:
        """In words."""
        return self._message


class Server:
    """The models of a repository, by their names."""

    def __init__(self, repository: Path) -> None:
        self._repository = repository
        sys.modules[BACKEND] = self._backend()
        for file in (repository / "reader" / "1").glob("crnn_*.py"):
            sys.modules.pop(file.stem, None)  # that of another repository
        folder = str(repository / "reader" / "1")
        sys.path.insert(0, folder)
        try:
            self.model = run_path(f"{folder}/model.py")["TritonPythonModel"]()
            self.model.initialize({"model_config": json.dumps(_parameters(repository / "reader" / "config.pbtxt"))})
        finally:
            sys.path.remove(folder)

    def read(self, contents: list[bytes]) -> list[Response]:
        """The responses to requests of one encoded image each, which come as one batch."""
        images = [np.array([[content]], np.object_) for content in contents]
        requests = [SimpleNamespace(tensors=[Tensor("IMAGE", image)]) for image in images]
        responses: list[Response] = self.model.execute(requests)
        return responses

    def _backend(self) -> Any:
        """What the Python backend offers, under its names, as far as the model uses it."""
        return SimpleNamespace(
            Tensor=Tensor,
            TritonError=Error,
            InferenceResponse=Response,
            InferenceRequest=lambda **fields: SimpleNamespace(exec=lambda: self._run(**fields)),
            PreferredMemory=lambda kind: kind,
            TRITONSERVER_MEMORY_CPU="CPU",
            get_input_tensor_by_name=named,
            get_output_tensor_by_name=named,
        )

    def _run(self, model_name: str, requested_output_names: list[str], inputs: list[Tensor], **_: Any) -> Response:
        session = _session(self._repository / model_name / "1")
        outputs = session.run(requested_output_names, {tensor.name: tensor.as_numpy() for tensor in inputs})
        return Response([Tensor(*pair) for pair in zip(requested_output_names, outputs, strict=True)])


def named(holder: Any, name: str) -> Tensor:
    """The input of a request or the output of a response."""
    found: Tensor = next(tensor for tensor in holder.tensors if tensor.name == name)
    return found


def _session(folder: Path) -> ort.InferenceSession:
    options = ort.SessionOptions()
    for library in folder.glob("*crnn_deploy_ops.*"):
        with suppress(Exception):  # of another system: the model runs without it
            options.register_custom_ops_library(str(library))
    return ort.InferenceSession(str(folder / "model.onnx"), options, providers=["CPUExecutionProvider"])


def _parameters(config: Path) -> dict[str, Any]:
    """The parameters of a configuration, as Triton hands them over."""
    found = _PARAMETER.findall(config.read_text(encoding="utf-8"))
    return {"parameters": {key: {"string_value": text} for key, text in found}}
