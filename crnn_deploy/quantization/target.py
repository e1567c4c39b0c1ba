"""The runtimes that a model can be quantized for."""

from __future__ import annotations

from typing import Literal

Target = Literal["cpu", "tensorrt"]
