"""Finds broken images before anything long depends on them."""

from __future__ import annotations

from crnn_deploy.data.preprocess import decode
from crnn_deploy.data.source import Source, title
from crnn_deploy.data.sources.subset import Subset
from crnn_deploy.errors import InputError
from crnn_deploy.progress import Progress


def without_broken(source: Source, skip_bad: bool, progress: Progress) -> tuple[Source, list[str]]:
    """The source without its broken images, and their names.

    Raises:
        InputError: naming the first broken image unless `skip_bad`; or if all of them are.
    """
    good, broken = [], []
    for index in progress.track(range(len(source)), f"Checking {source.name}", len(source)):
        try:
            decode(source.image(index), title(source, index))
        except InputError:
            if not skip_bad:
                raise
            broken.append(source.item_name(index))
        else:
            good.append(index)
    if not good:
        raise InputError(f"All {len(source)} images of {source.name} are broken.", fix="Check the data.")
    if broken:
        progress.log(f"{len(broken)} broken images are left out: {', '.join(broken[:5])}{' …' * (len(broken) > 5)}")
    return (Subset(source, good) if broken else source), broken
