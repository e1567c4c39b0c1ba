"""Vectors beside the pictures of an NPZ file."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from crnn_deploy import limits
from crnn_deploy.data.sources.vectors import Numbers
from crnn_deploy.errors import InputError
from crnn_deploy.vector import column_name


def numbers_of(vectors: NDArray[Any], names: NDArray[Any] | None, count: int, source: str) -> Numbers:
    """The numbers of an array, with their names.

    Raises:
        InputError: if the array is none of a vector for each of `count` pictures, or the names are none for it.
    """
    if vectors.dtype.kind not in "iufb" or vectors.ndim != 2 or len(vectors) != count or not vectors.shape[1]:
        raise InputError(
            f"vectors in {source} is {vectors.dtype} of shape {vectors.shape}, and there are {count:,} pictures.",
            fix=f"Store numbers of shape [{count}, K], with a row for each picture.",
        )
    if vectors.shape[1] > limits.MAX_VECTOR:
        raise InputError(f"vectors in {source} has {vectors.shape[1]:,} columns; {limits.MAX_VECTOR:,} are possible.")
    called = [f"v{number}" for number in range(vectors.shape[1])]
    if names is not None:
        if names.shape != vectors.shape[1:] or names.dtype.kind != "U":
            raise InputError(
                f"vector_names in {source} is {names.dtype} of shape {names.shape}.",
                fix=f"Store {vectors.shape[1]} texts, the names of the columns of vectors.",
            )
        called = [column_name(name) for name in names.tolist()]
    if len(set(called)) < len(called) or not all(0 < len(name) <= limits.MAX_TEXT for name in called):
        raise InputError(
            f"vector_names in {source} names a column twice, or not at all.", fix="Give each a short name of its own."
        )

    def read(wanted: tuple[str, ...]) -> NDArray[np.float64]:
        rows = vectors[:, [called.index(name) for name in wanted]].astype(np.float64)
        if not np.isfinite(rows).all():
            row, column = np.argwhere(~np.isfinite(rows))[0]
            raise InputError(
                f"vectors in {source} has {rows[row, column]} for {wanted[column]} of picture {row}.",
                "Each number of a vector must be known for each picture.",
                "Store finite numbers, or leave the picture out.",
            )
        return rows

    return Numbers(tuple(called), read)
