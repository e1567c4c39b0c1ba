"""The images of one quantization: some to calibrate on, others to compare the candidates with their parent on."""

from __future__ import annotations

import numpy as np

from crnn_deploy.data.checking import first_usable
from crnn_deploy.data.sources.base import Source
from crnn_deploy.data.sources.opening import open_source
from crnn_deploy.data.sources.subset import Subset
from crnn_deploy.data.sources.vectors import with_vector
from crnn_deploy.errors import InputError
from crnn_deploy.progress import Progress
from crnn_deploy.quantization.config import QuantizeOptions
from crnn_deploy.spec import ModelSpec

_SAMPLES = 300
_HELD_OUT = 200
_SHARE = 0.6  # of the images calibrate, where there are few


def draw_images(
    location: str, options: QuantizeOptions, progress: Progress, spec: ModelSpec | None = None
) -> tuple[Source, Source]:
    """Calibration and held-out images, drawn at random from one source, without overlap.

    Where the options give neither number and images are few, 60 % calibrate. Broken images stop it, or are replaced by
    others where the options skip them.

    Args:
        spec: of the model, for the vector beside each picture; None: there is none.

    Raises:
        InputError: if there are fewer images than asked for or than two, all are the same, or one is broken and is not
            to be skipped.
    """
    samples, held_out = options.samples, options.held_out
    source = open_source(location, progress, needs_labels=False)
    if spec is not None:
        source = with_vector(source, spec.preprocessing.vector_names, spec.class_names, progress)
    if len(source) == 0:
        raise InputError(f"{location} holds no images to calibrate with.", fix="Give another source with --data.")
    wanted = (samples or _SAMPLES) + (held_out or _HELD_OUT)
    order = np.random.default_rng(options.seed).permutation(len(source)).tolist()
    usable, _ = first_usable(source, order, wanted, options.skip_bad, progress)
    if len(usable) > 1 and len({source.content_hash(index) for index in usable}) == 1:
        raise InputError(
            f"All {len(usable)} images in {location} are the same.",
            "Ranges of one image don't fit others.",
            "Give images like those that the model will read.",
        )
    calibrate, compare = _split(len(usable), samples, held_out, location)
    parts = sorted(usable[:calibrate]), sorted(usable[calibrate : calibrate + compare])
    progress.log(f"{location}: calibrating on {calibrate} images, comparing on {compare} others.")
    return Subset(source, parts[0]), Subset(source, parts[1])


def _split(count: int, samples: int | None, held_out: int | None, location: str) -> tuple[int, int]:
    """How many of `count` images, which are no more than wanted, are for calibration, and how many for comparison."""
    needed = (samples or 1) + (held_out or 1)
    if count < needed:
        options = {"--samples": samples, "--held-out": held_out}
        requested = [f"{option} {number}" for option, number in options.items() if number]
        needs = f"{' and '.join(requested)} need{'s' * (len(requested) == 1)} {needed}"
        asked = needs if requested else "Two are the fewest"
        raise InputError(
            f"{location} holds only {count} usable image{'s' * (count != 1)}.",
            f"{asked}, to calibrate on and to compare on: no image may be in both.",
            "Give more images, or ask for fewer." if requested else "Give more images.",
        )
    if samples is not None:
        return samples, count - samples
    if held_out is not None:
        return count - held_out, held_out
    if count >= _SAMPLES + _HELD_OUT:
        return _SAMPLES, _HELD_OUT
    calibrate = min(max(1, round(_SHARE * count)), count - 1)
    return calibrate, count - calibrate
