"""Does a candidate read the same as its parent? Text, logits and error of both on the same images.

Export, engine builds and quantization all ask this question; each has only its own requirement on the answer.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from crnn_deploy.config import Frozen
from crnn_deploy.data.network_inputs import NetworkInput
from crnn_deploy.errors import GateError
from crnn_deploy.evaluation.difference import Difference, difference_of
from crnn_deploy.evaluation.primary_error import ERROR_NAMES, error_counts, primary_figure_of
from crnn_deploy.evaluation.unproven import CONSTANT, why_unproven
from crnn_deploy.reading.decoding import decode
from crnn_deploy.runtime.session import Session
from crnn_deploy.spec import ModelSpec
from crnn_deploy.text_encoding import normalized

Logits = NDArray[np.float32]
ROUNDING = 1e-6
"""Share of the largest logit by which outputs for different images must differ to count as different."""
LARGEST_DB = 200.0
"""The value of `noise_db` where there is no difference at all; its negative where an output is not finite."""


class ModelComparison(Frozen):
    """A candidate against its parent, on the same images."""

    images: int
    changed: int = Field(description="images that read differently")
    not_finite: int = Field(description="images for which an output of one of the two is NaN or infinite")
    max_difference: float = Field(description="largest absolute difference of a logit, where all are finite")
    relative_difference: float = Field(description="the same as a share of the largest logit's magnitude in its batch")
    noise_db: float = Field(description="power of the parent's logits over that of the difference, in dB")
    error: float = Field(description="of the candidate: case-insensitive CER or 1 - top-1, a fraction")
    difference: Difference = Field(description="of the error: candidate - parent")
    constant: bool = Field(default=False, description="whether the parent gives the same outputs for all images")
    unproven: str = Field(
        default="", description="what the parent does that makes this prove nothing, such as `reads nothing in …`"
    )

    @property
    def same_text(self) -> float:
        """Share of images that read exactly as the parent reads them."""
        return (self.images - self.changed) / self.images if self.images else 1.0


def compare_sessions(parent: Session, candidate: Session, batches: Iterable[NetworkInput]) -> ModelComparison:
    """Run both models on the same batches `[N, C, H, W]`; errors are counted against the parent's own texts.

    Raises:
        GateError: if the shapes of their logits differ.
    """

    def pairs() -> Iterator[tuple[Logits, Logits]]:
        for batch in batches:
            expected, logits = parent.run(batch), candidate.run(batch)
            if expected.shape != logits.shape:
                raise GateError(
                    f"For input {list(batch.shape)} the converted model gives {list(logits.shape)}, "
                    f"its parent {list(expected.shape)}.",
                    "A size that depends on the input was frozen when the model was converted.",
                )
            yield expected, logits

    return compare_logits(pairs(), parent.spec)


def compare_logits(
    pairs: Iterable[tuple[Logits, Logits]], spec: ModelSpec, references: Sequence[str] | None = None
) -> ModelComparison:
    """Compare what two models give for the same batches.

    Args:
        pairs: logits of the parent and of the candidate for each batch, `[N, T, K]` or `[N, K]`.
        references: the right text or class of each image; None: errors are counted against the parent's own texts.
    """
    tally = _Tally(spec)
    for expected, logits in pairs:
        tally.add(expected, logits)
    return tally.comparison(references)


class _Tally:
    """Sums over the batches compared so far."""

    def __init__(self, spec: ModelSpec) -> None:
        self._spec = spec
        self.parent_texts: list[str] = []
        self._texts: list[str] = []
        self._not_finite = 0
        self._largest = self._relative = 0.0
        self._signal = self._noise = 0.0
        self._means: list[NDArray[np.float32]] = []  # of the parent's logits over the frames of each image, `[K]`

    def add(self, expected: Logits, logits: Logits) -> None:
        """Count one batch in, with the parent's logits first."""
        self.parent_texts += self._decoded(expected)
        self._texts += self._decoded(logits)
        self._means += [image.reshape(-1, image.shape[-1]).mean(axis=0) for image in expected]
        difference = expected - logits
        finite = np.isfinite(difference).all(axis=tuple(range(1, difference.ndim)))
        self._not_finite += int((~finite).sum())
        largest = float(np.abs(difference[finite]).max(initial=0))
        scale = float(np.abs(expected[finite]).max(initial=0))
        self._largest = max(self._largest, largest)
        self._relative = max(self._relative, largest / max(scale, float(np.finfo(np.float32).tiny)))
        self._signal += float(np.square(expected, dtype=np.float64).sum())
        self._noise += float(np.square(difference, dtype=np.float64).sum())

    def _decoded(self, logits: Logits) -> list[str]:
        """Texts in the form of the labels."""
        return [normalized(text, self._spec.normal_form) for text in decode(logits, self._spec)]

    def comparison(self, labels: Sequence[str] | None) -> ModelComparison:
        references = self.parent_texts if labels is None else labels
        figure = primary_figure_of(self._spec.task)
        theirs = error_counts(figure, references, self.parent_texts)
        ours = error_counts(figure, references, self._texts)
        return ModelComparison(
            images=len(self._texts),
            changed=sum(before != after for before, after in zip(self.parent_texts, self._texts, strict=True)),
            not_finite=self._not_finite,
            max_difference=self._largest,
            relative_difference=self._relative,
            noise_db=_decibels(self._signal, self._noise),
            error=ours.value,
            difference=difference_of(ERROR_NAMES[figure], ours, theirs),
            constant=self._constant,
            unproven=CONSTANT if self._constant else why_unproven(self._spec.task, self.parent_texts, labels),
        )

    @property
    def _constant(self) -> bool:
        """Whether the parent's mean logits are the same for all images, up to rounding."""
        means = np.array(self._means)
        return len(means) > 1 and bool(np.ptp(means, axis=0).max() <= ROUNDING * np.abs(means).max())


def _decibels(signal: float, noise: float) -> float:
    if noise == 0:
        return LARGEST_DB
    if not np.isfinite([signal, noise]).all():
        return -LARGEST_DB
    decibels = 10 * np.log10(max(signal, np.finfo(np.float64).tiny) / noise)
    return float(np.clip(decibels, -LARGEST_DB, LARGEST_DB))
