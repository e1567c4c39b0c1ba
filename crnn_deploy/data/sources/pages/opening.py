"""Opens folders and archives with one XML file for each page."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import PurePosixPath

from crnn_deploy import limits
from crnn_deploy.data.sources.container import Container, Folder
from crnn_deploy.data.sources.encoded import IMAGE_SUFFIXES, is_image
from crnn_deploy.data.sources.pages import alto_xml, page_xml
from crnn_deploy.data.sources.pages.line_source import LineSource, PlacedLine
from crnn_deploy.data.sources.pages.page_file import PageFile
from crnn_deploy.data.sources.texts import check_texts
from crnn_deploy.errors import InputError
from crnn_deploy.progress import Progress

_READERS = {page_xml.ROOT: page_xml.read_page, alto_xml.ROOT: alto_xml.read_alto}
_ROOT = re.compile(rb"<(?:[\w.-]+:)?(PcGts|alto)[\s>]")


def is_page(files: Container, name: str) -> bool:
    """Whether a file is PAGE or ALTO XML; only its beginning is read."""
    return name.lower().endswith(".xml") and _root(files.read(name, 4096)) is not None


def pages_below(files: Folder, folder: str) -> list[str]:
    """The PAGE and ALTO XML files in a sub-folder."""
    names = [f"{folder}/{name}" for name in Folder(files.path / folder).names() if name[0] != "."]
    return [name for name in names if is_page(files, name)]


def open_pages(files: Container, names: Sequence[str], progress: Progress) -> LineSource:
    """The lines of all pages that have a text, as crops of the pages' images.

    Raises:
        InputError: if a file is broken, or an image is missing.
    """
    lines: list[PlacedLine] = []
    untold = 0
    for name in sorted(names):
        page = _read(files, name)
        image = _image_of(files, name, page)
        written = [line for line in page.lines if line.text is not None]
        untold += len(page.lines) - len(written)
        lines += [PlacedLine(image, (page.width, page.height), line) for line in written]
    if untold:
        progress.log(f"{untold:,} of {untold + len(lines):,} lines of {files.name} have no text and are left out.")
    left_out = {name for name in files.names() if is_image(name)} - {line.image for line in lines}
    if left_out:
        example = min(left_out)
        progress.log(
            f"{len(left_out):,} images of {files.name} have no lines in XML and are left out, such as {example}."
        )
    if not lines:
        raise InputError(
            f"{files.name} holds no line with a text.",
            f"{len(names):,} PAGE or ALTO files were read, with {untold:,} lines.",
            "Export the transcription of lines, too.",
        )
    names, texts = [placed.name for placed in lines], [placed.line.text or "" for placed in lines]
    check_texts(names, texts, files.name, progress)
    return LineSource(files, lines)


def _root(data: bytes) -> str | None:
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        data = data.decode("utf-16", "ignore").encode()
    match = _ROOT.search(data)
    return match[1].decode() if match else None


def _read(files: Container, name: str) -> PageFile:
    size = files.size(name)
    if size > limits.MAX_PAGE_FILE:
        raise InputError(f"{files.title(name)} has {size:,} bytes, and at most {limits.MAX_PAGE_FILE:,} are read.")
    data = files.read(name)
    root = _root(data[:4096])
    if root is None:
        raise InputError(f"{files.title(name)} is no PAGE or ALTO XML.")
    return _READERS[root](data, files.title(name))


def _image_of(files: Container, name: str, page: PageFile) -> str:
    """The image of a page: as the file names it, or with its own name, beside it or in the folder above.

    Raises:
        InputError: if it is missing.
    """
    own = PurePosixPath(name)
    written = page.image.replace("\\", "/")
    stems = [own.stem, own.name.split(".")[0]]
    wanted = [written.rpartition("/")[2], *(stem + suffix for stem in stems for suffix in IMAGE_SUFFIXES)]
    if not written.startswith("/") and ".." not in written.split("/"):
        wanted.insert(0, written)
    folders = dict.fromkeys((own.parent, own.parent.parent))
    for folder in folders:
        for each in wanted:
            found = str(folder / each)
            if each and is_image(found) and files.has(found):
                return found
    raise InputError(
        f"The image of {files.title(name)} is missing{f': {page.image[:200]}' if page.image else ''}.",
        "It was looked for beside the XML file and in the folder above, also with the name of the XML file.",
        "Put it there.",
    )
