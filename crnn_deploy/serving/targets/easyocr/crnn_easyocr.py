"""A recogniser for EasyOCR: an ONNX model, which ONNX Runtime runs on the CPU.

    easyocr.Reader(["en"], recog_network="crnn_easyocr", user_network_directory=..., model_storage_directory=...)

EasyOCR makes a `Model` of the `network_params` in crnn_easyocr.yaml, and loads crnn_easyocr.pth into it: one tensor,
which holds the bytes of the ONNX model. It gives grey lines `[N, 1, H, W]` from -1 to 1, padded on the right with
copies of their last column, and takes logits `[N, T, K]` whose class 0 is the blank.
"""

from __future__ import annotations

import ctypes
import math
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import cv2
import numpy as np
import onnxruntime as ort
import torch
from numpy.typing import NDArray
from PIL import Image

Floats = NDArray[np.float32]
Pixels = NDArray[np.uint8]

_LIBRARIES = {"win32": "crnn_deploy_ops.dll", "darwin": "libcrnn_deploy_ops.dylib"}
_LIBRARY = _LIBRARIES.get(sys.platform, "libcrnn_deploy_ops.so")
_NEVER = -1e4  # a logit whose probability is zero


class Model(torch.nn.Module):
    """Reads each line alone, so what it reads does not depend on the other lines of a batch."""

    def __init__(
        self, num_class: int, preprocessing: dict[str, Any], blank: int, output_layout: str, temperature: float
    ) -> None:
        super().__init__()
        self._preprocessing = SimpleNamespace(**preprocessing)
        self._order = [blank, *(k for k in range(num_class) if k != blank)]
        self._batch_axis = output_layout.index("N")
        self._temperature = np.float32(temperature)
        self._onnx = torch.empty(0, dtype=torch.uint8)
        self._session: Any = None

    def get_extra_state(self) -> torch.Tensor:
        """The bytes of the ONNX model; PyTorch keeps them as `_extra_state` among the weights."""
        return self._onnx

    def set_extra_state(self, state: torch.Tensor) -> None:
        """Open the ONNX model, on as many threads as PyTorch uses."""
        self._onnx = state.cpu()
        options = ort.SessionOptions()
        options.intra_op_num_threads = torch.get_num_threads()
        options.add_session_config_entry("session.force_spinning_stop", "1")
        _register_kernels(options, Path(__file__).absolute().with_name(_LIBRARY))
        self._session = ort.InferenceSession(self._onnx.numpy().tobytes(), options, providers=["CPUExecutionProvider"])

    def forward(self, images: torch.Tensor, text: torch.Tensor | None = None) -> torch.Tensor:
        """Logits `[N, T, K]` of lines `[N, 1, H, W]`; shorter lines end with blanks. EasyOCR's `text` is not used."""
        pixels = np.rint(images[:, 0].cpu().numpy() * 127.5 + 127.5).astype(np.uint8)
        lines = [self._logits(network_input(without_padding(line), self._preprocessing)) for line in pixels]
        logits = np.full((len(lines), max(map(len, lines)), len(self._order)), _NEVER, np.float32)
        logits[:, :, 0] = 0
        for row, line in zip(logits, lines, strict=True):
            row[: len(line)] = line
        return torch.from_numpy(logits).to(images.device)

    def _logits(self, line: Floats) -> Floats:
        """Logits `[T, K]` in EasyOCR's order of a line `[C, H, W]`, of which softmax makes the model's confidence."""
        taken = self._session.get_inputs()[0]
        count = taken.shape[0] if isinstance(taken.shape[0], int) else 1  # of the lines that the model takes at once
        (output, *_) = self._session.run(None, {taken.name: np.repeat(line[None], count, axis=0)})
        logits = output.take(0, self._batch_axis).astype(np.float32)[:, self._order]
        if not np.isfinite(logits).all():
            raise ValueError("the model gives NaN or infinite outputs")
        if logits.min() >= 0 and np.allclose(logits.sum(-1), 1, atol=1e-3):  # they are probabilities
            logits = np.log(np.maximum(logits, np.float32(1e-12)))
        return np.asarray(logits / self._temperature)


def without_padding(line: Pixels) -> Pixels:
    """A line `[H, W]` without the copies of its last column."""
    (others,) = (line != line[:, -1:]).any(axis=0).nonzero()
    return line[:, : others[-1] + 2] if others.size else line[:, :1]


def network_input(line: Pixels, p: Any) -> Floats:
    """The network's input `[C, H, W]` for a grey line, by the `preprocessing` of its spec."""
    exact = line.shape[1] * p.height / line.shape[0]
    scaled = {"ceil": math.ceil(exact), "round": round(exact), "floor": math.floor(exact)}[p.width_rounding]
    width = min(p.max_width, max(p.min_width, scaled))
    if p.resize == "linear":
        resized = np.asarray(cv2.resize(line, (width, p.height)))
    else:
        resized = np.asarray(Image.fromarray(line).resize((width, p.height), Image.Resampling[p.resize.upper()]))
    channels = 1 if p.channels == "L" else 3
    fractions = _padded(np.stack([resized] * channels), p).astype(np.float32) / np.float32(255)
    seen = 1 - fractions if p.invert else fractions
    mean, std = np.array(p.mean, np.float32), np.array(p.std, np.float32)
    if p.normalise == "image":
        values = seen.astype(np.float64)
        mean, std = np.float32(values.mean()), np.float32(max(values.std(), 1 / 255 / np.sqrt(values.size)))
    return np.asarray((seen - mean.reshape(-1, 1, 1)) / std.reshape(-1, 1, 1))


def _padded(pixels: Pixels, p: Any) -> Pixels:
    """Pixels `[C, H, w]` with their margins, and padded to the width of the input."""
    channels, height, width = pixels.shape
    total = -(-max(width + 2 * p.margin, p.pad_to) // p.width_multiple) * p.width_multiple
    if p.padding == "edge":
        return np.pad(pixels, [(0, 0), (0, 0), (p.margin, total - width - p.margin)], "edge")
    mean = [1 - each for each in p.mean] if p.invert else p.mean
    colour = np.array({"white": [1], "black": [0], "mean": mean}[p.padding])
    canvas = np.empty((channels, height, total), np.uint8)
    canvas[:] = np.rint(255 * np.clip(colour, 0, 1)).reshape(-1, 1, 1)
    canvas[:, :, p.margin : p.margin + width] = pixels
    return canvas


def _register_kernels(options: ort.SessionOptions, library: Path) -> None:
    """Register the INT8 kernels of recurrent layers, where they are, and are faster than FP32."""
    try:
        level = ctypes.CDLL(str(library)).crnn_deploy_kernel_level
    except (OSError, AttributeError):  # absent, or of another system: these layers run in FP32
        return
    level.restype = ctypes.c_char_p
    if (level() or b"none") != b"none":
        options.register_custom_ops_library(str(library))
