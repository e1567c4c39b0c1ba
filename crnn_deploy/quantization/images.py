"""The images of one quantization: some to calibrate on, others to compare the candidates with their parent on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crnn_deploy.data import Source, Subset, open_source, sample
from crnn_deploy.data.checking import without_broken
from crnn_deploy.data.preprocess import Preprocessor
from crnn_deploy.data.source import title
from crnn_deploy.errors import InputError
from crnn_deploy.progress import Progress
from crnn_deploy.spec import Preprocessing

_SAMPLES = 300
_HELD_OUT = 200
_SHARE = 0.6  # of too few images, those that calibrate


@dataclass(frozen=True)
class Images:
    """A source of images as a network takes them."""

    source: Source
    preprocessing: Preprocessing

    def __len__(self) -> int:
        return len(self.source)

    def __iter__(self) -> Iterator[NDArray[np.float32]]:
        """Each image as a batch of its own, `[1, C, H, W]`: on a CPU larger batches are no faster, only larger."""
        preprocessor = Preprocessor(self.preprocessing)
        for index in range(len(self.source)):
            yield preprocessor(self.source.image(index), title(self.source, index))[np.newaxis]

    def median(self) -> NDArray[np.float32]:
        """The image of median width, `[1, C, H, W]`."""
        preprocessor = Preprocessor(self.preprocessing)
        widths = [preprocessor.size(self.source.image(index)) for index in range(len(self.source))]
        index = int(np.argsort(widths, kind="stable")[(len(widths) - 1) // 2])
        return preprocessor(self.source.image(index), title(self.source, index))[np.newaxis]


def draw_images(
    location: str, samples: int | None, held_out: int | None, seed: int, skip_bad: bool, progress: Progress
) -> tuple[Source, Source]:
    """Calibration and held-out images, drawn from one source without overlap.

    Args:
        samples: to calibrate on; None: up to 300.
        held_out: to compare on; None: up to 200. Where neither is given and images are few, 60 % calibrate.

    Raises:
        InputError: if there are fewer images than asked for or than two, one is broken, or all are the same.
    """
    source = open_source(location)
    if len(source) == 0:
        raise InputError(f"{location} holds no images to calibrate with.", fix="Give another source with --calib.")
    wanted = (samples or _SAMPLES) + (held_out or _HELD_OUT)
    chosen, _ = without_broken(sample(source, wanted, seed), skip_bad, progress)
    if len(chosen) > 1 and len({chosen.content_hash(index) for index in range(len(chosen))}) == 1:
        raise InputError(
            f"All {len(chosen)} images in {location} are the same.",
            "Ranges of one image don't fit others.",
            "Give images like those that the model will read.",
        )
    calibrate, compare = _split(len(chosen), samples, held_out, location)
    order = np.random.default_rng(seed).permutation(len(chosen)).tolist()
    parts = sorted(order[:calibrate]), sorted(order[calibrate : calibrate + compare])
    progress.log(f"{location}: calibrating on {calibrate} images, comparing on {compare} others.")
    return Subset(chosen, parts[0]), Subset(chosen, parts[1])


def _split(count: int, samples: int | None, held_out: int | None, location: str) -> tuple[int, int]:
    """How many of `count` images calibrate, and how many compare."""
    if count < (samples or 1) + (held_out or 1):
        asked = f"--samples {samples or 1} and --held-out {held_out or 1} need {(samples or 1) + (held_out or 1)}"
        raise InputError(
            f"{location} holds only {count} usable images.",
            f"{asked}: no image may be in both.",
            "Give more images, or ask for fewer.",
        )
    if samples is not None:
        return samples, min(held_out or _HELD_OUT, count - samples)
    if held_out is not None:
        return min(_SAMPLES, count - held_out), held_out
    if count >= _SAMPLES + _HELD_OUT:
        return _SAMPLES, _HELD_OUT
    calibrate = min(max(1, round(_SHARE * count)), count - 1)
    return calibrate, count - calibrate
