"""What a candidate reads on the held-out images, against its parent."""

from __future__ import annotations

from typing import Literal

import numpy as np
import onnx
from numpy.typing import NDArray

from crnn_deploy.errors import InputError
from crnn_deploy.evaluation.bootstrap import difference_interval
from crnn_deploy.evaluation.decoding import decode
from crnn_deploy.evaluation.metrics import Ratio, class_ratios, exact_matches, text_ratios
from crnn_deploy.evaluation.references import reference_texts, unknown_characters
from crnn_deploy.progress import Progress
from crnn_deploy.quantization.calibration.images import Images
from crnn_deploy.quantization.record import Change, Reading
from crnn_deploy.runtime.onnxruntime import inference_session
from crnn_deploy.runtime.outputs import batch_first
from crnn_deploy.spec import ModelSpec

_RESAMPLES = 1000
_LARGEST_DB = 200.0  # stands for no difference at all


class Examiner:
    """Holds candidates against what their parent read; the parent runs once.

    Errors are counted against the labels where the images have some that the model could read, otherwise against the
    parent's own text: case-insensitive CER for lines, 1 - top-1 for classes.

    Args:
        parent: the FP32 graph.
        threads: of ONNX Runtime; None: its own choice.
    """

    def __init__(
        self, parent: onnx.ModelProto, spec: ModelSpec, images: Images, threads: int | None, progress: Progress
    ) -> None:
        self._spec = spec
        self._images = images
        self._threads = threads
        self._progress = progress
        self._logits = [*self._run(parent, "Reading with the parent")]
        self._texts = [text for logits in self._logits for text in decode(logits, spec)]
        labels = _labels(images, spec)
        self.reference: Literal["labels", "parent"] = "parent" if labels is None else "labels"
        self._references = self._texts if labels is None else labels

    @property
    def images(self) -> int:
        """How many images are read."""
        return len(self._images)

    @property
    def figure(self) -> Literal["cer_ci", "top1"]:
        return "cer_ci" if self._spec.task == "ctc" else "top1"

    def read(self, candidate: onnx.ModelProto, description: str) -> Reading:
        """How `candidate` reads the images; `description` tells the progress bar what it is."""
        texts: list[str] = []
        signal = noise = 0.0
        for expected, found in zip(self._logits, self._run(candidate, description), strict=True):
            texts += decode(found, self._spec)
            signal += float(np.square(expected, dtype=np.float64).sum())
            noise += float(np.square(expected - found, dtype=np.float64).sum())
        parent, ours = self._errors(self._texts), self._errors(texts)
        low, high = difference_interval(ours, parent, _RESAMPLES, seed=0)
        return Reading(
            error=ours.value,
            change=Change(delta=ours.value - parent.value, low=low, high=high),
            same_text=exact_matches(self._texts, texts).value,
            noise_db=_decibels(signal, noise),
        )

    def _errors(self, texts: list[str]) -> Ratio:
        if self._spec.task == "ctc":
            return text_ratios(self._references, texts)["cer_ci"]
        hits = class_ratios(self._references, texts)["top1"]
        return Ratio(hits.possible - hits.counted, hits.possible)

    def _run(self, model: onnx.ModelProto, description: str) -> list[NDArray[np.float32]]:
        session = inference_session(model, self._threads)
        name = session.get_inputs()[0].name
        images = self._progress.track(self._images, description, len(self._images))
        return [batch_first(session.run(None, {name: image})[0], self._spec) for image in images]


def _labels(images: Images, spec: ModelSpec) -> list[str] | None:
    """Labels of the images, or None where they have none or the model can't be asked for them."""
    try:
        references = reference_texts(images.source, spec)
        if spec.task == "ctc":
            unknown_characters(references, spec, images.source.name)
    except InputError:
        return None
    return references


def _decibels(signal: float, noise: float) -> float:
    if noise == 0:
        return _LARGEST_DB
    decibels = 10 * np.log10(max(signal, np.finfo(np.float64).tiny) / noise)
    return float(np.clip(decibels, -_LARGEST_DB, _LARGEST_DB)) if np.isfinite(decibels) else -_LARGEST_DB
