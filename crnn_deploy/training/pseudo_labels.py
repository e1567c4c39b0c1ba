"""A teacher's readings as labels, to validate on images that nobody has labelled."""

from __future__ import annotations

from crnn_deploy.data import Source, Subset
from crnn_deploy.data.source import Kind
from crnn_deploy.errors import InputError
from crnn_deploy.spec import ModelSpec
from crnn_deploy.training.teachers import TeacherAnswers


class PseudoLabelled(Subset):
    """The images of a source that a teacher reads in the student's alphabet, with these readings as labels.

    Raises:
        InputError: if it reads none.
    """

    def __init__(self, source: Source, answers: TeacherAnswers, spec: ModelSpec) -> None:
        readings = [answers[i].targets for i in range(len(source))]
        known = [i for i, reading in enumerate(readings) if len(reading)]
        if not known:
            raise InputError(
                f"The teacher reads nothing that {spec.name} can write in the validation images of {source.name}.",
                "They are no lines that it knows, or its alphabet is another one.",
                "Check them with crnn-deploy predict, or give labelled ones with --val.",
            )
        super().__init__(source, known)
        self._spec = spec
        self._readings = [readings[i] for i in known]

    @property
    def kind(self) -> Kind:
        return "text" if self._spec.task == "ctc" else "class"

    @property
    def class_names(self) -> tuple[str, ...]:
        return self._spec.class_names

    def text(self, index: int) -> str:
        return "".join(self._spec.alphabet[k] for k in self._readings[index]) if self.kind == "text" else ""

    def class_index(self, index: int) -> int:
        return int(self._readings[index][0]) if self.kind == "class" else -1
