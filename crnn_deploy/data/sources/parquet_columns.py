"""Which columns of a Parquet file hold images and texts."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from crnn_deploy.data.sources.layouts.columns import column_name, first_named
from crnn_deploy.errors import InputError

_IMAGES = ("image", "img", "images", "picture", "bytes", "image_bytes", "jpg", "png", "jpeg")


@dataclass(frozen=True)
class Columns:
    """Paths of the columns that are read.

    Attributes:
        image: bytes of the encoded image; `nested` in a struct that `datasets` calls an image.
        text: None if no column holds texts.
    """

    image: str
    nested: bool
    text: str | None


def find_columns(schema: Any, path: Path) -> Columns:
    """The columns of an Arrow schema: by their names, or the only ones of their type.

    Raises:
        InputError: if no column holds images, or it isn't clear which.
    """
    import pyarrow.types as types

    def is_bytes(kind: Any) -> bool:
        return bool(types.is_binary(kind) or types.is_large_binary(kind))

    nested = [
        field.name
        for field in schema
        if types.is_struct(field.type) and any(part.name == "bytes" and is_bytes(part.type) for part in field.type)
    ]
    images = nested or [field.name for field in schema if is_bytes(field.type)]
    texts = [field.name for field in schema if types.is_string(field.type) or types.is_large_string(field.type)]
    image = _chosen(images, next((name for name in images if column_name(name) in _IMAGES), None))
    if image is None:
        held = ", ".join(f"{field.name} ({field.type})" for field in schema)[:300]
        raise InputError(
            f"{path} has {'no column' if not images else 'several columns'} with bytes of images: {held}.",
            "Images are a column of bytes, or of structs with bytes, as Hugging Face's datasets writes them.",
            "Write such a file, or a folder of images with metadata.csv.",
        )
    text = _chosen(texts, first_named(texts))
    return Columns(f"{image}.bytes" if nested else image, bool(nested), text)


def _chosen(names: list[str], named: str | None) -> str | None:
    return named if named is not None else names[0] if len(names) == 1 else None
