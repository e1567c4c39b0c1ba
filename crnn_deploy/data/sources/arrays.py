"""Images in arrays: MNIST's IDX files and NumPy's NPZ."""

from __future__ import annotations

import gzip
import hashlib
import struct
import zipfile
import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from crnn_deploy.data.sources.base import Kind
from crnn_deploy.errors import InputError

_IMAGE_KEYS = ("x", "images", "image", "data", "arr_0")
_LABEL_KEYS = ("y", "labels", "label", "targets", "arr_1")
_IDX_UINT8 = 0x08


class ArraySource:
    """A `Source` over uint8 images `[N, H, W]` or `[N, H, W, 3]` with classes `[N]`, or without labels."""

    def __init__(
        self, name: str, images: NDArray[np.uint8], classes: NDArray[np.integer] | None, class_names: tuple[str, ...]
    ) -> None:
        if images.dtype != np.uint8 or not (images.ndim == 3 or (images.ndim == 4 and images.shape[3] in (1, 3))):
            raise InputError(
                f"{name} holds {images.dtype} images of shape {images.shape}.",
                fix="Store uint8 images as [N, H, W], [N, H, W, 1] or [N, H, W, 3].",
            )
        if images.size == 0:
            raise InputError(f"{name} is empty: it holds no images.", fix="Check the path.")
        if classes is not None and not np.issubdtype(classes.dtype, np.integer):
            raise InputError(f"{name} holds labels of type {classes.dtype}.", fix="Store class numbers as integers.")
        if classes is not None and (classes.shape != (len(images),) or classes.min() < 0):
            raise InputError(f"{name} holds {len(images)} images, but labels of shape {classes.shape}.")
        self.name = name
        self.kind: Kind = "unlabelled" if classes is None else "class"
        self._images = images
        self._classes = classes
        self.class_names = () if classes is None else class_names or tuple(map(str, range(int(classes.max()) + 1)))
        if classes is not None and classes.max() >= len(self.class_names):
            raise InputError(f"{name} has class {classes.max()}, but only {len(self.class_names)} class names.")

    def __len__(self) -> int:
        return len(self._images)

    def item_name(self, index: int) -> str:
        return f"image {index}"

    def text(self, index: int) -> str:
        return ""

    def class_index(self, index: int) -> int:
        return -1 if self._classes is None else int(self._classes[index])

    def image(self, index: int) -> Image.Image:
        pixels = self._images[index]
        return Image.fromarray(pixels[:, :, 0] if pixels.shape[2:] == (1,) else pixels)

    def content_hash(self, index: int) -> bytes:
        return hashlib.blake2b(self._images[index].tobytes(), digest_size=16).digest()


def open_npz(path: Path) -> ArraySource:
    """Images and classes from an NPZ file, and class names from a `classes.txt` beside it with one name in each line.

    Raises:
        InputError: if the file is broken, or no array in it has one of the usual names.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {key.lower(): file[key] for key in file.files}
    # A .npy under this name is read as an array, which is no context manager: TypeError, before 3.11 AttributeError.
    except (OSError, ValueError, EOFError, TypeError, AttributeError, zipfile.BadZipFile, zlib.error) as error:
        raise InputError(
            f"{path} cannot be read as NPZ ({type(error).__name__}).",
            "It is truncated, something else, or holds pickled objects, which are never loaded.",
            "Make the file again, with np.savez and plain arrays.",
        ) from None
    images = next((arrays[key] for key in _IMAGE_KEYS if key in arrays), None)
    classes = next((arrays[key] for key in _LABEL_KEYS if key in arrays), None)
    if images is None:
        raise InputError(
            f"{path} holds {', '.join(arrays)}, but no images.", fix=f"Name the array one of {', '.join(_IMAGE_KEYS)}."
        )
    return ArraySource(str(path), images, classes, _class_names(path.with_name("classes.txt")))


def _class_names(path: Path) -> tuple[str, ...]:
    try:
        return tuple(name for name in path.read_text(encoding="utf-8").split("\n") if name)
    except FileNotFoundError:
        return ()
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is not UTF-8: {error}.", fix="Save it as UTF-8.") from None


def open_idx(path: Path) -> ArraySource:
    """Images from an IDX file, with the classes of the labels file beside it (`…-images-idx3…` → `…-labels-idx1…`).

    Raises:
        InputError: if a file is broken, or the labels file is missing.
    """
    labels = path.with_name(path.name.replace("images", "labels").replace("idx3", "idx1"))
    if labels == path or not labels.exists():
        raise InputError(f"{path} has no labels file beside it.", fix=f"Put {labels.name} into the same folder.")
    return ArraySource(str(path), _read_idx(path), _read_idx(labels), ())


def _read_idx(path: Path) -> NDArray[np.uint8]:
    """The array of an IDX file, gzipped or not (http://yann.lecun.com/exdb/mnist describes the format)."""
    try:
        data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        _, kind, dimensions = struct.unpack(">HBB", data[:4])
        shape = struct.unpack(f">{dimensions}I", data[4 : 4 + 4 * dimensions])
        if kind != _IDX_UINT8:
            raise ValueError(f"elements of type 0x{kind:02x}, expected bytes")
        return np.frombuffer(data, np.uint8, offset=4 + 4 * dimensions).reshape(shape)
    except (OSError, EOFError, ValueError, struct.error, zlib.error) as error:
        raise InputError(f"{path} cannot be read as IDX: {error}.", fix="Fetch the file again.") from None
