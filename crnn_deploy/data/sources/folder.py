"""Images in folders: with a labels.tsv, one sub-folder for each class, or without labels."""

from __future__ import annotations

from pathlib import Path

from crnn_deploy.data.sources.base import Kind
from crnn_deploy.data.sources.encoded import EncodedSource, Item, is_image
from crnn_deploy.data.sources.labels import LABELS, check_present, parse_labels


def open_labelled_folder(folder: Path) -> EncodedSource:
    """Lines of text from a folder with `labels.tsv`."""
    items = parse_labels((folder / LABELS).read_bytes(), str(folder / LABELS))
    check_present(items, {item.name for item in items if (folder / item.name).is_file()}, str(folder / LABELS))
    return _source(folder, "text", items)


def open_class_folder(folder: Path) -> EncodedSource:
    """Classes from sub-folders, numbered in the order of their names."""
    names = tuple(sorted(child.name for child in folder.iterdir() if child.is_dir() and _images(child)))
    items = [
        Item(str(path.relative_to(folder)), class_index=index)
        for index, name in enumerate(names)
        for path in _images(folder / name)
    ]
    return _source(folder, "class", items, names)


def open_image_folder(folder: Path) -> EncodedSource:
    """Unlabelled images."""
    return _source(folder, "unlabelled", [Item(path.name) for path in _images(folder)])


def has_images(folder: Path) -> bool:
    return bool(_images(folder))


def has_class_folders(folder: Path) -> bool:
    return any(child.is_dir() and has_images(child) for child in folder.iterdir())


def _images(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if is_image(path.name) and path.is_file())


def _source(folder: Path, kind: Kind, items: list[Item], class_names: tuple[str, ...] = ()) -> EncodedSource:
    return EncodedSource(str(folder), kind, items, lambda index: (folder / items[index].name).read_bytes(), class_names)
