"""Reads parts of sources, in this process or in those of workers, which open the same model."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from crnn_deploy.artifact import Artifact, open_artifact
from crnn_deploy.data.clip import ImageOrClip
from crnn_deploy.errors import InputError
from crnn_deploy.reading.image_notes import ImageNotes, NoteTaker
from crnn_deploy.reading.options import ReadOptions
from crnn_deploy.reading.reader import Reader
from crnn_deploy.reading.reading import Reading
from crnn_deploy.reading.source_items import SourceItems


@dataclass(frozen=True)
class SharedModel:
    """A file that every worker opens for itself, and the digest of what is to be in it."""

    path: Path
    sha256: str
    trust_module: bool

    def open(self) -> Artifact:
        """Raises `InputError` if the file can't be opened, or is another one on this machine."""
        artifact = open_artifact(self.path, self.trust_module)
        if artifact.sha256 != self.sha256:
            raise InputError(
                f"{self.path} is another model than when the work began.",
                "It was replaced meanwhile, or it is another file on another machine.",
                "Put the model where all workers read the same file.",
            )
        return artifact


def reader_of(
    artifact: Artifact, options: ReadOptions, threads: int | None = None, notes: NoteTaker | None = None
) -> Reader:
    """The reader that options ask for; the other arguments, and errors, are those of `Reader`."""
    return Reader(
        artifact,
        threads=threads,
        batch_size=options.batch_size,
        decoder=options.decoder,
        beam_width=options.beam_width,
        notes=notes,
    )


class PartReader:
    """Reads parts of sources, and tells what should be known of each part.

    Args:
        threads: of the runtime; None: it chooses.

    Raises:
        InputError: if this machine can't run the model.
    """

    def __init__(self, artifact: Artifact, options: ReadOptions, threads: int | None) -> None:
        self.notes = NoteTaker()
        self._reader = reader_of(artifact, options, threads, self.notes)
        self.runtime = self._reader.runtime
        self.window = self._reader.window
        self.preprocessing = self._reader.spec.preprocessing

    def read(
        self, items: SourceItems, indices: Iterable[int], open_image: Callable[[int], ImageOrClip] | None = None
    ) -> Iterator[Reading | InputError]:
        """What is read in the images of some indices, or the error in place of a broken one.

        Args:
            open_image: opens the image of an index; None: the source does.

        Raises:
            GateError: naming the image, if the model gives numbers that are not finite.
        """
        return self._reader.read(items.of(indices, open_image))

    def remarks(self, names: Iterable[tuple[str, str]]) -> ImageNotes:
        """Remarks on the images that were read since the last call, each with its title and its name in the result."""
        notes = self.notes.summary(names)
        self.notes.clear()
        return notes
