"""The machines that a quantized model can be made for."""

from __future__ import annotations

from typing import Literal

Target = Literal["cpu", "tensorrt"]
