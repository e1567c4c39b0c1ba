"""Maps a teacher's answers to the student's charset."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from crnn_deploy.errors import InputError
from crnn_deploy.spec import ModelSpec
from crnn_deploy.text_encoding import TextEncoder

_TRUSTED = 0.5  # least probability of a frame that must be on characters of the student
_FLOOR = np.float32(1e-6)


class CharsetMap:
    """Sums the probabilities of a teacher's classes into the student's.

    A character is mapped to itself. A character that the student lacks is mapped to another spelling of it (NFC, NFD),
    to its compatibility form (NFKC: full-width letters and punctuation), or to its other case if the student has only
    that. All others are dropped.

    Raises:
        InputError: if neither charset contains the other after that, or they share only the blank, or classes of the
            teacher stand for a text only together.
    """

    def __init__(self, teacher: ModelSpec, student: ModelSpec) -> None:
        if teacher.sequences:
            raise InputError(
                f"{teacher.name} cannot teach: some of its classes stand for a text only together (`sequences`).",
                fix="Let it label your images with `predict`, and train the student on these labels.",
            )
        self._student: dict[str, int] = {}
        for index, character in enumerate(student.alphabet):
            self._student.setdefault(character, index)  # a charset may repeat characters: the first one counts
        self._encoder = TextEncoder(student)
        self._target = np.array([self.index(character) for character in teacher.alphabet])
        self._same = teacher.alphabet == student.alphabet
        self._classes = len(student.alphabet)
        lost = [c for c, index in zip(teacher.alphabet, self._target, strict=True) if index < 0]
        reached = set(self._target.tolist())
        unreached = [c for c, index in self._student.items() if index not in reached]
        if (lost and unreached) or reached <= {-1, student.blank}:
            raise InputError(
                f"The charsets of {teacher.name} and of the student don't fit together.",
                f"The teacher alone has {_some(lost)}, the student alone {_some(unreached)}.",
                "One must contain the other: name the student's characters with --charset, or distill.charset.",
            )

    def index(self, character: str) -> int:
        """The student's class for a character of the teacher; -1 if it has none."""
        forms = (character, *(unicodedata.normalize(form, character) for form in ("NFC", "NFD", "NFKC")))
        cased = (form.swapcase() for form in forms)
        return next((self._student[form] for form in (*forms, *cased) if form in self._student), -1)

    def text(self, text: str) -> list[int] | None:
        """The student's classes for a reading of the teacher; None if a character has none."""
        classes = [self._index_of_piece(piece) for piece in self._encoder.pieces(text)]
        return None if -1 in classes else classes

    def _index_of_piece(self, piece: str) -> int:
        known = self._encoder.class_of(piece)
        return self.index(piece) if known is None else known

    def frames(self, log_probs: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """Log-probabilities `[T, K]` → the student's `[T, K']`, and for which frames `[T]` it has the characters."""
        if self._same:
            return log_probs, np.ones(len(log_probs), bool)
        probabilities = np.exp(log_probs)
        summed = np.zeros((self._classes, len(log_probs)), np.float32)
        mapped_classes = self._target >= 0
        np.add.at(summed, self._target[mapped_classes], probabilities[:, mapped_classes].T)
        total = summed.sum(0)
        mapped: NDArray[np.float32] = np.log(np.maximum(summed / np.maximum(total, _FLOOR), _FLOOR)).T
        return mapped, total >= _TRUSTED


def _some(characters: Sequence[str]) -> str:
    if not characters:
        return "nothing"
    shown = " ".join(map(repr, characters[:8]))
    return f"{shown}{f' and {len(characters) - 8:,} more' if len(characters) > 8 else ''}"
