"""Finds broken images before long work starts."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from typing import NamedTuple

import numpy as np

from crnn_deploy.data.picture import has_several_frames
from crnn_deploy.data.sizes import squeezes
from crnn_deploy.data.sources.base import Source, broken_image, title
from crnn_deploy.data.sources.subset import Subset
from crnn_deploy.data.stills import check_decodes
from crnn_deploy.errors import InputError
from crnn_deploy.preprocessing import Preprocessing
from crnn_deploy.progress import Progress
from crnn_deploy.ranks import Ranks
from crnn_deploy.spec import ModelSpec
from crnn_deploy.units import images, listed


def without_broken(source: Source, skip_bad: bool, progress: Progress) -> tuple[Source, list[str]]:
    """The source without the images whose header or end is damaged, and their names; no other image is decoded.

    Raises:
        InputError: naming the first broken image unless `skip_bad`; or if all of them are.
    """
    facts = source.facts(progress)
    broken = [source.item_name(index) for index in np.flatnonzero(facts.broken).tolist()]
    if broken and not skip_bad:
        raise _found_broken(source, int(facts.broken.argmax()))
    _tell(source, broken, [source.item_name(index) for index in np.flatnonzero(facts.animated).tolist()], progress)
    return (Subset(source, np.flatnonzero(~facts.broken)) if broken else source), broken


def _found_broken(source: Source, index: int) -> InputError:
    """The error for an image that is known to be broken, with the reason that opening it gives now."""
    try:
        check_decodes(source.image(index), title(source, index))
    except InputError as error:
        return error
    return broken_image(title(source, index), "it could not be read before")


def first_usable(
    source: Source, order: Sequence[int], most: int, skip_bad: bool, progress: Progress
) -> tuple[list[int], list[str]]:
    """The first images in `order` that are not broken, up to `most`, and the names of the broken ones among them.

    Raises:
        InputError: naming the first broken image unless `skip_bad`; or if all of them are.
    """
    checked = _checked(source, order, most, skip_bad, progress)
    return checked.good, checked.told(source, progress)


def all_usable(source: Source, ranks: Ranks, progress: Progress) -> tuple[list[int], list[str]]:
    """All images that are not broken, and the names of the others. Each process decodes its share of them.

    Raises:
        InputError: if all of them are broken, or another process has ended.
    """
    share = list(ranks.deal(range(len(source))))
    shares = ranks.gather(_checked(source, share, len(share), True, progress))
    together = _Checked(*(sorted(chain.from_iterable(parts)) for parts in zip(*shares, strict=True)))
    return together.good, together.told(source, progress)


class _Checked(NamedTuple):
    """Indices of images that were decoded."""

    good: list[int]
    broken: list[int]
    several: list[int]  # of the good ones, those with several frames

    def told(self, source: Source, progress: Progress) -> list[str]:
        """The names of the broken images, which are said."""
        broken, several = ([source.item_name(index) for index in part] for part in (self.broken, self.several))
        _tell(source, broken, several, progress)
        return broken


def _checked(source: Source, order: Sequence[int], most: int, skip_bad: bool, progress: Progress) -> _Checked:
    checked = _Checked([], [], [])
    for index in progress.track(order, f"Checking {source.name}", min(most, len(order))):
        try:
            image = source.image(index)
            framed = has_several_frames(image)
            check_decodes(image, title(source, index))
        except InputError:
            if not skip_bad:
                raise
            checked.broken.append(index)
        else:
            checked.good.append(index)
            checked.several.extend([index] * framed)
        if len(checked.good) == most:
            break
    return checked


def _tell(source: Source, broken: list[str], several: list[str], progress: Progress) -> None:
    """Say what images are left out, and which hold several frames. Raises `InputError` if all are broken."""
    if len(broken) == len(source):
        raise InputError(f"All {len(source)} images of {source.name} are broken.", fix="Check the data.")
    if broken:
        progress.log(f"{len(broken)} broken images are left out: {listed(broken)}")
    if several:
        progress.log(
            f"{source.name}: {images(len(several))} hold several frames; only networks for clips see more than the "
            f"first: {listed(several)}"
        )


def tell_classes_without_images(source: Source, use: str, progress: Progress) -> None:
    """Say which classes of a source none of its images is of, such as names in `classes.txt` that occur nowhere.

    Args:
        use: what the images are for, such as `training`.
    """
    if source.kind != "class":
        return
    seen = {source.class_index(index) for index in range(len(source))}
    missing = [name for number, name in enumerate(source.class_names) if number not in seen]
    if missing:
        progress.log(
            f"{source.name}: {len(missing)} of {len(source.class_names)} classes have no images for {use}: "
            f"{listed(missing)}"
        )


def tell_unusual_sizes(source: Source, spec: ModelSpec, progress: Progress) -> None:
    """Say how many lines are squeezed, or how many pictures of a classifier lose their shape."""
    tell = tell_squeezed if spec.task == "ctc" else tell_distorted
    tell(source, spec.preprocessing, progress)


def tell_distorted(source: Source, preprocessing: Preprocessing, progress: Progress) -> None:
    """Say how many pictures have another shape or a far other size than a classifier sees."""
    facts = source.facts()
    distorted = np.flatnonzero(facts.by_size(preprocessing.distorts))
    if len(distorted):
        first = int(distorted[0])
        size = int(facts.width[first]), int(facts.height[first])
        progress.log(
            f"{source.name}: of {images(len(source))}, {len(distorted)} of another shape or a far other size than the "
            f"model sees will be squeezed or stretched (first: {source.item_name(first)}, "
            f"{scaling(preprocessing, size)})"
        )


def scaling(preprocessing: Preprocessing, size: tuple[int, int]) -> str:
    """A picture's size in pixels, width first, and that which a model sees: `640×480 seen as 32×32`."""
    seen = (preprocessing.resized_width(*size), preprocessing.resized_height(*size))
    return " seen as ".join(f"{width}×{height}" for width, height in (size, seen))


def tell_squeezed(source: Source, preprocessing: Preprocessing, progress: Progress) -> None:
    """Say how many images are wider than a model takes, so that they are squeezed and hard to read."""
    if preprocessing.clips is not None:
        return
    squeezed = [source.item_name(index) for index in np.flatnonzero(squeezes(source, preprocessing)).tolist()]
    if squeezed:
        progress.log(
            f"{source.name}: of {images(len(source))}, {len(squeezed)} wider than the model takes will be squeezed: "
            f"{listed(squeezed)}"
        )
