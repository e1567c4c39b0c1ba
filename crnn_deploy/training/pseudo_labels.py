"""The teacher's own reading as labels, to validate on images that nobody has labelled."""

from __future__ import annotations

from PIL import Image

from crnn_deploy.data import Source
from crnn_deploy.data.batching import batches
from crnn_deploy.data.preprocess import Preprocessor
from crnn_deploy.data.source import Kind
from crnn_deploy.evaluation import greedy_decode
from crnn_deploy.runtime import Session

_BATCH_SIZE = 16


class PseudoLabelled:
    """A `Source` with the images of another and the labels that a model gives them."""

    def __init__(self, source: Source, session: Session) -> None:
        self._source = source
        self.kind: Kind = "text" if session.spec.task == "ctc" else "class"
        self.class_names = session.spec.class_names
        self._texts = [""] * len(source)
        self._classes = [-1] * len(source)
        for batch in batches(source, Preprocessor(session.spec.preprocessing), _BATCH_SIZE):
            logits = session.run(batch.images)
            if self.kind == "class":
                for index, found in zip(batch.indices, logits.argmax(-1).tolist(), strict=True):
                    self._classes[index] = found
            else:
                for index, text in zip(batch.indices, greedy_decode(logits, session.spec), strict=True):
                    self._texts[index] = text

    @property
    def name(self) -> str:
        return self._source.name

    def __len__(self) -> int:
        return len(self._source)

    def item_name(self, index: int) -> str:
        return self._source.item_name(index)

    def text(self, index: int) -> str:
        return self._texts[index]

    def class_index(self, index: int) -> int:
        return self._classes[index]

    def image(self, index: int) -> Image.Image:
        return self._source.image(index)

    def content_hash(self, index: int) -> bytes:
        return self._source.content_hash(index)
