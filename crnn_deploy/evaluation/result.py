"""The result of an evaluation, as plain data that can be stored and compared later."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from crnn_deploy.config import Frozen
from crnn_deploy.data.sources.base import Kind
from crnn_deploy.evaluation.metrics import Ratio
from crnn_deploy.evaluation.prediction_rows import Prediction
from crnn_deploy.evaluation.predictions import Predictions
from crnn_deploy.evaluation.reliability import Reliability, reliability
from crnn_deploy.evaluation.unproven import Tally, little_right
from crnn_deploy.reading.image_notes import ImageNotes

__all__ = ["Accuracy", "DatasetFacts", "Evaluation", "Prediction", "Predictions"]


class DatasetFacts(Frozen):
    """The images that were used. The fingerprint covers every image and label, in order."""

    name: str
    count: int
    kind: Kind
    fingerprint: str


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
    predictions: Predictions
    unknown_characters: dict[str, int] = Field(default_factory=dict)
    image_notes: ImageNotes = ImageNotes()

    @property
    def figure_names(self) -> tuple[str, ...]:
        """The figures that there are, by their names in `Accuracy`."""
        return figure_names(self.dataset.kind, self.predictions)

    def ratios(self) -> dict[str, Ratio]:
        """Per-image counts behind each figure."""
        return {name: self.predictions.ratio(name) for name in self.figure_names}

    @property
    def unproven(self) -> str:
        """What the model does that makes its figures prove nothing, such as `reads nothing in …`; or empty."""
        of_classes = self.dataset.kind == "class"
        tally = Tally("classify" if of_classes else "ctc")
        for block in self.predictions.blocks():
            for text in block.texts:
                tally.add(text)
        found = tally.why_unproven()
        return found if found or of_classes else little_right(self.predictions.ratio("cer_ci"))

    @property
    def reliability(self) -> Reliability | None:
        """Confidences beside the share that is right; None where an earlier version kept no confidences."""
        sure = self.predictions.confidences()
        if sure is None:
            return None
        return reliability(sure, self.predictions.column("right" if self.dataset.kind == "class" else "right_ci"))

    def figures(self) -> dict[str, Any]:
        """The flat object that `crnn-deploy evaluate --json` prints: the figures, then what they were measured on."""
        reliable = self.reliability
        return {
            **self.accuracy.model_dump(mode="json", exclude_none=True),
            "reliability": reliable and reliable.model_dump(mode="json"),
            "unproven": self.unproven,
            **self.model_dump(mode="json", exclude={"sha256", "accuracy", "predictions"}),
        }


def figure_names(kind: Kind, predictions: Predictions) -> tuple[str, ...]:
    """The figures that there are for labels of this kind, by their names in `Accuracy`."""
    if kind != "class":
        return ("cer", "cer_ci", "word_accuracy", "word_accuracy_ci")
    return ("top1", "top5") if predictions.has_ranked() else ("top1",)
