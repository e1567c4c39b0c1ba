"""The result of an evaluation, as plain data that can be stored and compared later."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from crnn_deploy.config import Frozen
from crnn_deploy.data.sources.base import Kind
from crnn_deploy.evaluation.metrics import Ratio, class_ratios, text_ratios
from crnn_deploy.evaluation.reliability import Reliability, reliability
from crnn_deploy.evaluation.unproven import why_unproven
from crnn_deploy.reading.image_notes import ImageNotes


class DatasetFacts(Frozen):
    """The images that were used. The fingerprint covers every image and label, in order."""

    name: str
    count: int
    kind: Kind
    fingerprint: str


class Prediction(Frozen):
    """The label of one image and what the model reads: text in the model's normal form, or the name of a class.

    `confidence` is None in evaluations of earlier versions. `ranked` has the five most probable classes, the best
    first; it is empty where there are at most five, and for text.
    """

    item: str
    reference: str
    text: str
    confidence: float | None = None
    ranked: tuple[str, ...] = ()


class Accuracy(Frozen):
    """Figures as fractions, None where the task has no such figure; `_ci` means case-insensitive.

    `top5` is there for more than five classes: the share of images whose class is among the five most probable ones.

    `ci95` holds the 95 % bootstrap interval of each figure by its name; `count` is the number of images.
    """

    cer: float | None = None
    cer_ci: float | None = None
    word_accuracy: float | None = None
    word_accuracy_ci: float | None = None
    top1: float | None = None
    top5: float | None = None
    ci95: dict[str, tuple[float, float]]
    count: int


class Evaluation(Frozen):
    """One model on one data set.

    `artifact` is the evaluated file, or the model's name where it lives in memory only (then without `sha256`).
    `unknown_characters` counts label characters that the model cannot produce; they are part of the CER.
    `image_notes` counts images that were read in a way that their sender may not expect.
    """

    artifact: str
    sha256: str | None = None
    runtime: str
    dataset: DatasetFacts
    accuracy: Accuracy
    skipped: list[str] = Field(default_factory=list)
    predictions: tuple[Prediction, ...]
    unknown_characters: dict[str, int] = Field(default_factory=dict)
    image_notes: ImageNotes = ImageNotes()

    def ratios(self) -> dict[str, Ratio]:
        """Per-image counts behind each figure."""
        return ratios(self.dataset.kind, self.predictions)

    @property
    def unproven(self) -> str:
        """What the model does that makes its figures prove nothing, such as `reads nothing in …`; or empty."""
        texts = [prediction.text for prediction in self.predictions]
        references = [prediction.reference for prediction in self.predictions]
        return why_unproven("classify" if self.dataset.kind == "class" else "ctc", texts, references)

    @property
    def reliability(self) -> Reliability | None:
        """Confidences beside the share that is right; None where an earlier version kept no confidences."""
        sure = [each.confidence for each in self.predictions if each.confidence is not None]
        if len(sure) < len(self.predictions):
            return None
        right = self.ratios()["top1" if self.dataset.kind == "class" else "word_accuracy_ci"].counted == 1
        return reliability(sure, right)

    def figures(self) -> dict[str, Any]:
        """The flat object that `crnn-deploy evaluate --json` prints: the figures, then what they were measured on."""
        reliable = self.reliability
        return {
            **self.accuracy.model_dump(mode="json", exclude_none=True),
            "reliability": reliable and reliable.model_dump(mode="json"),
            "unproven": self.unproven,
            **self.model_dump(mode="json", exclude={"sha256", "accuracy", "predictions"}),
        }


def ratios(kind: Kind, predictions: tuple[Prediction, ...]) -> dict[str, Ratio]:
    """Per-image counts behind each figure that applies to labels of this kind."""
    references = [prediction.reference for prediction in predictions]
    texts = [prediction.text for prediction in predictions]
    if kind != "class":
        return text_ratios(references, texts)
    ranked = [prediction.ranked for prediction in predictions]
    return class_ratios(references, texts, ranked if all(ranked) else ())
