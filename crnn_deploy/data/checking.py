"""Finds broken images before long work starts."""

from __future__ import annotations

from collections.abc import Sequence

from crnn_deploy.data.preprocess import decode
from crnn_deploy.data.sources.base import Source, title
from crnn_deploy.data.sources.subset import Subset
from crnn_deploy.errors import InputError
from crnn_deploy.progress import Progress


def without_broken(source: Source, skip_bad: bool, progress: Progress) -> tuple[Source, list[str]]:
    """The source without its broken images, and their names.

    Raises:
        InputError: naming the first broken image unless `skip_bad`; or if all of them are.
    """
    good, broken = first_usable(source, range(len(source)), len(source), skip_bad, progress)
    return (Subset(source, good) if broken else source), broken


def first_usable(
    source: Source, order: Sequence[int], most: int, skip_bad: bool, progress: Progress
) -> tuple[list[int], list[str]]:
    """The first images in `order` that are not broken, up to `most`, and the names of the broken ones among them.

    Raises:
        InputError: naming the first broken image unless `skip_bad`; or if all of them are.
    """
    good: list[int] = []
    broken: list[str] = []
    for index in progress.track(order, f"Checking {source.name}", min(most, len(order))):
        try:
            decode(source.image(index), title(source, index))
        except InputError:
            if not skip_bad:
                raise
            broken.append(source.item_name(index))
        else:
            good.append(index)
        if len(good) == most:
            break
    if not good:
        raise InputError(f"All {len(source)} images of {source.name} are broken.", fix="Check the data.")
    if broken:
        progress.log(f"{len(broken)} broken images are left out: {', '.join(broken[:5])}{' …' * (len(broken) > 5)}")
    return good, broken
