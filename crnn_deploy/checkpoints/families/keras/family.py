"""Models of Keras: sequential and functional ones, from `.keras` and `.h5` files.

Two are common: Keras's example "OCR model for reading Captchas", and classifiers of convolutions and two LSTMs.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from crnn_deploy.checkpoints.families.family import FileFamily, Recognised
from crnn_deploy.checkpoints.families.keras.axes import CHANNELS, FIRST, SECOND, Axes, Factor
from crnn_deploy.checkpoints.families.keras.container import KerasFile, is_keras
from crnn_deploy.checkpoints.families.keras.graph import Chain, read_chain
from crnn_deploy.checkpoints.families.keras.isolated_reading import read_keras
from crnn_deploy.checkpoints.families.keras.layers import translate
from crnn_deploy.checkpoints.families.keras.translation import Translation
from crnn_deploy.errors import InputError
from crnn_deploy.limits import MAX_LISTED_LAYERS
from crnn_deploy.models.layers.options import Linear

_ANY_MULTIPLE = 1 << 20  # while the stride is not known yet
_RAW_PIXELS = 0.05  # a rescaling by less takes pixels from 0 to 255


def _read(path: Path) -> Recognised:
    """Translate twice: first to learn which axis is the width, and how much the network shrinks it."""
    file = read_keras(path)
    chain = read_chain(file, path)
    if len(chain.layers) > MAX_LISTED_LAYERS:
        raise InputError(f"{path} has {len(chain.layers):,} layers, and {MAX_LISTED_LAYERS} are read at most.")
    plan = _plan(chain, _translated(file, chain, _Plan(False, _ANY_MULTIPLE), path))
    state = _translated(file, chain, plan, path)
    outputs = state.features
    fields = {"preprocessing": _preprocessing(chain, state, plan, path), "architecture": state.listing.architecture()}
    return Recognised(fields | _classes(chain, file, state, outputs), state.listing.renamed(state.tensors), outputs)


@dataclass(frozen=True)
class _Plan:
    """Whether the first axis of images is their width, and of what their width is a multiple, where it may vary."""

    width_first: bool
    multiple: int


def _plan(chain: Chain, state: Translation) -> _Plan:
    """How images lie: upright, unless a line is read along the first axis, as in the captcha example.

    Time is the width of a line. Of classifiers, and where the first axis is the shorter one, rows may be frames.
    """
    first, second = chain.shape[0], chain.shape[1]
    reads_lines = len(state.axes) == 2
    longer = first is None or (second is not None and first >= second)
    width_first = reads_lines and state.frames == FIRST and longer
    free = FIRST if first is None else SECOND
    return _Plan(width_first, state.strides[free])


def _translated(file: KerasFile, chain: Chain, plan: _Plan, path: Path) -> Translation:
    state = Translation(plan.width_first, file.weights, file.version, _axes(chain, plan, path))
    for layer in chain.layers:
        translate(state, layer)
    if state.is_image or not chain.layers or not state.listing.ends_in(Linear):
        last = chain.layers[-1].kind if chain.layers else "nothing"
        raise InputError(
            f"The Keras model in {path} ends in {last} and not in a Dense over frames, with a softmax or without.",
            "crnn-deploy reads CRNNs: convolutions, one reshape to a sequence, an LSTM or GRU, and a Dense.",
        )
    return state


def _axes(chain: Chain, plan: _Plan, path: Path) -> Axes:
    shape = chain.shape if len(chain.shape) == 3 else (*chain.shape, 1)
    free = shape[:2].count(None)
    if len(shape) != 3 or shape[2] not in (1, 3) or free == 2 or (plan.multiple == _ANY_MULTIPLE and free > 1):
        raise InputError(
            f"The images of the Keras model in {path} have the shape {list(chain.shape)}.",
            "Expected are height and width, of which one may vary, and 1 or 3 channels behind them.",
            "Save the model with such an input: keras.Input((HEIGHT, WIDTH, 1)).",
        )
    first, second = (
        (Factor(name, size, 1 if size is not None else plan.multiple),)
        for name, size in zip((FIRST, SECOND), shape[:2], strict=True)
    )
    channels = ((Factor(CHANNELS, shape[2]),),) if len(chain.shape) == 3 else ()
    return (first, second, *channels)


def _preprocessing(chain: Chain, state: Translation, plan: _Plan, path: Path) -> dict[str, Any]:
    """Images are stretched to the input of the network, and pixels are 0 to 1 unless the network rescales them."""
    height, width = chain.shape[1::-1] if plan.width_first else chain.shape[:2]
    if height is None:
        raise InputError(
            f"The Keras model in {path} reads lines of any height.",
            fix="Save it with a fixed height: keras.Input((HEIGHT, None, 1)).",
        )
    scale, offset = state.scaling or (1 / 255, 0.0)
    if abs(scale) < _RAW_PIXELS:
        scale *= 255
    if scale == 0:
        raise InputError(f"The Keras model in {path} multiplies all pixels by 0.")
    mean = 0.0 if offset == 0 and scale > 0 else -offset / scale if scale > 0 else 1 + offset / scale
    fields = {
        "channels": "RGB" if len(chain.shape) == 3 and chain.shape[2] == 3 else "L",
        "height": height,
        "resize": "bilinear",
        "mean": (mean,),
        "std": (1 / abs(scale),),
        "invert": scale < 0,
    }
    if width is not None:
        return {**fields, "width": width}
    return {**fields, "width_multiple": plan.multiple, "min_width": plan.multiple}


def _classes(chain: Chain, file: KerasFile, state: Translation, outputs: int) -> dict[str, Any]:
    """The task with what is known of its classes; the blank of Keras's CTC is the last class, unless its own loss."""
    if len(state.axes) == 1:
        return {"task": "classify", "class_names": tuple(str(number) for number in range(outputs))}
    blank = 0 if _has_keras_loss(file) else outputs - 1
    if len(chain.vocabulary) == outputs - 1:
        return {"blank": blank, "charset": chain.vocabulary}
    if blank == 0 and len(chain.vocabulary) == outputs and not chain.vocabulary[0]:
        return {"blank": 0, "charset": chain.vocabulary[1:]}  # the class of the unknown is that of the blank
    return {"blank": blank}


def _has_keras_loss(file: KerasFile) -> bool:
    """Whether the model was trained with `keras.losses.CTC`, whose blank is class 0, other than that of the example."""
    compiled = file.model.get("compile_config")
    loss = compiled.get("loss") if isinstance(compiled, dict) else None
    name = loss.get("class_name") if isinstance(loss, dict) else loss
    return isinstance(name, str) and name.lower() == "ctc"


FAMILY = FileFamily(
    name="keras",
    about="Keras models of convolutions, LSTMs or GRUs and a Dense, such as its captcha example.",
    files="model.keras or model.h5",
    example="import captcha.keras --spec alphabet.yaml -o captcha.safetensors",
    opens=is_keras,
    read=_read,
)
