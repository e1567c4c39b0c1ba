"""Finds broken images before long work starts."""

from __future__ import annotations

from collections.abc import Sequence

from crnn_deploy.data.clip import Clip, ImageOrClip
from crnn_deploy.data.picture import has_several_frames, picture
from crnn_deploy.data.preprocess import Preprocessor
from crnn_deploy.data.sources.base import Source, title
from crnn_deploy.data.sources.subset import Subset
from crnn_deploy.data.stills import check_stills
from crnn_deploy.errors import InputError
from crnn_deploy.preprocessing import Preprocessing
from crnn_deploy.progress import Progress
from crnn_deploy.units import images, listed


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
    several: list[str] = []
    for index in progress.track(order, f"Checking {source.name}", min(most, len(order))):
        try:
            image = source.image(index)
            framed = has_several_frames(image)
            check_decodes(image, title(source, index))
        except InputError:
            if not skip_bad:
                raise
            broken.append(source.item_name(index))
        else:
            good.append(index)
            several += [source.item_name(index)] * framed
        if len(good) == most:
            break
    if not good:
        raise InputError(f"All {len(source)} images of {source.name} are broken.", fix="Check the data.")
    if broken:
        progress.log(f"{len(broken)} broken images are left out: {listed(broken)}")
    if several:
        progress.log(
            f"{source.name}: {images(len(several))} hold several frames; only networks for clips see more than the "
            f"first: {listed(several)}"
        )
    return good, broken


def check_decodes(image: ImageOrClip, name: str) -> None:
    """Raise `InputError` naming the image, or the clip, if it is broken."""
    if isinstance(image, Clip):
        check_stills(image, name)
    else:
        picture(image, name, "L")


def tell_squeezed(source: Source, preprocessing: Preprocessing, progress: Progress) -> None:
    """Say how many images are wider than a model takes, so that they are squeezed and hard to read."""
    if preprocessing.clips is not None:
        return
    preprocessor = Preprocessor(preprocessing)
    squeezed = [
        source.item_name(index)
        for index in range(len(source))
        if preprocessor.squeezes(source.image(index), title(source, index))
    ]
    if squeezed:
        progress.log(
            f"{source.name}: of {images(len(source))}, {len(squeezed)} wider than the model takes will be squeezed: "
            f"{listed(squeezed)}"
        )
