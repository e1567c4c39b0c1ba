"""Samples as WebDataset writes them: the files of a tar that share a key, such as `000042.jpg` and `000042.txt`.

The key is the path up to the first dot of the name. `txt` is the text of a line, `cls` the number of a class. Source:
the format description of the package webdataset.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from crnn_deploy import limits
from crnn_deploy.data.index.rows import Item
from crnn_deploy.data.sources.container import Container
from crnn_deploy.data.sources.encoded import EncodedSource, is_image, of_files
from crnn_deploy.data.sources.sidecars import text_of
from crnn_deploy.data.sources.texts import check_texts
from crnn_deploy.errors import InputError
from crnn_deploy.progress import Progress

_TEXT, _CLASS = "txt", "cls"
_BESIDE = {"json", "id", "__key__", "url"}  # what else a sample may hold, which is not read

Samples = Mapping[str, Mapping[str, str]]
"""The files of each sample by their suffix: `image`, and `txt` or `cls`."""


def find_samples(names: Iterable[str]) -> Samples | None:
    """The samples of an archive; None unless each file belongs to one with an image, and some have a label."""
    samples: dict[str, dict[str, str]] = {}
    labelled = False
    for name in names:
        folder, slash, own = name.rpartition("/")
        key, _, suffix = own.partition(".")
        kind = "image" if is_image(own) else suffix.lower()
        if kind not in ("image", _TEXT, _CLASS, *_BESIDE):
            return None
        labelled |= kind in (_TEXT, _CLASS)
        samples.setdefault(folder + slash + key, {})[kind] = name
    return samples if labelled and all("image" in sample for sample in samples.values()) else None


def open_samples(files: Container, samples: Samples, progress: Progress) -> EncodedSource:
    """Lines of text or classes from the samples of an archive, in the order of their keys.

    Raises:
        InputError: if some samples have another kind of label or none, or a label is wrong.
    """
    kind = next(kind for sample in samples.values() for kind in (_TEXT, _CLASS) if kind in sample)
    without = [sample["image"] for sample in samples.values() if kind not in sample]
    if without:
        raise InputError(
            f"{len(without):,} images of {files.name} have no .{kind} beside them; the first is {without[0]}.",
            f"Others have one, and in an archive of samples each image needs a .{kind} of its own name.",
            "Make the archive again.",
        )
    if kind == _TEXT:
        items = [Item(sample["image"], text_of(files, sample[_TEXT])) for sample in samples.values()]
        check_texts([item.name for item in items], [item.text for item in items], files.name, progress)
        return of_files(files, "text", items)
    numbers = [_class_of(files, sample[_CLASS]) for sample in samples.values()]
    names = tuple(map(str, range(max(numbers) + 1)))
    pairs = zip(samples.values(), numbers, strict=True)
    return of_files(files, "class", [Item(sample["image"], class_index=number) for sample, number in pairs], names)


def _class_of(files: Container, name: str) -> int:
    text = text_of(files, name).strip()
    if not text.isascii() or not text.isdigit() or int(text) >= limits.MAX_CLASSES:
        raise InputError(f"{files.title(name)} holds {text[:80]!r}, which is no number of a class.", fix="Correct it.")
    return int(text)
