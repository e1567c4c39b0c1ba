"""`Predictions`: all predictions of an evaluation, in a file instead of in memory.

The file is a NumPy array of rows (`.npy`) with the texts of all predictions behind it. It needs no package besides
NumPy, any row is found without reading others, and counts are read without texts.
"""

from __future__ import annotations

import itertools
import shutil
import weakref
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import IO, Any, overload

import numpy as np
from numpy.typing import NDArray
from pydantic_core import CoreSchema, core_schema

from crnn_deploy.evaluation.metrics import Ratio
from crnn_deploy.evaluation.prediction_rows import (
    ROW,
    Prediction,
    Rows,
    columns_of,
    confidences_of,
    decoded,
    prediction_of,
    ratio_of,
)
from crnn_deploy.evaluation.prediction_spill import Spill, space_needed
from crnn_deploy.files import replacing

_BLOCK = 1 << 14  # rows that are read at once
_AT_ONCE = 1 << 10  # predictions whose errors are counted at once


@dataclass(frozen=True)
class Block:
    """Consecutive rows `[N]`, and the bytes of their texts."""

    rows: Rows
    data: bytes

    @property
    def items(self) -> list[str]:
        return self._texts(0)

    @property
    def references(self) -> list[str]:
        return self._texts(1)

    @property
    def texts(self) -> list[str]:
        return self._texts(2)

    @property
    def predictions(self) -> list[Prediction]:
        parts = zip(*(self._texts(part) for part in range(4)), strict=True)
        return [prediction_of(row, each) for row, each in zip(self.rows, parts, strict=True)]

    def _texts(self, part: int) -> list[str]:
        sizes = self.rows["sizes"].astype(np.int64)
        begins = (self.rows["at"] - self.rows["at"][:1]).astype(np.int64) + sizes[:, :part].sum(axis=1)
        ends = begins + sizes[:, part]
        return [decoded(self.data[a:b]) for a, b in zip(begins.tolist(), ends.tolist(), strict=True)]


class Predictions(Sequence[Prediction]):
    """Predictions in the order of the source. Each is read from the file when it is asked for.

    Args:
        file: as `of` makes it; it is closed with the last reference to this object.
    """

    def __init__(self, file: IO[bytes]) -> None:
        self._file, self._lock = file, Lock()
        file.seek(0)
        np.lib.format.read_magic(file)
        (self._count,), _, kind = np.lib.format.read_array_header_1_0(file)
        if kind != ROW:
            raise ValueError("predictions of another version")
        self._begin = file.tell()
        weakref.finalize(self, file.close)

    @classmethod
    def of(cls, predictions: Iterable[Prediction]) -> Predictions:
        """These predictions, which come in any order, in that of their indices. Few are in memory at once.

        Raises:
            InputError: if there is no space left for temporary files.
        """
        with space_needed(), Spill() as spill:
            waiting = iter(predictions)
            while some := list(itertools.islice(waiting, _AT_ONCE)):
                spill.add(some)
            return cls(spill.ordered())

    @classmethod
    def open(cls, path: Path) -> Predictions:
        """Predictions that `save` has written."""
        return cls(path.open("rb"))

    def save(self, path: Path) -> None:
        """Write the file to `path`, over an older one."""
        with replacing(path, force=True) as temporary, temporary.open("wb") as target, self._lock:
            self._file.seek(0)
            shutil.copyfileobj(self._file, target, 1 << 20)

    def __len__(self) -> int:
        return int(self._count)

    @overload
    def __getitem__(self, place: int) -> Prediction: ...
    @overload
    def __getitem__(self, place: slice) -> list[Prediction]: ...
    def __getitem__(self, place: int | slice) -> Prediction | list[Prediction]:
        if isinstance(place, slice):
            return self.at(range(*place.indices(len(self))))
        return self.at([range(len(self))[place]])[0]

    def __iter__(self) -> Iterator[Prediction]:
        for block in self.blocks():
            yield from block.predictions

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Predictions) or len(self) != len(other):
            return NotImplemented if not isinstance(other, Predictions) else False
        pairs = zip(self.blocks(), other.blocks(), strict=True)
        return all(np.array_equal(a.rows, b.rows) and a.data == b.data for a, b in pairs)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"<{len(self):,} predictions>"

    def at(self, places: Iterable[int]) -> list[Prediction]:
        """The predictions at these places, from 0."""
        return [self._block(place, place + 1).predictions[0] for place in places]

    def blocks(self) -> Iterator[Block]:
        """All predictions with their texts, some at a time."""
        for start in range(0, len(self), _BLOCK):
            yield self._block(start, min(start + _BLOCK, len(self)))

    def column(self, name: str) -> NDArray[Any]:
        """A field of the rows, `[N]`."""
        values = np.empty(len(self), ROW[name])
        for start in range(0, len(self), _BLOCK):
            stop = min(start + _BLOCK, len(self))
            values[start:stop] = self._rows(start, stop)[name]
        return values

    def ratio(self, figure: str) -> Ratio:
        """The counts `[N]` behind a figure, such as `cer_ci`."""
        counted, possible = columns_of(figure)
        return ratio_of(self.column(counted), self.column(possible))

    def confidences(self) -> NDArray[np.float64] | None:
        """`[N]`; None if one of them is not known."""
        return confidences_of(self.column("confidence"))

    def has_ranked(self) -> bool:
        """Whether the most probable classes of all images are known."""
        return len(self) > 0 and bool(self.column("sizes")[:, 3].all())

    def _block(self, start: int, stop: int) -> Block:
        rows = self._rows(start, stop)
        texts = self._begin + len(self) * ROW.itemsize
        first, last = int(rows["at"][0]), int(rows["at"][-1]) + int(rows["sizes"][-1].sum())
        return Block(rows, self._read(texts + first, last - first))

    def _rows(self, start: int, stop: int) -> Rows:
        data = self._read(self._begin + start * ROW.itemsize, (stop - start) * ROW.itemsize)
        return np.frombuffer(data, ROW)

    def _read(self, at: int, size: int) -> bytes:
        with self._lock:
            self._file.seek(at)
            return self._file.read(size)

    @classmethod
    def __get_pydantic_core_schema__(cls, source: object, handler: object) -> CoreSchema:
        as_list = core_schema.plain_serializer_function_ser_schema(
            lambda predictions: [each.model_dump(mode="json", exclude_defaults=True) for each in predictions]
        )
        return core_schema.no_info_plain_validator_function(cls._validated, serialization=as_list)

    @classmethod
    def _validated(cls, value: Any) -> Predictions:
        return value if isinstance(value, cls) else cls.of(map(Prediction.model_validate, value))
