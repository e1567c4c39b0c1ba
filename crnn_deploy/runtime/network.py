"""A network in ONNX Runtime: images go in, also where the graph fixes how many at once."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime as ort
from numpy.typing import NDArray

from crnn_deploy.errors import InputError
from crnn_deploy.onnx_graph.execution import load_session, run_session, run_within_limit
from crnn_deploy.onnx_graph.recurrent_steps import RecurrentSteps
from crnn_deploy.spec import ModelSpec

_FLOATS = ("tensor(float)", "tensor(float16)", "tensor(double)")


class Network:
    """ONNX Runtime's session over a graph with one input, `[N, C, H, W]` in FP32.

    Args:
        title: names the model in messages.

    Raises:
        InputError: if ONNX Runtime refuses the graph, or it takes something else.
    """

    def __init__(self, model: onnx.ModelProto | Path, options: ort.SessionOptions, title: str) -> None:
        self.title = title
        self.session = load_session(model, options, title)
        self._steps = RecurrentSteps(model, options, title)
        inputs = self.session.get_inputs()
        if len(inputs) != 1 or inputs[0].type != _FLOATS[0]:
            given = ", ".join(f"{value.name} {value.type}" for value in inputs) or "nothing"
            raise InputError(
                f"{title} does not take one image.",
                f"It takes {given}, expected one tensor(float).",
                "Export the model with the image as its only input; import adds a cast where it is of another type.",
            )
        self.input_name: str = inputs[0].name
        sizes = inputs[0].shape
        self.batch: int | None = sizes[0] if sizes and isinstance(sizes[0], int) and sizes[0] > 0 else None
        """Images that the graph takes at once; None: any number."""

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

    def filled(self, images: NDArray[np.float32]) -> NDArray[np.float32]:
        """The images `[N, C, H, W]`, with the last one repeated where the graph takes more at once."""
        missing = -len(images) % (self.batch or 1)
        return np.concatenate([images, np.repeat(images[-1:], missing, axis=0)]) if missing else images

    def run(self, images: NDArray[np.float32], outputs: Sequence[str] | None = None) -> list[NDArray[Any]]:
        """One run on as many images as the graph takes.

        Raises:
            InputError: if ONNX Runtime fails.
        """
        self._steps.check(images)
        return run_session(self.session, outputs, {self.input_name: images}, self.title)

    def try_out(self, images: NDArray[np.float32], outputs: Sequence[str] | None = None) -> list[NDArray[Any]]:
        """The first run, which may not take long.

        Raises:
            InputError: if ONNX Runtime fails, or the graph has a loop without an end.
        """
        self._steps.check(images)
        return run_within_limit(self.session, outputs, {self.input_name: images}, self.title)

    def in_order(self, parts: Sequence[NDArray[np.float32]], images: NDArray[np.float32]) -> NDArray[np.float32]:
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

    def in_parts(self, images: NDArray[np.float32]) -> list[NDArray[np.float32]]:
        """The images as batches that the graph takes; the last may be filled up."""
        if self.batch is None:
            return [images]
        images = self.filled(images)
        return [images[start : start + self.batch] for start in range(0, len(images), self.batch)]
