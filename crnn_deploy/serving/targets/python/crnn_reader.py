"""Reads images of single lines, or tells the class of pictures, with the model in the folder of this file.

    from crnn_reader import Reader

    reader = Reader()
    reader("line.png").text

It needs NumPy, ONNX Runtime and Pillow. `spec.json` says what the network sees and what its classes mean.
"""

from __future__ import annotations

import ctypes
import io
import json
import math
import os
import sys
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any, overload

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray
from PIL import ExifTags, Image

Floats = NDArray[np.float32]
Picture = str | os.PathLike[str] | bytes | Image.Image | NDArray[Any]
"""A path, an encoded file, a Pillow image, or an array of greys `[H, W]` or of colours `[H, W, C]`: RGB or RGBA."""

_MODEL = Path(__file__).with_name("model.onnx")
_LIBRARIES = {"win32": "crnn_deploy_ops.dll", "darwin": "libcrnn_deploy_ops.dylib"}
_LIBRARY = _LIBRARIES.get(sys.platform, "libcrnn_deploy_ops.so")
FORMATS = ("PNG", "JPEG", "BMP", "DIB", "TIFF", "WEBP", "GIF", "PPM")
_TURNS = dict(enumerate(map(Image.Transpose, (0, 3, 1, 5, 4, 6, 2)), start=2))
_WHITES = (1, 2**8 - 1, 2**10 - 1, 2**12 - 1, 2**14 - 1, 2**16 - 1)


@dataclass(frozen=True)
class Reading:
    """Text of a line or name of a class, and the probability that it is right."""

    text: str
    confidence: float


class Reader:
    """A model, loaded once, with `spec.json` and kernels beside it, or a session in its place; threads may share it."""

    def __init__(self, model: str | os.PathLike[str] = _MODEL, threads: int | None = None, session: Any = None) -> None:
        path = Path(model)
        spec = path.with_name("spec.json").read_bytes()
        self.spec = json.loads(spec, object_hook=lambda fields: SimpleNamespace(**fields))
        options = ort.SessionOptions()
        options.intra_op_num_threads = threads or 0
        options.add_session_config_entry("session.force_spinning_stop", "1")
        library = path.absolute().with_name(_LIBRARY)
        self.kernels = _register_kernels(options, library)  # None: layers run in FP32
        self._session = session or ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        self._input = self._session.get_inputs()[0]
        self._fixed = self._input.shape[0] if isinstance(self._input.shape[0], int) else 0  # at once; 0: any number
        self.batch = self._fixed or 32  # images of one width that run at once, at most
        alphabet = [*self.spec.charset[: self.spec.blank], "", *self.spec.charset[self.spec.blank :]]
        self._texts = {(k,): text for k, text in enumerate(alphabet)}  # of classes, and of several in a row
        self._texts |= {tuple(sequence.classes): sequence.text for sequence in self.spec.sequences}
        self._sizes = sorted(set(map(len, self._texts)), reverse=True)
        self._search = self.spec.language_model and import_module("crnn_search").search_of(self.spec, alphabet, library)

    @overload
    def __call__(self, images: Picture) -> Reading: ...
    @overload
    def __call__(self, images: list[Any] | tuple[Any, ...]) -> list[Reading]: ...

    def __call__(self, images: Picture | list[Any] | tuple[Any, ...]) -> Reading | list[Reading]:
        """Read one image, or a list of images; raises OSError or ValueError for what cannot be read."""
        if not isinstance(images, (list, tuple)):
            return self([images])[0]
        return self.read_inputs([network_input(image, self.spec.preprocessing) for image in images])

    def read_inputs(self, inputs: list[Floats]) -> list[Reading]:
        """The readings of inputs `[C, H, W]` of any widths, such as `network_input` makes; raises ValueError."""
        by_width: dict[int, list[int]] = {}
        for index, each in enumerate(inputs):
            by_width.setdefault(each.shape[2], []).append(index)
        read, size = dict[int, Reading](), self.batch
        for batch in (alike[at : at + size] for alike in by_width.values() for at in range(0, len(alike), size)):
            read.update(zip(batch, self._read_alike(np.stack([inputs[index] for index in batch])), strict=True))
        return [read[index] for index in range(len(inputs))]

    def _read_alike(self, images: Floats) -> list[Reading]:
        """The readings of up to `batch` inputs `[N, C, H, W]`."""
        filled = [images, *[images[-1:]] * (-len(images) % (self._fixed or 1))]
        logits = self._session.run(None, {self._input.name: np.concatenate(filled)})[0]
        if self.spec.task == "ctc" and self.spec.output_layout == "TNC":
            logits = logits.swapaxes(0, 1)
        logits = logits[: len(images)].astype(np.float32, copy=False)  # [N, T, K], or [N, K] of a classifier
        if not np.isfinite(logits).all():
            raise ValueError("the model gives NaN or infinite outputs")
        rows = zip(logits.argmax(-1).tolist(), self._highest(logits).tolist(), strict=True)
        if self.spec.task == "classify":
            return [Reading(self.spec.class_names[best], highest) for best, highest in rows]
        return [self._line(*row, line) for row, line in zip(rows, logits, strict=True)]

    def _line(self, path: list[int], highest: list[float], line: Floats) -> Reading:
        """What a line reads by the best class of each frame and its probability: repeats are merged, blanks dropped."""
        edges = [*(t for t in range(len(path)) if t == 0 or path[t] != path[t - 1]), len(path)]
        runs = [(path[t], max(highest[t:end])) for t, end in pairwise(edges) if path[t] != self.spec.blank]
        classes = self._search(line) if self._search else [k for k, _ in runs]
        return Reading(self._text(classes), math.prod([p for _, p in runs] or highest))

    def _highest(self, output: Floats) -> Floats:
        """The highest probability over the last axis, from logits, log-probabilities or probabilities."""
        if output.size and output.min() >= 0 and np.allclose(output.sum(-1), 1, atol=1e-3):
            output = np.log(np.maximum(output, np.float32(1e-12)))
        below = (output - output.max(-1, keepdims=True)) / np.float32(self.spec.temperature)
        return np.asarray(1 / np.exp(below).sum(-1), np.float32)

    def _text(self, classes: list[int]) -> str:
        text, at = "", 0
        while at < len(classes):
            known = next(part for size in self._sizes if (part := tuple(classes[at : at + size])) in self._texts)
            text, at = text + self._texts[known], at + len(known)
        return text


def network_input(image: Picture, p: Any) -> Floats:
    """The network's input `[C, H, W]` for one image, by the `preprocessing` of the spec."""
    plain = _picture(image, "L" if p.channels == "L" and not p.grey_last else "RGB")
    width, height = _resized_size(*plain.size, p)
    if p.resize == "linear":
        resized = Image.fromarray(_linear(np.asarray(plain), width, height))
    else:
        resized = plain.resize((width, height), Image.Resampling[p.resize.upper()])
    pixels = np.asarray(resized.convert("L") if p.channels == "L" else resized, np.uint8).reshape(height, width, -1)
    fractions = _padded(pixels[:, :, ::-1] if p.channels == "BGR" else pixels, p) / np.float32(255)
    seen = 1 - fractions if p.invert else fractions
    mean, std = (np.array(each, np.float32).reshape(-1, 1, 1) for each in (p.mean, p.std))
    if p.normalise == "image":
        values = seen.transpose(1, 2, 0).astype(np.float64, order="C")
        mean, std = np.float32(values.mean()), np.float32(max(values.std(), 1 / 255 / np.sqrt(values.size)))
    return np.asarray((seen - mean) / std, np.float32)


def _resized_size(width: int, height: int, p: Any) -> tuple[int, int]:
    """Width and height in pixels that an image is resized to, before padding."""
    exact = width * p.height / height
    scaled = max(1, {"ceil": math.ceil(exact), "round": round(exact), "floor": math.floor(exact)}[p.width_rounding])
    if p.width is None:
        return min(p.max_width, max(p.min_width, scaled)), p.height
    space = p.width - 2 * p.margin
    if not p.keep_ratio:
        return space, p.height
    return min(space, scaled), max(1, space * height // width) if p.letterbox and scaled > space else p.height


def _padded(pixels: NDArray[np.uint8], p: Any) -> Floats:
    """Pixels `[h, w, C]` on the canvas of the network's input `[C, H, W]`."""
    height, width, channels = pixels.shape
    total = p.width or -(-max(width + 2 * p.margin, p.pad_to) // p.width_multiple) * p.width_multiple
    mean = [1 - each for each in p.mean] if p.invert else p.mean
    colour = {"white": [1], "mean": mean}.get(p.padding, [0])
    padding = [[[round(255 * min(1, max(0, each)))]] for each in colour]
    canvas = np.full((channels, p.height, total), padding, np.float32)
    line = canvas[:, :, p.margin : p.margin + width]
    line[:, :height] = pixels.transpose(2, 0, 1)
    if p.padding == "edge":
        line[:, height:] = line[:, height - 1 : height]
        canvas[:, :, : p.margin], canvas[:, :, p.margin + width :] = line[:, :, :1], line[:, :, -1:]
    return canvas


def _linear(pixels: NDArray[np.uint8], width: int, height: int) -> NDArray[np.uint8]:
    """Resize `[H, W]` or `[H, W, C]` as OpenCV's `INTER_LINEAR`, whose weights are whole numbers of 1/2048."""
    wide = pixels.astype(np.int32)
    if pixels.shape[:2] == (2 * height, 2 * width):
        return ((wide[::2, ::2] + wide[1::2, ::2] + wide[::2, 1::2] + wide[1::2, 1::2] + 2) >> 2).astype(np.uint8)
    left, right = _weighted_neighbours(wide.swapaxes(0, 1), width)
    above, below = _weighted_neighbours((left + right).swapaxes(0, 1) >> 4, height)
    return (((above >> 16) + (below >> 16) + 2) >> 2).astype(np.uint8)


def _weighted_neighbours(values: NDArray[np.int32], count: int) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Of `[n, …]` the two rows around each of `count` new ones, times their weights."""
    place = np.clip(((np.arange(count) + 0.5) * (len(values) / count) - 0.5).astype(np.float32), 0, len(values) - 1)
    first = place.astype(np.intp)
    share = np.rint((place - first) * 2048).astype(np.int32).reshape(-1, *[1] * (values.ndim - 1))
    return values[first] * (2048 - share), values[np.minimum(first + 1, len(values) - 1)] * share


def _picture(image: Picture, mode: str) -> Image.Image:
    """The picture that people see: upright, 8 bits a channel, without transparency; of several frames the first."""
    if isinstance(image, np.ndarray):
        image = Image.fromarray(image[:, :, 0] if image.ndim == 3 and image.shape[2] == 1 else image)
    elif not isinstance(image, Image.Image):
        image = Image.open(io.BytesIO(image) if isinstance(image, bytes) else image, formats=FORMATS)
    image.load()
    turn = None
    with suppress(Exception):  # damaged EXIF data are as none; Pillow turns TIFF itself
        turn = None if image.format == "TIFF" else _TURNS.get(image.getexif().get(ExifTags.Base.Orientation, 1))
    plain = _opaque(image).convert(mode)
    return plain if turn is None else plain.transpose(turn)


def _opaque(image: Image.Image) -> Image.Image:
    if image.mode[0] in "IF":  # more than 8 bits
        return _eight_bits(image)
    if not image.has_transparency_data:
        return image
    image = (image.convert("LA") if image.mode == "La" else image).convert("RGBA")
    paper = Image.new("RGBA", image.size, "black" if _shows_light_strokes(image) else "white")
    paper.alpha_composite(image)
    return paper.convert("RGB")


def _shows_light_strokes(image: Image.Image) -> bool:
    """Whether there is far less to see on white paper than on black, and it is no light page with dark text."""
    step = max(1, math.isqrt(image.width * image.height // 1_000_000))
    light = np.asarray(image.convert("RGB").convert("L"), np.float32)[::step, ::step]
    opacity = np.asarray(image.getchannel("A"), np.float32)[::step, ::step] / 255
    on_black = light * opacity
    faded = (on_black + 255 * (1 - opacity)).std() < 0.5 * on_black.std()
    return bool(faded and (opacity[light < 128].sum() / opacity.sum() < 0.05 or opacity.mean() < 0.5))


def _eight_bits(image: Image.Image) -> Image.Image:
    """Greys of more than 8 bits: white is the least largest value of a usual depth that no pixel exceeds."""
    values = np.asarray(image)
    low, high = float(values.min()), float(values.max())
    white = next((float(white) for white in _WHITES if high <= white * (1.25 if values.dtype.kind == "f" else 1)), high)
    black, white = (0.0, white) if low >= -0.25 * white else (low, high if high > low else low + 1)
    scaled = (values.astype(np.float32) - np.float32(black)) * np.float32(255 / (white - black))
    return Image.fromarray(np.rint(scaled).clip(0, 255).astype(np.uint8))


def _register_kernels(options: ort.SessionOptions, library: Path) -> str | None:
    """Register our kernels where they are, and are faster than FP32; returns their name."""
    try:
        level = ctypes.CDLL(str(library)).crnn_deploy_kernel_level
    except (OSError, AttributeError):  # absent, or of another system: the model runs without them
        return None
    level.restype = ctypes.c_char_p
    name: bytes = level() or b"none"
    if name != b"none":
        options.register_custom_ops_library(str(library))
    return None if name == b"none" else name.decode()
