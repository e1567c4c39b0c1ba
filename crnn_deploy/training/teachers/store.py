"""Answers on disk by the content of the image, for every training that asks the same teacher the same."""

from __future__ import annotations

from collections.abc import Mapping

from crnn_deploy.errors import InputError
from crnn_deploy.files import cache_folder, make_folder
from crnn_deploy.training.teachers.answers import Answer, decode, encode

_LARGEST = 1 << 38  # bytes of address space, not of disk


class AnswerStore:
    """An LMDB in the cache folder; each `put` is one transaction, so an interruption leaves whole answers.

    Args:
        key: fingerprint of the teacher and of how it was asked.

    Raises:
        InputError: if the folder can't be made or is damaged.
    """

    def __init__(self, key: str) -> None:
        import lmdb  # of the extra `train`, which recipes can be read without

        self.path = cache_folder() / "teachers" / key
        make_folder(self.path)
        try:
            self._database = lmdb.open(str(self.path), map_size=_LARGEST, max_readers=512, readahead=False)
        except lmdb.Error as error:
            raise InputError(
                f"The teacher's answers in {self.path} cannot be opened: {error}.",
                "The folder is damaged, or the disk is full.",
                "Remove it: the teacher is asked again.",
            ) from None

    def __contains__(self, content: bytes) -> bool:
        with self._database.begin() as transaction:
            return transaction.get(content) is not None

    def __getitem__(self, content: bytes) -> Answer:
        with self._database.begin() as transaction:
            data = transaction.get(content)
        if data is None:
            raise KeyError(content)
        return decode(data)

    def put(self, answers: Mapping[bytes, Answer]) -> None:
        """Keep answers.

        Raises:
            InputError: if the disk is full.
        """
        import lmdb

        try:
            with self._database.begin(write=True) as transaction:
                for content, answer in answers.items():
                    transaction.put(content, encode(answer))
        except lmdb.Error as error:
            raise InputError(
                f"The teacher's answers cannot be kept in {self.path}: {error}.",
                "The disk is full, or the folder is not writable.",
                "Make room, or name another folder with CRNN_DEPLOY_CACHE; the same command goes on where it was.",
            ) from None

    def close(self) -> None:
        self._database.close()
