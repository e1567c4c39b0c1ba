"""What the teacher says about every training image, asked once and kept in a file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from crnn_deploy.data import Source
from crnn_deploy.data.batching import batches
from crnn_deploy.data.preprocess import Preprocessor
from crnn_deploy.evaluation import check_logits
from crnn_deploy.files import replacing
from crnn_deploy.progress import Progress
from crnn_deploy.runtime import Session, log_probabilities

_BATCH_SIZE = 16
_INDEX = "teacher.npy"
_FRAMES = "teacher.frames"


class TeacherAnswers:
    """Log-probabilities of the teacher for each image of a source: `[T, K]` for lines, `[1, K]` for classes.

    They lie in one half-precision file that is mapped into memory, so a large source costs disk, not memory.
    """

    def __init__(self, folder: Path, classes: int) -> None:
        self._index: NDArray[np.int64] = np.load(folder / _INDEX)
        self._frames = np.memmap(folder / _FRAMES, np.float16, "r").reshape(-1, classes)

    def __getitem__(self, item: int) -> NDArray[np.float32]:
        start, length = self._index[item]
        return np.asarray(self._frames[start : start + length], np.float32)


def ask_teacher(session: Session, source: Source, folder: Path, progress: Progress) -> TeacherAnswers:
    """The teacher's answers for `source`: those kept in `folder` by an earlier call, or new ones."""
    if not (folder / _INDEX).exists():
        index = np.zeros((len(source), 2), np.int64)
        written = 0
        with (folder / _FRAMES).open("wb") as file:
            for item, answer in progress.track(_answers(session, source), "Asking the teacher", len(source)):
                index[item] = written, len(answer)
                written += len(answer)
                file.write(answer.astype(np.float16).tobytes())
        with replacing(folder / _INDEX) as temporary:  # the index appears last: it says that the frames are complete
            np.save(temporary, index)
    return TeacherAnswers(folder, session.spec.num_outputs)


def _answers(session: Session, source: Source) -> Iterator[tuple[int, NDArray[np.float32]]]:
    for batch in batches(source, Preprocessor(session.spec.preprocessing), _BATCH_SIZE):
        logits = session.run(batch.images)
        check_logits(logits, batch, source, session.spec)
        output = log_probabilities(logits)
        yield from zip(batch.indices, output if output.ndim == 3 else output[:, None], strict=True)
