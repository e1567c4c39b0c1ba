"""Which columns of a Parquet file hold images and texts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from crnn_deploy.data.sources.layouts.columns import first_named, path_and_text
from crnn_deploy.errors import InputError
from crnn_deploy.vector import column_name

_IMAGES = ("image", "img", "images", "picture", "bytes", "image_bytes", "jpg", "png", "jpeg")


@dataclass(frozen=True)
class Columns:
    """Paths of the columns that are read.

    Attributes:
        image: bytes of the encoded image, or if `holds_paths` the path of its file; `nested` in a struct that
            `datasets` calls an image.
        text: None if no column holds texts.
        beside_paths: the struct with bytes also has a path, which may be all that its rows hold.
    """

    image: str
    nested: bool
    text: str | None
    holds_paths: bool = False
    beside_paths: bool = False

    @property
    def strings(self) -> list[str]:
        """The columns of strings that are read."""
        return [name for name in (self.text, self.image if self.holds_paths else None) if name]


def find_columns(schema: Any, path: Path, by_path: bool = False) -> Columns:
    """The columns of an Arrow schema: by their names, or the only ones of their type; bytes go before paths.

    Args:
        by_path: columns of bytes do not count.

    Raises:
        InputError: if no column holds images, or it isn't clear which.
    """
    import pyarrow.types as types

    def is_bytes(kind: Any) -> bool:
        return bool(types.is_binary(kind) or types.is_large_binary(kind))

    def is_string(kind: Any) -> bool:
        return bool(types.is_string(kind) or types.is_large_string(kind))

    def structs_with(name: str, of_type: Callable[[Any], bool]) -> list[str]:
        structs = [field for field in schema if types.is_struct(field.type)]
        return [f.name for f in structs if any(part.name == name and of_type(part.type) for part in f.type)]

    texts = [field.name for field in schema if is_string(field.type)]
    text = _chosen(texts, first_named(texts))
    nested = [] if by_path else structs_with("bytes", is_bytes)
    images = nested or [field.name for field in schema if is_bytes(field.type) and not by_path]
    named = structs_with("path", is_string)
    image = _chosen(images, next((name for name in images if column_name(name) in _IMAGES), None))
    if image is not None:
        return Columns(f"{image}.bytes" if nested else image, bool(nested), text, beside_paths=image in named)
    if not images:
        struct = _chosen(named, next((name for name in named if column_name(name) in _IMAGES), None))
        if struct is not None:
            return Columns(f"{struct}.path", True, text, holds_paths=True)
        found = path_and_text(texts)
        if found is not None:
            return Columns(texts[found[0]], False, texts[found[1]], holds_paths=True)
    held = ", ".join(f"{field.name} ({field.type})" for field in schema)[:300]
    raise InputError(
        f"{path} has {'no column' if not images else 'several columns'} with bytes or paths of images: {held}.",
        "Images are a column of bytes, of structs with bytes or a path, as Hugging Face's datasets writes them, or of "
        "paths, called such as file_name, beside one of texts.",
        "Write such a file, or a folder of images with metadata.csv.",
    )


def _chosen(names: list[str], named: str | None) -> str | None:
    return named if named is not None else names[0] if len(names) == 1 else None
