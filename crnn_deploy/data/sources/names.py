"""Images whose file names are their texts, such as `74853.png`; the location begins with `names:`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePosixPath

from crnn_deploy.data.index.rows import Item
from crnn_deploy.data.sources.container import Container
from crnn_deploy.data.sources.encoded import EncodedSource, is_image, of_files
from crnn_deploy.data.sources.label_files import may_hold_labels
from crnn_deploy.data.sources.texts import check_texts
from crnn_deploy.errors import InputError
from crnn_deploy.progress import Progress
from crnn_deploy.units import listed

PREFIX = "names:"


def open_names(files: Container, progress: Progress) -> EncodedSource:
    """Lines of text from the images of a folder or an archive: the text is the name of the file without its suffix.

    Raises:
        InputError: if there are no images, or a name is no text.
    """
    names = list(files.names())
    items = [Item(name, PurePosixPath(name).stem) for name in names if is_image(name)]
    _check_unicode(items, files.name)
    check_texts([item.name for item in items], [item.text for item in items], files.name, progress)
    unread = [name for name in names if may_hold_labels(name)]
    if unread:
        progress.log(f"The names of the files give the labels of {files.name}; not read: {listed(unread)}")
    return of_files(files, "text", items)


def _check_unicode(items: Sequence[Item], origin: str) -> None:
    """Raise `InputError` if a name holds bytes that are no UTF-8, which Python gives as halves of surrogate pairs."""
    for item in items:
        if not item.text.isascii() and any("\ud800" <= character <= "\udfff" for character in item.text):
            raise InputError(
                f"The name {ascii(item.name)[:300]} in {origin} is not UTF-8.",
                fix="Rename the file, or write labels.tsv.",
            )
