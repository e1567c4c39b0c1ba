"""The teacher's own reading as labels, to validate on images that nobody has labelled."""

from __future__ import annotations

from crnn_deploy.data import Source, Subset
from crnn_deploy.data.batching import batches
from crnn_deploy.data.preprocess import Preprocessor
from crnn_deploy.data.source import Kind
from crnn_deploy.evaluation import decode
from crnn_deploy.runtime import Session

_BATCH_SIZE = 16


class PseudoLabelled(Subset):
    """A `Source` with all images of another and the labels that a model gives them."""

    def __init__(self, source: Source, session: Session) -> None:
        super().__init__(source, range(len(source)))
        self._spec = session.spec
        self._answers = [""] * len(source)
        for batch in batches(source, Preprocessor(self._spec.preprocessing), _BATCH_SIZE):
            for index, answer in zip(batch.indices, decode(session.run(batch.images), self._spec), strict=True):
                self._answers[index] = answer

    @property
    def kind(self) -> Kind:
        return "text" if self._spec.task == "ctc" else "class"

    @property
    def class_names(self) -> tuple[str, ...]:
        return self._spec.class_names

    def text(self, index: int) -> str:
        return self._answers[index] if self.kind == "text" else ""

    def class_index(self, index: int) -> int:
        return self.class_names.index(self._answers[index]) if self.kind == "class" else -1
