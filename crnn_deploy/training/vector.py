"""The vector beside the pictures of a training: which numbers it has, and how they are normalised."""

from __future__ import annotations

import numpy as np

from crnn_deploy.data.sources.base import Source
from crnn_deploy.data.sources.opening import open_source
from crnn_deploy.errors import InputError
from crnn_deploy.limits import MAX_VECTOR, SMALLEST_STD
from crnn_deploy.vector import VectorNumber

_ALL = ("all",)


def names_in(source: Source, wanted: tuple[str, ...]) -> tuple[str, ...]:
    """The names of the numbers that are wanted, also where these are all.

    Raises:
        InputError: if `all` stands for nothing, or there are too many.
    """
    if wanted == _ALL and not source.vector_names:
        raise InputError(
            f"{source.name} has no numbers beside its images.",
            fix="Leave out --vector, or give a label file with columns of numbers, or an NPZ with vectors.",
        )
    names = source.vector_names if wanted == _ALL else wanted
    if len(names) > MAX_VECTOR:
        raise InputError(
            f"The vector would have {len(names):,} numbers, and {MAX_VECTOR:,} are possible.",
            fix="Name those that matter with --vector.",
        )
    return names


def names_at(location: str, wanted: tuple[str, ...]) -> tuple[str, ...]:
    """The same for the source at a location, which is opened only where all are wanted."""
    return names_in(open_source(location), wanted) if wanted == _ALL else wanted


def vector_of(source: Source, names: tuple[str, ...]) -> tuple[VectorNumber, ...]:
    """The vector of a new network, normalised by the mean and the deviation over the training images.

    Raises:
        InputError: if a number is the same beside all images.
    """
    if not names:
        return ()
    rows = source.vectors(names)
    with np.errstate(over="ignore", invalid="ignore"):
        means, deviations = rows.mean(axis=0), rows.std(axis=0)
    for name, mean, deviation in zip(names, means, deviations, strict=True):
        if not np.isfinite(mean + deviation) or deviation < SMALLEST_STD:
            raise InputError(
                f"{name} varies too much or too little beside the images of {source.name}.",
                f"Its deviation is {deviation:.3g}, and the network takes (number - mean) / deviation.",
                "Leave it out of --vector, or give it in another unit.",
            )
    numbers = zip(names, means.tolist(), deviations.tolist(), strict=True)
    return tuple(VectorNumber(name=name, mean=mean, std=std) for name, mean, std in numbers)
