"""Parquet files that hold encoded images or their paths, and their texts, as Hugging Face's `datasets` writes them."""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from threading import Lock
from typing import Any

from numpy.typing import NDArray

from crnn_deploy import limits
from crnn_deploy.data.index.extents import check_image_bytes
from crnn_deploy.data.index.keeping import IndexHome
from crnn_deploy.data.index.rows import Item, Rows
from crnn_deploy.data.index.strings import Numbered, Strings
from crnn_deploy.data.sources.base import Kind, Source
from crnn_deploy.data.sources.combined import Combined
from crnn_deploy.data.sources.container import Folder, read_image
from crnn_deploy.data.sources.encoded import EncodedSource, of_kept
from crnn_deploy.data.sources.label_paths import locate_images
from crnn_deploy.data.sources.parquet_columns import Columns, find_columns
from crnn_deploy.data.sources.texts import check_texts
from crnn_deploy.errors import InputError
from crnn_deploy.progress import SILENT, Progress, Told
from crnn_deploy.units import listed

_SHARD = re.compile(r"(^|[-_.])\d+(-of-\d+)?(-[0-9a-f]+)?$")
_ROW = "row-%09d"
_TEXTS_AT_ONCE = 4096
_IMAGES_AT_ONCE = 4  # a dictionary of the file may repeat one large image: few rows at a time take little memory


def open_parquet(path: Path, progress: Progress = SILENT) -> EncodedSource:
    """Images and texts from the rows of a Parquet file; only the texts and paths are read now.

    Paths of images are relative to the folder of the file, as in a label file.

    Raises:
        InputError: if the file is broken or larger than the limits, has no columns of images and texts, or pyarrow is
            missing; or a path leaves the folder or names no image.
    """
    return _opened(_File(path), progress)


def open_parquets(paths: Sequence[Path], progress: Progress) -> Source:
    """The rows of several files, one file after the other; those without rows count only if all are."""
    files = [_File(path) for path in paths]
    filled = [file for file in files if sum(file.rows)] or files[:1]
    sources = [_opened(file, progress) for file in filled]
    return sources[0] if len(sources) == 1 else Combined(sources, str(paths[0].parent))


def _opened(file: _File, progress: Progress) -> EncodedSource:
    path, kept = file.path, file.home.kept()
    if kept is not None:
        return of_kept(kept, Numbered(_ROW, 0, len(kept.facts)), _Images(file), progress)
    if file.columns.beside_paths and not file.begins_with_image():
        file = _File(path, by_path=True)
    kind: Kind = "text" if file.columns.text else "unlabelled"
    texts = [text for group in range(file.groups) for text in file.texts(group)]
    if file.columns.holds_paths:
        files = Folder(path.parent)
        paths = [each for group in range(file.groups) for each in file.paths(group)]
        rows = [Item(each, text) for each, text in zip(paths, texts, strict=True)]
        located = locate_images(rows, files, path.name, progress)
        return EncodedSource(str(path), kind, Rows.of(located), lambda index: read_image(files, located[index].name))
    names, told, images = Numbered(_ROW, 0, len(texts)), Told(progress), _Images(file)
    check_texts(names, texts, str(path), told)
    read = Rows(names, Strings.of(texts) if kind == "text" else None)
    return EncodedSource(str(path), kind, read, images, locate=lambda: images).kept_by(file.home, told.sentences)


def one_part(folder: Path, names: Sequence[str]) -> list[Path]:
    """The files of a folder in their order.

    Raises:
        InputError: if they are of several parts of a set, such as `train-00000-of-00002.parquet` and `test-…`.
    """
    parts = sorted({_SHARD.sub("", Path(name).stem) for name in names})
    if len(parts) > 1:
        raise InputError(
            f"{folder} holds several parts of a set as Parquet: {listed(parts)}.",
            fix="Name one file, or put the files of each part into a folder of its own.",
        )
    return [folder / name for name in sorted(names)]


class _File:
    """One file, read by row group; `by_path`: its images are named, not held."""

    def __init__(self, path: Path, by_path: bool = False) -> None:
        if find_spec("pyarrow") is None:
            raise InputError(f"{path} needs pyarrow to be read.", fix="pip install 'crnn-deploy[parquet]'")
        import pyarrow
        import pyarrow.parquet

        self.path = path
        # What pyarrow raises on damage; some of its errors are no more than one of Python's own.
        self._damage = (pyarrow.ArrowException, OSError, ValueError, KeyError, MemoryError, OverflowError)
        try:
            self.home = IndexHome(path, "parquet")  # before it is opened: it may be replaced meanwhile
            file = pyarrow.parquet.ParquetFile(path)
            self.columns: Columns = find_columns(file.schema_arrow, path, by_path)
            self._file = pyarrow.parquet.ParquetFile(path, read_dictionary=self.columns.strings)
            sizes = [self._group_sizes(group) for group in range(self._file.num_row_groups)]
            self.rows: list[int] = [self._file.metadata.row_group(group).num_rows for group in range(len(sizes))]
        except self._damage as error:
            raise self._broken(error) from None
        self.groups = len(sizes)
        length = path.stat().st_size
        if sum(self.rows) > length:
            raise self._broken(f"it claims {sum(self.rows):,} rows, and has {length:,} bytes")
        for packed, unpacked in sizes:
            if not 0 <= packed <= length or unpacked > max(limits.SMALL_INFLATION, limits.MAX_INFLATION * packed):
                raise self._broken(f"a row group claims {unpacked:,} bytes, and has {packed:,} in the file")

    def texts(self, group: int) -> list[str]:
        """The texts of a row group; empty ones where the file has none."""
        if self.columns.text is None:
            return [""] * self.rows[group]
        return self._strings(group, self.columns.text, "text of one line")

    def paths(self, group: int) -> list[str]:
        """The paths of the images of a row group."""
        return self._strings(group, self.columns.image, "path of an image")

    def _strings(self, group: int, name: str, what: str) -> list[str]:
        texts: list[str | None] = []
        for batch in self._batches(group, _TEXTS_AT_ONCE, name):
            column = batch.column(0)
            column = column.field("path") if "." in name and not hasattr(column, "dictionary") else column
            if not hasattr(column, "dictionary"):
                raise self._broken(f"its column '{name}' holds no strings")
            # with a dictionary, so that a text that is repeated is in memory once
            values = [None if _is_long(value) else value.as_py() for value in column.dictionary]
            texts += [None if index is None else values[index] for index in column.indices.to_pylist()]
        if None in texts:
            raise InputError(
                f"Row {sum(self.rows[:group]) + texts.index(None):,} of {self.path} has no {what}.",
                f"It has none, or one of more than {limits.MAX_LABEL:,} bytes.",
                "Correct or remove it.",
            )
        return [text for text in texts if text is not None]

    def begins_with_image(self) -> bool:
        """Whether the first rows hold an image, not only its path; damage is said when the image is read."""
        try:
            batch = next((each for group in range(self.groups) for each in self._batches(group, _IMAGES_AT_ONCE)), None)
        except InputError:
            return True
        return batch is None or batch.column(0).field("bytes").null_count < batch.num_rows

    def images(self, group: int) -> list[bytes | None]:
        """The encoded images of a row group; None where a row has none.

        Raises:
            OSError: if the row group is damaged, or larger than the limit.
        """
        images: list[bytes | None] = []
        total = 0
        try:
            for batch in self._batches(group, _IMAGES_AT_ONCE):
                column = batch.column(0)
                found = column.field("bytes") if self.columns.nested else column
                images += found.to_pylist()
                total += sum(len(image or b"") for image in images[len(images) - batch.num_rows :])
                if total > limits.MAX_ROW_GROUP:
                    raise OSError(f"its row group has more than {limits.MAX_ROW_GROUP:,} bytes of images")
        except InputError as error:
            raise OSError(error.what) from None
        return images

    def _batches(self, group: int, size: int, column: str | None = None) -> Iterator[Any]:
        columns = [column or self.columns.image]
        try:
            yield from self._file.iter_batches(size, row_groups=[group], columns=columns, use_threads=False)
        except self._damage as error:
            raise self._broken(error) from None

    def _group_sizes(self, group: int) -> tuple[int, int]:
        """Bytes of the columns that are read, as they are stored and as they are claimed to unpack."""
        row_group = self._file.metadata.row_group(group)
        columns = [row_group.column(index) for index in range(row_group.num_columns)]
        read = [column for column in columns if column.path_in_schema in (self.columns.image, self.columns.text)]
        return sum(c.total_compressed_size for c in read), sum(c.total_uncompressed_size for c in read)

    def _broken(self, reason: object) -> InputError:
        return InputError(
            f"{self.path} cannot be read as Parquet: {str(reason)[:300]}.",
            "It is truncated, damaged or something else.",
            "Fetch or make the file again.",
        )


class _Images:
    """Reads one image at a time, and keeps the row groups that were read last."""

    def __init__(self, file: _File) -> None:
        self._file = file
        self._places = [(group, row) for group, rows in enumerate(file.rows) for row in range(rows)]
        self._kept: OrderedDict[int, list[bytes | None]] = OrderedDict()
        self._bytes = 0
        self._lock = Lock()  # a reader of pyarrow is not made for several threads

    def __call__(self, index: int) -> bytes:
        group, row = self._places[index]
        with self._lock:
            images = self._group(group)
        image = images[row] if row < len(images) else None
        if image is None:
            raise OSError("the row has no bytes of an image; it may only name a file")
        check_image_bytes(len(image))
        return image

    def columns(self) -> dict[str, NDArray[Any]]:
        return {}

    def _group(self, group: int) -> list[bytes | None]:
        if group in self._kept:
            self._kept.move_to_end(group)
            return self._kept[group]
        images = self._kept[group] = self._file.images(group)
        self._bytes += _size(images)
        while self._bytes > limits.MAX_KEPT_ROWS and len(self._kept) > 1:
            self._bytes -= _size(self._kept.popitem(last=False)[1])
        return images


def _is_long(value: Any) -> bool:
    buffer = value.as_buffer()
    return buffer is not None and buffer.size > limits.MAX_LABEL


def _size(images: list[bytes | None]) -> int:
    return sum(len(image or b"") for image in images)
