"""Readings of a teacher as labels of images without labels."""

from __future__ import annotations

from dataclasses import dataclass, replace

from crnn_deploy.data.index.facts import Indices
from crnn_deploy.data.sources.base import Kind, Source
from crnn_deploy.data.sources.subset import Subset
from crnn_deploy.errors import InputError
from crnn_deploy.progress import Progress
from crnn_deploy.spec import ModelSpec
from crnn_deploy.training.inputs import TrainingInputs
from crnn_deploy.training.teachers.answers import Answer
from crnn_deploy.training.teachers.asking import Teacher, TeacherAnswers


class PseudoLabelled(Subset):
    """The images of a source whose reading by a teacher has only characters of the student; the readings are labels.

    Args:
        spec: of the student.
        class_names: names by class index; empty for lines.
        confidence: images with a less confident reading are left out.

    Raises:
        InputError: if no image is left.
    """

    def __init__(
        self,
        source: Source,
        answers: TeacherAnswers,
        spec: ModelSpec,
        class_names: tuple[str, ...] = (),
        confidence: float = 0.0,
    ) -> None:
        self._spec = spec
        self._class_names = class_names
        readings = [_Reading.of(answers[i]) for i in range(len(source))]  # without the answers, which are large
        sure = [i for i, reading in enumerate(readings) if reading.classes and reading.confidence >= confidence]
        if not sure:
            raise _none_left(source, spec, confidence if any(reading.classes for reading in readings) else None)
        super().__init__(source, sure)
        self._readings = [readings[i].classes for i in sure]

    @property
    def kind(self) -> Kind:
        return "text" if self._spec.task == "ctc" else "class"

    @property
    def class_names(self) -> tuple[str, ...]:
        return self._class_names

    def text(self, index: int) -> str:
        return self._spec.text(self._readings[index]) if self.kind == "text" else ""

    def texts(self, indices: Indices) -> list[str]:
        return [self.text(index) for index in indices.tolist()]

    def class_index(self, index: int) -> int:
        return self._readings[index][0] if self.kind == "class" else -1


@dataclass(frozen=True)
class _Reading:
    """Class indices of a line's characters, or the class of an image; empty if the student lacks a character."""

    classes: tuple[int, ...]
    confidence: float

    @classmethod
    def of(cls, answer: Answer) -> _Reading:
        return cls(tuple(answer.targets.tolist()), answer.confidence)


def _none_left(source: Source, spec: ModelSpec, confidence: float | None) -> InputError:
    """`confidence`: the least one, which no reading reaches; None if no reading has only characters of the student."""
    if confidence is not None:
        return InputError(
            f"The teacher is less than {confidence:g} sure of all its readings of {source.name}.",
            "The images are probably unlike those that it was trained on.",
            "Check some with crnn-deploy predict; if they are right, lower --confidence (distill.confidence).",
        )
    return InputError(
        f"The teacher reads nothing in {source.name} that {spec.name} can write.",
        "The images are not lines of text that it can read, or its charset is another one.",
        "Check them with crnn-deploy predict, or give labelled images, with --val for validation.",
    )


def with_readings(
    inputs: TrainingInputs, reads_labels: bool, teacher: Teacher, confidence: float, progress: Progress
) -> TrainingInputs:
    """`inputs` with the teacher's readings as labels of unlabelled images, for validation and for losses on labels.

    Args:
        reads_labels: whether a loss needs labels.
        confidence: least confidence of the readings that are trained on; other images are left out.
    """
    spec = teacher.student
    names = next((part.class_names for part in inputs.parts if part.kind == "class"), spec.class_names)

    def labelled(source: Source, least: float) -> Source:
        if source.kind != "unlabelled":
            return source
        return PseudoLabelled(source, teacher.answers(source, progress), spec, names, least)

    validation = labelled(inputs.validation, least=0.0)
    if not reads_labels:
        return replace(inputs, validation=validation)
    parts = tuple(labelled(part, confidence) for part in inputs.parts)
    for before, after in zip(inputs.parts, parts, strict=True):
        if after is not before:
            message = (
                f"{teacher.artifact.spec.name} labels {len(after):,} of the {len(before):,} images of {before.name}"
            )
            left_out = "; the others, with an unsure reading or one that the student cannot write, are left out"
            progress.log(message + left_out * (len(after) < len(before)))
    return replace(inputs, parts=parts, validation=validation)
