"""Optimisation profiles: the input shapes that an engine takes, and those for which it is fastest."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from crnn_deploy.data.checking import without_broken
from crnn_deploy.data.sizes import input_sizes
from crnn_deploy.data.sources.base import Source
from crnn_deploy.engine.config import BuildOptions, EngineConfig
from crnn_deploy.errors import InputError
from crnn_deploy.preprocessing import InputShape, Preprocessing
from crnn_deploy.progress import SILENT, Progress
from crnn_deploy.runtime.tensorrt.manifest import ShapeProfile

# Aspect ratios of text lines: few lines are wider than the second, and these run one at a time.
_COMMON_LINE = 10
_LONG_LINE = 20
_GRAMMAR = "Write --profile MIN,OPT,MAX, each as BATCHxWIDTH, such as 1x32,8x320,16x640; or BATCHxSTILLS for clips."


def for_batch(options: EngineConfig, batch: int | None, model: Path) -> EngineConfig:
    """The options for a graph that takes `batch` images at once; None: any number.

    Raises:
        InputError: if it takes several, and no fewer: an engine could not read a single line.
    """
    if batch is None:
        return options
    if batch > 1:
        raise InputError(
            f"{model} takes {batch} images at once, and no fewer.",
            "An engine of it could not read a single line.",
            f"Import it with its spec, which frees the batch where the graph allows it: crnn-deploy import {model} "
            "--spec SPEC.yaml",
        )
    return options if options.profiles else options.model_copy(update={"max_batch": batch})


def choose_profiles(
    options: BuildOptions, preprocessing: Preprocessing, widths: Sequence[int] | None
) -> tuple[ShapeProfile, ...]:
    """The profiles of the options, or those that suit `widths`, or else profiles for text lines of any width.

    A batch runs with the first profile that holds it. Without profiles in the options, the result holds every width
    that preprocessing gives; lines wider than usual run one at a time, so that the engine needs little memory.

    Args:
        widths: padded widths in pixels of real images, for buckets; None without images.

    Raises:
        InputError: if a profile is not written correctly, holds no input of the model or is given twice, or there are
            no images to make buckets from.
    """
    if options.profiles:
        return _from_options(options, preprocessing)
    if not preprocessing.any_size:
        return (_profile(preprocessing, options.max_batch, (preprocessing.sizes[0],) * 3),)
    if options.buckets is not None and widths is None:
        raise InputError(
            "--buckets needs images to take the sizes from.", fix="Name some with --data, or give --profile."
        )
    lowest, highest = preprocessing.sizes
    ranges = _from_widths(widths, options.buckets or 1) if widths else [_usual(preprocessing)]
    profiles, start = [], lowest
    for best, end in ranges:
        profiles.append(_profile(preprocessing, options.max_batch, (start, max(start, best), max(start, end))))
        start = end + _step(preprocessing)
    if start <= highest:
        profiles.append(_profile(preprocessing, 1, (start, start, highest)))
    return tuple(profiles)


def _from_options(options: BuildOptions, preprocessing: Preprocessing) -> tuple[ShapeProfile, ...]:
    if options.max_batch != BuildOptions.model_fields["max_batch"].default:
        raise InputError(
            f"--max-batch {options.max_batch} has no effect: profiles name their greatest batch themselves.",
            fix="Leave out --max-batch, or --profile.",
        )
    profiles = tuple(parse_profile(text, preprocessing) for text in options.profiles)
    for index, profile in enumerate(profiles):
        if profile in profiles[:index]:
            raise InputError(f"The profile {options.profiles[index]} is given twice.", fix="Leave one of them out.")
    return profiles


def fitting(profiles: Sequence[ShapeProfile], widths: Sequence[int]) -> list[int]:
    """The indices of the images whose padded width is within some profile.

    Raises:
        InputError: if there is none.
    """
    ranges = [(profile.sizes[0], profile.sizes[2]) for profile in profiles]
    inside = [index for index, width in enumerate(widths) if any(low <= width <= high for low, high in ranges)]
    if not inside:
        raise InputError(
            f"None of the {len(widths)} images fits a profile.",
            f"They are {min(widths)} to {max(widths)} {_unit(profiles[0].of_clips)}, resized and padded.",
            "Give a --profile that holds them, or none.",
        )
    return inside


def padded_widths(source: Source, preprocessing: Preprocessing, progress: Progress = SILENT) -> list[int]:
    """Padded width in pixels of every image, or number of stills that are seen of a clip.

    Raises:
        InputError: if there are no images, or one is broken.
    """
    if len(source) == 0:
        raise InputError(f"{source.name} holds no images.", fix="Give another source with --data.")
    without_broken(source, skip_bad=False, progress=progress)
    return list(map(int, input_sizes(source, preprocessing)))


def parse_profile(text: str, preprocessing: Preprocessing) -> ShapeProfile:
    """Read `min,opt,max`, each `BATCHxWIDTH` or `BATCHxCHANNELSxHEIGHTxWIDTH`, such as `1x32,8x320,16x640`.

    Raises:
        InputError: if it is written otherwise, not in ascending order, or no image can have such a width.
    """
    parts = text.split(",")
    if len(parts) != 3:
        raise InputError(f"The profile {text} does not name three shapes.", fix=_GRAMMAR)
    shapes = [_parse_shape(part.strip(), text, preprocessing) for part in parts]
    if not all(low <= best <= high for low, best, high in zip(*shapes, strict=True)):
        raise InputError(f"The profile {text} does not ascend from min to opt to max.", fix=_GRAMMAR)
    profile = ShapeProfile(min=shapes[0], opt=shapes[1], max=shapes[2])
    _check_sizes(text, profile.sizes[0], profile.sizes[2], preprocessing)
    return profile


def _check_sizes(text: str, low: int, high: int, preprocessing: Preprocessing) -> None:
    """Raise `InputError` unless images of the model can have sizes from `low` to `high`."""
    lowest, highest = preprocessing.sizes
    multiple = _step(preprocessing)
    if preprocessing.any_size and (high > highest or -(-max(low, lowest) // multiple) * multiple > high):
        of_clips = preprocessing.clips is not None
        larger, none = ("is longer than any clip", "clip") if of_clips else ("is wider than any image", "image")
        raise InputError(
            f"The profile {text} {larger if high > highest else f'holds no {none}'} of this model.",
            f"Resized and padded, they are {lowest} to {highest} {_unit(of_clips)}"
            f"{f', in multiples of {multiple}' if multiple > 1 else ''}.",
            _GRAMMAR,
        )


def _parse_shape(part: str, text: str, preprocessing: Preprocessing) -> InputShape:
    if not re.fullmatch(r"[1-9]\d{0,5}(x[1-9]\d{0,5}){1,4}", part):
        raise InputError(f"{part or 'An empty text'} in the profile {text} is no shape.", fix=_GRAMMAR)
    numbers = tuple(int(number) for number in part.split("x"))
    p = preprocessing
    shape = p.input_shape(numbers[0], numbers[1]) if len(numbers) == 2 else numbers
    size = shape[p.size_axis] if len(shape) > p.size_axis else 0
    if shape != p.input_shape(numbers[0], size):
        stills = "" if p.clips is None else f" and {p.width} pixels width in each still"
        raise InputError(
            f"{part} in the profile {text} is no input of this model.",
            f"It takes {p.channel_count} channel{'s' * (p.channel_count > 1)} of {p.height} pixels height{stills}.",
            _GRAMMAR,
        )
    if not p.any_size and size != p.width:
        raise InputError(f"{part} in the profile {text} is no input of this model: its width is {p.width}.")
    return p.input_shape(numbers[0], size)


def _step(preprocessing: Preprocessing) -> int:
    """By how much the sizes of two inputs differ at least."""
    return preprocessing.width_multiple if preprocessing.clips is None else 1


def _unit(of_clips: bool) -> str:
    return "stills long" if of_clips else "pixels wide"


def _usual(preprocessing: Preprocessing) -> tuple[int, int]:
    """Best and greatest size for text lines of unknown widths, or for clips of unknown length."""
    lowest, highest = preprocessing.sizes
    if preprocessing.clips is not None:
        return preprocessing.clips.example, highest
    best, end = (
        min(max(preprocessing.with_padding(ratio * preprocessing.height), lowest), highest)
        for ratio in (_COMMON_LINE, _LONG_LINE)
    )
    return best, end


def _from_widths(widths: Sequence[int], buckets: int) -> list[tuple[int, int]]:
    """Median and greatest width of each of `buckets` ranges with about as many images each, in ascending order."""
    ordered = np.sort(np.asarray(widths))
    # The end of a range is the width of an image, so that it is padded, and images of one width stay together.
    positions = (np.arange(1, buckets + 1) * len(ordered) + buckets - 1) // buckets - 1
    ends = sorted({int(end) for end in ordered[positions]})
    starts = [0, *ends[:-1]]
    return [
        (_median(ordered[(ordered > start) & (ordered <= end)].tolist()), end)
        for start, end in zip(starts, ends, strict=True)
    ]


def _median(ordered: Sequence[int]) -> int:
    return ordered[(len(ordered) - 1) // 2]


def _profile(preprocessing: Preprocessing, batch: int, widths: Iterable[int]) -> ShapeProfile:
    """From one image to `batch`, best at `batch`, for these least, best and greatest sizes."""
    low, best, high = widths
    shape = preprocessing.input_shape
    return ShapeProfile(min=shape(1, low), opt=shape(batch, best), max=shape(batch, high))
