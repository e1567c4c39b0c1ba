"""A teacher's readings as labels of images that nobody has labelled."""

from __future__ import annotations

from dataclasses import replace

from crnn_deploy.data import Source, Subset
from crnn_deploy.data.source import Kind
from crnn_deploy.errors import InputError
from crnn_deploy.progress import Progress
from crnn_deploy.spec import ModelSpec
from crnn_deploy.training.inputs import TrainingInputs
from crnn_deploy.training.teachers import Teacher, TeacherAnswers


class PseudoLabelled(Subset):
    """The images of a source that a teacher reads in the student's alphabet, with these readings as labels.

    Args:
        confidence: readings that the teacher is less sure of are left out.

    Raises:
        InputError: if none is left.
    """

    def __init__(self, source: Source, answers: TeacherAnswers, spec: ModelSpec, confidence: float = 0.0) -> None:
        said = [answers[i] for i in range(len(source))]
        written = [i for i, answer in enumerate(said) if len(answer.targets)]
        sure = [i for i in written if said[i].confidence >= confidence]
        if not sure:
            raise InputError(
                f"The teacher reads nothing in {source.name} that {spec.name} can write.",
                f"It is less than {confidence:g} sure of all its readings."
                if written
                else "The images are no lines that it knows, or its alphabet is another one.",
                "Check them with crnn-deploy predict, or give labelled ones.",
            )
        super().__init__(source, sure)
        self._spec = spec
        self._readings = [said[i].targets for i in sure]

    @property
    def kind(self) -> Kind:
        return "text" if self._spec.task == "ctc" else "class"

    @property
    def class_names(self) -> tuple[str, ...]:
        return self._spec.class_names

    def text(self, index: int) -> str:
        return self._spec.text(self._readings[index].tolist()) if self.kind == "text" else ""

    def class_index(self, index: int) -> int:
        return int(self._readings[index][0]) if self.kind == "class" else -1


def with_readings(
    inputs: TrainingInputs, reads_labels: bool, teacher: Teacher, spec: ModelSpec, confidence: float, progress: Progress
) -> TrainingInputs:
    """`inputs` with the teacher's readings where labels are missing: for validation, and for what labels teach.

    Args:
        reads_labels: whether a loss does.
        confidence: of the readings that are trained on, at least.
    """

    def labelled(source: Source, least: float) -> Source:
        if source.kind != "unlabelled":
            return source
        return PseudoLabelled(source, teacher.answers(source, progress), spec, least)

    validation = labelled(inputs.validation, least=0.0)
    if not reads_labels:
        return replace(inputs, validation=validation)
    parts = tuple(labelled(part, confidence) for part in inputs.parts)
    for before, after in zip(inputs.parts, parts, strict=True):
        if after is not before:
            told = f"{teacher.artifact.spec.name} labels {len(after):,} of the {len(before):,} images of {before.name}"
            progress.log(f"{told}; of the others it is not sure")
    return replace(inputs, parts=parts, validation=validation)
