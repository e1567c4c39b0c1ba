"""The facts of a source that are measured once: all of them, or those of a few images."""

from __future__ import annotations

from crnn_deploy.data.clip import ImageOrClip
from crnn_deploy.data.index.facts import Fact, Facts, Indices
from crnn_deploy.data.index.measuring import fact_of_image, measure
from crnn_deploy.errors import InputError
from crnn_deploy.progress import SILENT, Progress


class Measured:
    """The columns of a `Source`, made from its images one by one; a base of sources."""

    name: str
    _facts: Facts | None = None

    def __len__(self) -> int:
        raise NotImplementedError

    def text(self, index: int) -> str:
        raise NotImplementedError

    def image(self, index: int) -> ImageOrClip:
        raise NotImplementedError

    def content_hash(self, index: int) -> bytes:
        raise NotImplementedError

    def texts(self, indices: Indices) -> list[str]:
        return [self.text(index) for index in indices.tolist()]

    def facts(self, progress: Progress = SILENT, indices: Indices | None = None) -> Facts:
        """As `Source.facts`. Those of all images are kept; for less than half of them the others stay unopened."""
        if self._facts is None and indices is not None and 2 * len(indices) < len(self):
            chosen = indices.tolist()
            return measure(len(chosen), lambda place: self._fact(chosen[place]), self.name, progress)
        if self._facts is None:
            self._facts = self._measure(progress)
        return self._facts if indices is None else self._facts[indices]

    def _measure(self, progress: Progress) -> Facts:
        return measure(len(self), self._fact, self.name, progress)

    def _fact(self, index: int) -> Fact:
        try:
            return fact_of_image(self.image(index), self.content_hash(index))
        except InputError:
            return Fact(0, 0, bytes(16), True, False)
