"""Reads groups, attributes and arrays of an HDF5 file without trusting it.

Only what lies in the file itself is read, as Keras writes it: no links by name, no data in other files, no filters, and
no array that is not stored in full. So nothing can be larger in memory than the file is.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crnn_deploy.errors import InputError
from crnn_deploy.limits import MAX_STORED_ARRAYS

SIGNATURE = b"\x89HDF\r\n\x1a\n"
_MOST_LEVELS = 16  # groups in each other; Keras makes six
_WIDEST_NUMBER = 8  # bytes


class Hdf5File:
    """An open file. All methods raise `InputError` where it is damaged or holds what Keras does not write."""

    def __init__(self, root: Any, path: Path, size: int) -> None:
        self._root = root
        self._path = path
        self._size = size
        self._visits_left = self._arrays_left = MAX_STORED_ARRAYS
        self._bytes_left = size  # of all that is read: an honest file holds each of them once

    def names(self, group: str) -> list[str]:
        """Names in a group, in the order of the file; empty where there is no such group."""
        found = self._find(group)
        if found is None or not hasattr(found, "keys"):
            return []
        if len(found) > MAX_STORED_ARRAYS:
            raise self._refused(f"The group {group} holds {len(found):,} things", "A network has fewer weights.")
        return list(found.keys())

    def text(self, group: str, attribute: str) -> str:
        """A text beside a group; empty where there is none."""
        import h5py

        found = self._find(group)
        if found is None or attribute not in found.attrs:
            return ""
        stored = h5py.h5a.open(found.id, attribute.encode())
        if stored.get_type().get_class() != h5py.h5t.STRING or stored.shape != ():
            return ""
        value = found.attrs[attribute]
        value = value.decode("utf-8", errors="replace") if isinstance(value, bytes) else str(value)
        self._bytes_left -= len(value)
        if self._bytes_left < 0:
            raise self._refused(f"The attribute {attribute} is larger than the file", "It is damaged.")
        return value

    def arrays_below(self, group: str) -> list[str]:
        """Names of all arrays in a group and in the groups in it."""
        found = []
        for name in self.names(group):
            inner = f"{group}/{name}"
            self._visits_left -= 1
            if self._visits_left < 0 or inner.count("/") > _MOST_LEVELS:
                raise self._refused(f"The group {group[:80]} holds too much", "Its groups hold each other.")
            found += [inner] if self.is_array(inner) else self.arrays_below(inner)
        return found

    def array(self, name: str) -> NDArray[np.float32]:
        """The numbers of an array as FP32."""
        found = self._find(name)
        if found is None or not hasattr(found, "dtype"):
            raise self._refused(f"There is no array {name}", "The file is damaged, or not all of it was saved.")
        self._check(found, name)
        with np.errstate(over="ignore"):  # a double that FP32 cannot hold becomes infinite, and is refused as such
            return np.asarray(found[()], np.float32)

    def is_array(self, name: str) -> bool:
        """Whether there is an array of this name, rather than a group."""
        return hasattr(self._find(name), "dtype")

    def _find(self, name: str) -> Any:
        """A group or array, or None. Each part of its name must be held by the group before it, not linked to."""
        import h5py

        found, parts = self._root, [part for part in name.split("/") if part and part != "."]
        if len(parts) > _MOST_LEVELS:
            raise self._refused(f"{name[:80]} lies too deep", "Keras makes a few groups in each other.")
        for part in parts:
            if not isinstance(found, h5py.Group) or (link := found.get(part, getlink=True)) is None:
                return None
            if not isinstance(link, h5py.HardLink):
                raise self._refused(
                    f"{name} is a link to another place or file", "Keras stores weights in the file itself."
                )
            found = found[part]
        return found

    def _check(self, dataset: Any, name: str) -> None:
        """Raise `InputError` unless an array is plain numbers that the file holds as they are."""
        import h5py

        plan = dataset.id.get_create_plist()
        size = prod(dataset.shape) * dataset.dtype.itemsize
        plain = dataset.dtype.kind == "f" and dataset.dtype.itemsize <= _WIDEST_NUMBER
        kept = plan.get_layout() in (h5py.h5d.CONTIGUOUS, h5py.h5d.COMPACT) and not plan.get_nfilters()
        if not plain or not kept or plan.get_external_count():
            raise self._refused(
                f"The array {name} is compressed, in another file, or not of floating-point numbers",
                "Keras stores weights as they are, in the file itself.",
            )
        self._arrays_left -= 1
        self._bytes_left -= size
        if dataset.id.get_storage_size() != size or min(self._bytes_left, self._arrays_left) < 0:
            raise self._refused(
                f"The array {name} claims {size:,} bytes, and the file of {self._size:,} bytes does not hold as much",
                "It is truncated or damaged.",
            )

    def _refused(self, what: str, cause: str) -> InputError:
        return InputError(f"{what}: {self._path}.", cause, "Save the model again with Keras: model.save(PATH).")


@contextmanager
def open_hdf5(path: Path, name: Path) -> Iterator[Hdf5File]:
    """Open a file; `name` is what it is called in messages.

    Raises:
        InputError: if it is damaged, now or while it is read in the block.
    """
    import h5py

    try:
        with h5py.File(path, "r", locking=False) as root:
            yield Hdf5File(root, name, path.stat().st_size)
    except InputError:
        raise
    except (OSError, RuntimeError, ValueError, KeyError, TypeError, MemoryError, AttributeError) as error:
        raise InputError(
            f"{name} is not a complete HDF5 file ({type(error).__name__}).",
            "It is truncated or damaged; a download or copy was probably interrupted.",
            "Fetch the file again and compare its size or checksum.",
        ) from None


def without_h5py(name: Path) -> InputError:
    """The error that a file cannot be read because h5py is missing."""
    return InputError(
        f"{name} is a Keras model, and the package that reads its weights is missing: h5py.",
        "It belongs to the optional extra 'keras', which is not installed.",
        "pip install 'crnn-deploy[keras]'",
    )
