"""A network in ONNX Runtime: images go in, also where the graph fixes how many at once."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime as ort
from numpy.typing import NDArray

from crnn_deploy.data.network_inputs import NetworkInput, arrays_of, each_array
from crnn_deploy.errors import InputError
from crnn_deploy.onnx_graph.execution import CPU, Provider, load_session, run_session, run_within_limit
from crnn_deploy.onnx_graph.recurrent_steps import RecurrentSteps
from crnn_deploy.spec import ModelSpec

_FLOATS = ("tensor(float)", "tensor(float16)", "tensor(double)")


VECTOR_INPUT = "vector"
"""Name of a graph's second input."""


class Network:
    """ONNX Runtime's session over a graph that takes images `[N, C, H, W]`, or these and vectors `[N, K]`, in FP32.

    Args:
        title: names the model in messages.
        providers: that run it, in the order of preference.

    Raises:
        InputError: if ONNX Runtime refuses the graph, or it takes something else.
    """

    def __init__(
        self,
        model: onnx.ModelProto | Path,
        options: ort.SessionOptions,
        title: str,
        providers: Sequence[Provider] = (CPU,),
    ) -> None:
        self.title = title
        self.session = load_session(model, options, title, providers)
        self._steps = RecurrentSteps(model, options, title)
        inputs = self.session.get_inputs()
        vectors = [value for value in inputs[1:] if value.name == VECTOR_INPUT and len(value.shape) == 2]
        if len(inputs) != 1 + len(vectors) or any(value.type != _FLOATS[0] for value in inputs):
            given = ", ".join(f"{value.name} {value.type}" for value in inputs) or "nothing"
            raise InputError(
                f"{title} does not take one image.",
                f"It takes {given}, expected one tensor(float).",
                "Export the model with the image as its only input, or with a second input called "
                f"{VECTOR_INPUT} of [N, K]; import adds a cast where the image is of another type.",
            )
        self.input_names: list[str] = [value.name for value in inputs]
        """The images, and the vectors where the graph takes some."""
        self.numbers = vectors[0].shape[1] if vectors else 0
        """Numbers of a vector; 0: none is taken. A text where the graph does not fix it."""
        sizes = inputs[0].shape
        self.batch: int | None = sizes[0] if sizes and isinstance(sizes[0], int) and sizes[0] > 0 else None
        """Images that the graph takes at once; None: any number."""

    @property
    def provider(self) -> str:
        """The first of the providers that could be started."""
        name: str = self.session.get_providers()[0]
        return name

    def logits_output(self, spec: ModelSpec) -> str:
        """The output with the logits: the first of numbers with the axes, and if stated the classes, of the spec.

        Raises:
            InputError: if there is none.
        """
        outputs = self.session.get_outputs()
        fitting = [o for o in outputs if o.type in _FLOATS and (not o.shape or len(o.shape) == spec.output_axes)]
        named = [output for output in fitting if output.shape and output.shape[-1] == spec.num_outputs]
        if not fitting:
            given = ", ".join(f"{output.name} {output.type}{output.shape}" for output in outputs)
            raise InputError(
                f"{self.title} has no output with logits.",
                f"It gives {given}, expected numbers with {spec.output_axes} axes.",
                "Export the model without the decoding at its end, or correct `task` in the spec.",
            )
        name: str = (named or fitting)[0].name
        return name

    def filled(self, images: NetworkInput) -> NetworkInput:
        """The images `[N, C, H, W]`, with the last one repeated where the graph takes more at once."""
        missing = -len(images) % (self.batch or 1)
        if not missing:
            return images
        return each_array(images, lambda array: np.concatenate([array, np.repeat(array[-1:], missing, axis=0)]))

    def feeds(self, images: NetworkInput) -> dict[str, NDArray[np.float32]]:
        """The arrays of a batch by the names of the graph's inputs.

        Raises:
            InputError: if the graph takes vectors and there are none, or others, or it takes none.
        """
        arrays = arrays_of(images)
        given = arrays[1].shape[1] if len(arrays) > 1 else 0
        if given != self.numbers and (not given or not isinstance(self.numbers, str)):
            raise InputError(
                f"{self.title} takes {self._told(self.numbers)}, and is given {self._told(given)}.",
                "Its spec does not fit the graph.",
                "Correct `vector` in the preprocessing of the spec.",
            )
        return dict(zip(self.input_names, arrays, strict=True))

    def _told(self, numbers: int | str) -> str:
        return f"a vector of {numbers} numbers beside each picture" if numbers else "pictures alone"

    def run(self, images: NetworkInput, outputs: Sequence[str] | None = None) -> list[NDArray[Any]]:
        """One run on as many images as the graph takes.

        Raises:
            InputError: if ONNX Runtime fails.
        """
        feeds = self.feeds(images)
        self._steps.check(feeds[self.input_names[0]])
        return run_session(self.session, outputs, feeds, self.title)

    def try_out(self, images: NetworkInput, outputs: Sequence[str] | None = None) -> list[NDArray[Any]]:
        """The first run, which may not take long.

        Raises:
            InputError: if ONNX Runtime fails, or the graph has a loop without an end.
        """
        feeds = self.feeds(images)
        self._steps.check(feeds[self.input_names[0]])
        return run_within_limit(self.session, outputs, feeds, self.title)

    def in_order(self, parts: Sequence[NDArray[np.float32]], images: NetworkInput) -> NDArray[np.float32]:
        """One array of the results for `in_parts(images)`, batch first, without those that filled the last part.

        Raises:
            InputError: if there are fewer results than images.
        """
        joined = parts[0] if len(parts) == 1 else np.concatenate(parts)
        if len(joined) < len(images):
            raise InputError(
                f"{self.title} gives results for {len(joined)} of {len(images)} images.",
                "A size in its graph is fixed to the images that it was exported with.",
                f"Import it with its spec, which repairs it: crnn-deploy import {self.title} --spec SPEC.yaml",
            )
        return joined[: len(images)]

    def in_parts(self, images: NetworkInput) -> list[NetworkInput]:
        """The images as batches that the graph takes; the last may be filled up."""
        if self.batch is None:
            return [images]
        images = self.filled(images)
        return [images[start : start + self.batch] for start in range(0, len(images), self.batch)]
