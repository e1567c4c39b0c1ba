"""Proves that a changed model computes the same."""

from __future__ import annotations

import bisect
from collections.abc import Sequence

import numpy as np
import onnx
from numpy.typing import NDArray

from crnn_deploy.checkpoints.onnx.recurrence.search.reads import Reads
from crnn_deploy.errors import InputError
from crnn_deploy.onnx_graph.pruning import with_outputs
from crnn_deploy.runtime.network import Network
from crnn_deploy.runtime.onnxruntime import open_network
from crnn_deploy.runtime.trial import close, trial_images
from crnn_deploy.spec import ModelSpec

_IMAGES = 3
_NARROW = 0.6  # of the trial's width: a second one, where the width is free
_WIDEST = 4096  # pixels
_TOLERANCE = 1e-4  # of the largest logit


class Proof:
    """Images of noise, and what a model gives for them.

    A graph that was traced step by step has as many steps as the images that it was traced with, even where it says
    that its width is free. Of wider images it reads the beginning; so it is tried with images that have those steps.

    Args:
        model: the model as it came.
        spec: its spec.
        simplified: the same model with constants folded, whose tensors `reads` names.
        reads: the sequences that it takes apart.

    Raises:
        InputError: if the model does not run.
    """

    def __init__(
        self, model: onnx.ModelProto, spec: ModelSpec, simplified: onnx.ModelProto, reads: Sequence[Reads]
    ) -> None:
        network = open_network(model, threads=1)
        self.images = trial_images(spec, network.batch or _IMAGES)
        self._outputs = [output.name for output in model.graph.output]
        widths = [self.images.shape[-1]]
        if spec.preprocessing.width is None:
            widths.append(spec.preprocessing.with_padding(int(widths[0] * _NARROW)))
            traced = next(filter(None, (self._traced_width(simplified, each) for each in reads)), None)
            widths = [traced] if traced else widths
        self.images = self._of_width(max(widths))
        self._expected = [(images, self._run(network, images)) for images in map(self._of_width, widths)]

    def holds(self, changed: onnx.ModelProto) -> bool:
        """Whether a changed model gives the same."""
        try:
            network = open_network(changed, threads=1)
            pairs = [(expected, self._run(network, images)) for images, expected in self._expected]
        except InputError:
            return False
        return all(close(*outputs, _TOLERANCE) for pair in pairs for outputs in zip(*pair, strict=True))

    def _run(self, network: Network, images: NDArray[np.float32]) -> list[NDArray[np.float32]]:
        return network.try_out(images, self._outputs)

    def _of_width(self, width: int) -> NDArray[np.float32]:
        """The images, of another width: cut, or with themselves beside."""
        repeats = -(-width // self.images.shape[-1])
        return np.ascontiguousarray(np.tile(self.images, (1, 1, 1, repeats))[..., :width])

    def _traced_width(self, model: onnx.ModelProto, reads: Reads) -> int | None:
        """The width of images with as many steps as are read, where those of the trial have more or fewer."""
        count = len(reads.tensors)
        network = open_network(with_outputs(model, [onnx.ValueInfoProto(name=reads.source)]), threads=1)

        def steps(width: int) -> int:
            try:
                (sequence,) = network.try_out(self._of_width(width), [reads.source])
            except InputError:  # too narrow for it
                return 0
            return int(sequence.shape[reads.axis]) if sequence.ndim == 3 else 0

        if steps(self.images.shape[-1]) in (0, count):
            return None
        widths = range(1, _WIDEST)
        width = widths[min(bisect.bisect_left(widths, count, key=steps), len(widths) - 1)]
        return width if steps(width) == count else None
