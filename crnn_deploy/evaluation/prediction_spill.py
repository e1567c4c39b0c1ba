"""Predictions that come in any order, kept in temporary files until all are there."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO

import numpy as np

from crnn_deploy.evaluation.prediction_rows import ROW, Prediction, Rows, rows_of
from crnn_deploy.files import FULL_DISK
from crnn_deploy.scratch import no_space

_BLOCK = 1 << 14  # rows that are read at once


class Spill:
    """Predictions in temporary files, which go with the process: rows by index, texts as they come."""

    def __init__(self) -> None:
        self._rows, self._texts = tempfile.TemporaryFile(), tempfile.TemporaryFile()  # noqa: SIM115
        self._count = self._places = self._end = 0

    def __enter__(self) -> Spill:
        return self

    def __exit__(self, *_: object) -> None:
        for file in (self._rows, self._texts):
            file.close()

    def add(self, predictions: Sequence[Prediction]) -> None:
        """Keep some; the index of each is its own, or else counts on."""
        places = range(self._count, self._count + len(predictions))
        indices = [n if p.index is None else p.index for n, p in zip(places, predictions, strict=True)]
        rows, texts = rows_of(predictions, indices)
        self.add_rows(rows, b"".join(texts))

    def add_rows(self, rows: Rows, texts: bytes) -> None:
        """Keep rows with their indices, and their texts one after the other."""
        sizes = rows["sizes"].sum(axis=1, dtype=np.int64)
        begins = self._end + np.cumsum(sizes) - sizes
        self._texts.write(texts)
        for row, begin in zip(rows.copy(), begins.tolist(), strict=True):
            row["at"] = begin
            self._rows.seek(int(row["index"]) * ROW.itemsize)
            self._rows.write(row.tobytes())
        self._end += int(sizes.sum())
        self._count += len(rows)
        self._places = max(self._places, int(rows["index"].max()) + 1)

    def ordered(self) -> IO[bytes]:
        """The file of `Predictions`, in the order of the indices."""
        file = tempfile.TemporaryFile()  # noqa: SIM115
        header = {"descr": np.lib.format.dtype_to_descr(ROW), "fortran_order": False, "shape": (self._count,)}
        np.lib.format.write_array_header_1_0(file, header)
        at = 0
        for rows in self._written():
            sizes = rows["sizes"].sum(axis=1, dtype=np.int64)
            rows["at"] = at + np.cumsum(sizes) - sizes
            at += int(sizes.sum())
            file.write(rows.tobytes())
        for rows in self._written():
            for begin, size in zip(rows["at"].tolist(), rows["sizes"].sum(axis=1).tolist(), strict=True):
                self._texts.seek(begin)
                file.write(self._texts.read(size))
        file.flush()
        return file

    def _written(self) -> Iterator[Rows]:
        for start in range(0, self._places, _BLOCK):
            self._rows.seek(start * ROW.itemsize)
            rows = np.frombuffer(self._rows.read(min(_BLOCK, self._places - start) * ROW.itemsize), ROW)
            yield rows[rows["read"]]


@contextlib.contextmanager
def space_needed() -> Iterator[None]:
    """Raises `InputError` where the disk of temporary files is full."""
    try:
        yield
    except OSError as error:
        if error.errno in FULL_DISK:
            raise no_space(Path(tempfile.gettempdir())) from error
        raise
