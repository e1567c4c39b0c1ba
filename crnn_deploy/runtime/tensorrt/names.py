"""Names of the TensorRT libraries and of the precisions of an engine."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

FlavorName = Literal["tensorrt", "tensorrt-rtx"]


Precision = Literal["fp32", "fp16", "int8"]


TITLES: Mapping[FlavorName, str] = {"tensorrt": "TensorRT", "tensorrt-rtx": "TensorRT-RTX"}


PACKAGES: Mapping[FlavorName, str] = {"tensorrt": "tensorrt", "tensorrt-rtx": "tensorrt-rtx-cu13"}
