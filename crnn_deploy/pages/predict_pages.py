"""`predict --pages`: whole pages instead of single lines."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from crnn_deploy.artifact import open_artifact
from crnn_deploy.data.sources.container import is_folder
from crnn_deploy.data.sources.encoded import is_image
from crnn_deploy.errors import InputError
from crnn_deploy.evaluation.config import STDIN, PredictConfig
from crnn_deploy.evaluation.places import without_patterns
from crnn_deploy.pages.documents import sheets_of
from crnn_deploy.pages.page import Page
from crnn_deploy.pages.read_pages import FoundPage, PageReader
from crnn_deploy.progress import SILENT, Progress
from crnn_deploy.reading.part_reader import reader_of


def predict_pages(config: PredictConfig, progress: Progress = SILENT) -> Iterator[Page]:
    """Each page of the files, one after the other, in constant memory.

    With `skip_bad` a broken file is told to `progress`, and left out.

    Raises:
        InputError: if the artifact or a page can't be read, there are none, or the extra `pages` is missing.
        GateError: if the model gives numbers that are not finite.
    """
    files = list(_files(config))
    artifact = open_artifact(config.model, config.trust_module)
    pages = PageReader(reader_of(artifact, config, config.threads))
    broken = 0
    for file in progress.track(files, "Reading", len(files)):
        for found in _found(pages, file, config.dpi):
            if isinstance(found, FoundPage):
                yield pages.read(found)
            elif config.skip_bad:
                broken += 1
                progress.log(f"{found.what} It was left out.")
            else:
                raise found
    if broken == len(files):
        raise InputError(f"All {broken} files are broken.", fix="Check the files.")


def _found(pages: PageReader, file: Path, dpi: int) -> Iterator[FoundPage | InputError]:
    """The pages of a file with their lines, or at the end what is wrong with it."""
    try:
        for name, picture in sheets_of(file, dpi):
            yield pages.find(picture, name)
    except InputError as error:
        yield error


def _files(config: PredictConfig) -> Iterator[Path]:
    """The files that the config names, and those of its folders."""
    for location in without_patterns(config.images):
        if location == STDIN:
            raise InputError("Pages are not read from stdin.", fix="Write the page to a file, and name it.")
        path = Path(location)
        if not is_folder(path):
            yield path
            continue
        found = sorted(file for file in path.iterdir() if is_image(file.name) or file.suffix.lower() == ".pdf")
        if not found:
            raise InputError(f"{path} holds no pages.", fix="Give images or PDFs, or a folder that holds some.")
        yield from found
