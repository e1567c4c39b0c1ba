"""`NAME.gt.txt` beside each image, as Tesseract, kraken and Calamari write it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePosixPath

from crnn_deploy import limits
from crnn_deploy.data.index.rows import Item
from crnn_deploy.data.sources.container import Container
from crnn_deploy.data.sources.encoded import is_image
from crnn_deploy.data.sources.label_files import decode
from crnn_deploy.errors import InputError

_SUFFIX = ".gt.txt"


def is_sidecar(name: str) -> bool:
    """Whether a file of this name is the text of one image."""
    return name.endswith(_SUFFIX) and not PurePosixPath(name).name.startswith(".")


def read_sidecars(files: Container, names: Sequence[str]) -> list[Item]:
    """The images that have a text beside them, in the order of their names.

    Raises:
        InputError: if an image has no text or a text no image, or a text has more than one line.
    """
    texts = {name.removesuffix(_SUFFIX): name for name in names if is_sidecar(name)}
    images = [name for name in sorted(names) if is_image(name)]
    owners = {image: next((stem for stem in _stems(image) if stem in texts), None) for image in images}
    alone = [image for image in images if owners[image] is None]
    alone += [texts[stem] for stem in sorted(set(texts) - set(owners.values()))]
    if alone:
        raise InputError(
            f"{len(alone):,} files in {files.name} have no partner; the first is {alone[0]}.",
            f"Some images have a text NAME{_SUFFIX} beside them, so each image needs one, and each text an image.",
            "Add what is missing, or move these files away.",
        )
    return [Item(image, text_of(files, texts[stem])) for image, stem in owners.items() if stem is not None]


def _stems(image: str) -> list[str]:
    """Names without suffixes: `a/0.bin` and `a/0` for `a/0.bin.png`, since texts of binarised images drop both."""
    path = PurePosixPath(image)
    return [str(path.with_suffix("")), str(path.with_name(path.name.split(".")[0]))]


def text_of(files: Container, name: str) -> str:
    """The only line of a text file. Raises `InputError` if it has several, or is no text."""
    if files.size(name) > limits.MAX_LABEL:
        raise InputError(f"{files.title(name)} has more than {limits.MAX_LABEL:,} bytes, which is no line.")
    text = decode(files.read(name), files.title(name)).removesuffix("\n")
    if "\n" in text:
        raise InputError(
            f"{files.title(name)} has {text.count(chr(10)) + 1} lines.", fix="Write one line of text for each image."
        )
    return text
