"""Recurrent layers whose input would be empty: ONNX Runtime's GRU and LSTM end the whole process then."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime as ort
from numpy.typing import NDArray
from onnx.inliner import inline_local_functions

from crnn_deploy.errors import InputError
from crnn_deploy.onnx_graph.computed_sizes import inferred_sizes
from crnn_deploy.onnx_graph.execution import load_session, run_session
from crnn_deploy.onnx_graph.external_data import parse
from crnn_deploy.onnx_graph.pruning import with_outputs
from crnn_deploy.onnx_graph.reading import read_sound

_KINDS = ("GRU", "LSTM")


class RecurrentSteps:
    """Tells, without running them, whether all recurrent layers of a graph get an input that is not empty.

    Those in branches and loops are not looked at.

    Args:
        options: of the session that runs the graph.
        title: names the model in messages.
    """

    def __init__(self, model: onnx.ModelProto | Path, options: ort.SessionOptions, title: str) -> None:
        self._source = model
        self._options = options
        self._title = title
        self._narrowest: float = np.inf

    def check(self, images: NDArray[Any]) -> None:
        """Check an input, whose last axis is its width, unless one as narrow has passed.

        Raises:
            InputError: if nothing of it would be left for one of the layers.
        """
        width = images.shape[-1]
        if width >= self._narrowest:
            return
        model = _inlined(parse(self._source) if isinstance(self._source, Path) else self._source)
        layers = [node for node in model.graph.node if node.op_type in _KINDS and not node.domain]
        sizes = inferred_sizes(model, images.shape) if layers else {}
        for node in layers:  # in the order in which they run, so that all before the one in question have passed
            known = sizes.get(node.input[0])
            if known is None or None in known:
                known = self._size_of_run(node.input[0], images)
            if 0 in known:
                raise InputError(
                    f"{self._title} cannot read an input that is {width} pixels wide.",
                    f"Nothing of it is left for the {node.op_type} {node.name or node.output[0]}.",
                    "Raise min_width in the preprocessing of the spec: narrower lines are stretched to it.",
                )
        self._narrowest = width if layers else 0

    def _size_of_run(self, tensor: str, images: NDArray[np.float32]) -> tuple[int, ...]:
        """The size of a tensor, by a run of what it depends on."""
        model = read_sound(self._source) if isinstance(self._source, Path) else self._source  # with external data
        before = with_outputs(_inlined(model), [onnx.ValueInfoProto(name=tensor)])
        session = load_session(before, self._options, self._title)
        first, *others = session.get_inputs()
        # What else a graph takes has a fixed size for each image, such as a vector; no size depends on its numbers.
        beside = {value.name: np.zeros((len(images), *value.shape[1:]), np.float32) for value in others}
        (values,) = run_session(session, [tensor], {first.name: images, **beside}, self._title)
        return values.shape


def _inlined(model: onnx.ModelProto) -> onnx.ModelProto:
    return inline_local_functions(model) if model.functions else model  # it copies all weights
