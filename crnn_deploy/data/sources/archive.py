"""A `.tar` or `.zip` as a source."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from crnn_deploy.data.index.extents import Extents, Places, SameFile
from crnn_deploy.data.index.keeping import KeptIndex
from crnn_deploy.data.index.rows import Item
from crnn_deploy.data.sources.base import Source
from crnn_deploy.data.sources.combined import Combined
from crnn_deploy.data.sources.encoded import EncodedSource, is_image, of_files
from crnn_deploy.data.sources.labelled import check_understood, find_label_files, open_labelled
from crnn_deploy.data.sources.reopening import reopened
from crnn_deploy.data.sources.samples import find_samples, open_samples
from crnn_deploy.data.sources.tar import Tar
from crnn_deploy.data.sources.zip import Packed, Zip
from crnn_deploy.progress import Progress


def is_archive(path: Path) -> bool:
    """Whether a file of this name is read as an archive."""
    return ".tar" in path.suffixes or path.suffix == ".zip"


def archive_at(path: Path) -> Tar | Zip:
    """The archive as a container of files. Raises `InputError` if it is broken."""
    return Tar(path) if ".tar" in path.suffixes else Zip(path)


def open_shards(paths: Sequence[Path], progress: Progress, needs_labels: bool) -> Source:
    """The images of several archives as one set, one archive after the other.

    A shard may lack the last classes; numbers name them all.
    """
    sources = [open_archive(path, progress, needs_labels) for path in paths]
    most = max((source.class_names for source in sources), key=len)
    for source in sources:
        if isinstance(source, EncodedSource) and source.class_names == most[: len(source.class_names)]:
            source.class_names = most
    return sources[0] if len(sources) == 1 else Combined(sources, str(paths[0].parent))


def open_archive(path: Path, progress: Progress, needs_labels: bool) -> Source:
    """Lines of text if the archive holds labels, or else its images without labels.

    A large one is opened from the index that was kept.

    Raises:
        InputError: if it is broken, holds no images, or its labels are wrong or needed and not understood.
    """

    def anew(progress: Progress) -> Source:
        return _open(archive_at(path), progress, needs_labels)

    def places(kept: KeptIndex) -> Places:
        if ".tar" in path.suffixes:
            return Extents(SameFile(path), kept.places["offset"], kept.places["size"])
        return Packed(SameFile(path), kept.places)

    return reopened(path, needs_labels, progress, anew, places)


def _open(archive: Tar | Zip, progress: Progress, needs_labels: bool) -> Source:
    if archive.links:
        progress.log(f"{archive.name} holds {archive.links:,} links, which are not followed.")
    samples = find_samples(archive.names()) if isinstance(archive, Tar) else None
    if samples is not None:
        return open_samples(archive, samples, progress)
    found = find_label_files(archive)
    labelled = open_labelled(archive, found, progress)
    if labelled is not None:
        return labelled
    items = [Item(name) for name in found.names if is_image(name)]
    if items:
        check_understood(archive, found.unread, needs_labels, progress)
    if len({item.name.rpartition("/")[0] for item in items}) > 1:
        progress.log(f"{archive.name} is read without labels; only in a folder are sub-folders taken for classes")
    return of_files(archive, "unlabelled", items)
