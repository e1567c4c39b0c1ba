"""Compare candidates with their parent on the held-out images."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import numpy as np
import onnx
from numpy.typing import NDArray

from crnn_deploy.data.network_inputs import NetworkInputs
from crnn_deploy.errors import InputError
from crnn_deploy.evaluation.model_comparison import ModelComparison, compare_logits
from crnn_deploy.evaluation.primary_error import PrimaryFigure, primary_figure_of
from crnn_deploy.evaluation.references import reference_texts, unknown_characters
from crnn_deploy.evaluation.temperature import fit_temperature
from crnn_deploy.progress import Progress
from crnn_deploy.runtime.onnxruntime import OnnxGraphSession
from crnn_deploy.spec import ModelSpec


class Examiner:
    """Compares candidates with their parent, which runs once.

    Errors are counted against the labels where the images have labels that the model can produce, otherwise against the
    parent's own text: case-insensitive CER for lines, 1 - top-1 for classes.

    Args:
        parent: the FP32 graph.
        threads: of ONNX Runtime; None: it chooses.
    """

    def __init__(
        self, parent: onnx.ModelProto, spec: ModelSpec, images: NetworkInputs, threads: int | None, progress: Progress
    ) -> None:
        self._spec = spec
        self.images = images
        self._threads = threads
        self._progress = progress
        self._logits = [*self._run(parent, "Reading with the parent")]
        self._references = _labels(images, spec)
        self.reference: Literal["labels", "parent"] = "parent" if self._references is None else "labels"

    @property
    def figure(self) -> PrimaryFigure:
        return primary_figure_of(self._spec.task)

    def compare(self, candidate: onnx.ModelProto, description: str) -> ModelComparison:
        """How `candidate` reads the images, against the parent; `description` is for the progress bar."""
        return compare_logits(
            zip(self._logits, self._run(candidate, description), strict=True), self._spec, self._references
        )

    def fitted(self, model: onnx.ModelProto) -> float | None:
        """The temperature of a model's confidences; None without labels, or too few images read right or wrong."""
        if self._references is None:
            return None
        return fit_temperature([*self._run(model, "Fitting confidences")], self._references, self._spec)

    def _run(self, model: onnx.ModelProto, description: str) -> Iterator[NDArray[np.float32]]:
        session = OnnxGraphSession(model, self._spec, self._threads)
        for image in self._progress.track(self.images, description, len(self.images)):
            yield session.run(image)


def _labels(images: NetworkInputs, spec: ModelSpec) -> list[str] | None:
    """Labels of the images, or None where they have none or the model can't produce them."""
    try:
        references = reference_texts(images.source, spec)
        if spec.task == "ctc":
            unknown_characters(references, spec, images.source.name)
    except InputError:
        return None
    return references
