"""The model `reader` of a Triton server: encoded images in, texts and confidences out.

Triton hands over the requests that wait; their images are read in batches of one width. The network runs in this
process, or it is another model of the server: the one that `network.json` names, if that file lies beside this one.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ParamSpec, TypeVar

import numpy as np
import triton_python_backend_utils as pb_utils
from crnn_reader import FORMATS, Floats, Reader, Reading, network_input
from PIL import Image

_HERE = Path(__file__).parent
_NETWORK = _HERE / "network.json"
T = TypeVar("T")
P = ParamSpec("P")


class TritonPythonModel:
    """What the Python backend runs, each instance in a process of its own."""

    def initialize(self, args: dict[str, str]) -> None:
        """Load the model; `args` holds the configuration as JSON."""
        self._max_pixels = int(json.loads(args["model_config"])["parameters"]["max_pixels"]["string_value"])
        session = Network(**json.loads(_NETWORK.read_text(encoding="utf-8"))) if _NETWORK.exists() else None
        self._reader = Reader(_HERE / "model.onnx", threads=1, session=session)

    def execute(self, requests: list[Any]) -> list[Any]:
        """A response to each request, in their order: its readings, or an error that is told to its client alone."""
        read = self._reader.read_inputs
        asked = [attempt(self._inputs, request) for request in requests]
        all_read = attempt(read, [each for inputs in asked if isinstance(inputs, list) for each in inputs])
        if isinstance(all_read, Exception):  # the fault of one of them, perhaps
            answers = [attempt(read, inputs) if isinstance(inputs, list) else inputs for inputs in asked]
        else:
            left = iter(all_read)
            answers = [list(islice(left, len(inputs))) if isinstance(inputs, list) else inputs for inputs in asked]
        return [response(answer) for answer in answers]

    def _inputs(self, request: Any) -> list[Floats]:
        """The network's inputs `[C, H, W]` for the images of a request; raises BadImageError."""
        contents = pb_utils.get_input_tensor_by_name(request, "IMAGE").as_numpy()
        return [self._input(content) for content in contents.ravel()]

    def _input(self, content: bytes) -> Floats:
        try:
            image = Image.open(io.BytesIO(content), formats=FORMATS)
            if image.width * image.height > self._max_pixels:
                raise ValueError(f"it has more than {self._max_pixels} pixels")
            return network_input(image, self._reader.spec.preprocessing)
        except Exception as error:  # Pillow raises many classes for damaged files
            raise BadImageError(f"this is no image that can be read: {error}") from None


class BadImageError(Exception):
    """A client sent what cannot be read."""


class Network:
    """Another model of the server, which runs the network; to `Reader` it is a session of ONNX Runtime."""

    def __init__(self, model: str, input_name: str, output_name: str, images: int | None) -> None:
        self._model = model
        self._output_name = output_name
        self._inputs = [SimpleNamespace(name=input_name, shape=[images])]

    def get_inputs(self) -> list[SimpleNamespace]:
        """Name of the input and number of images at once; None: any."""
        return self._inputs

    def run(self, _: None, feed: dict[str, Floats]) -> list[Floats]:
        """The logits of a batch of one width; raises RuntimeError with what the server says."""
        request = pb_utils.InferenceRequest(
            model_name=self._model,
            requested_output_names=[self._output_name],
            inputs=[pb_utils.Tensor(name, images) for name, images in feed.items()],
            preferred_memory=pb_utils.PreferredMemory(pb_utils.TRITONSERVER_MEMORY_CPU),
        )
        answer = request.exec()
        if answer.has_error():
            raise RuntimeError(answer.error().message())
        return [pb_utils.get_output_tensor_by_name(answer, self._output_name).as_numpy()]


def attempt(act: Callable[P, T], *values: P.args, **named: P.kwargs) -> T | Exception:
    """What a function returns or raises."""
    try:
        return act(*values, **named)
    except Exception as error:
        return error


def response(answer: list[Reading] | Exception) -> Any:
    """The response with the readings of a request, or with an error."""
    if isinstance(answer, Exception):
        kinds = pb_utils.TritonError
        kind = kinds.INVALID_ARG if isinstance(answer, BadImageError) else kinds.INTERNAL
        return pb_utils.InferenceResponse(error=kinds(str(answer), kind))
    texts = np.array([[reading.text.encode()] for reading in answer], np.object_)
    confidences = np.array([[reading.confidence] for reading in answer], np.float32)
    return pb_utils.InferenceResponse([pb_utils.Tensor("TEXT", texts), pb_utils.Tensor("CONFIDENCE", confidences)])
