"""Options and result of a lowering."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import onnx
from pydantic import Field

from crnn_deploy.config import Frozen
from crnn_deploy.native.plugin import LARGEST_LAYER
from crnn_deploy.runtime.tensorrt.names import Precision


class LoweringOptions(Frozen):
    """Options of a lowering."""

    precision: Precision = Field(default="fp16", description="in an INT8 engine, all that is not INT8 is FP16")
    plugin: bool = Field(default=True, description="run GRU layers by the plugin instead of TensorRT's loops")
    largest_layer: int = Field(default=LARGEST_LAYER, description="units that the plugin takes on the GPUs in question")
    keep_fp32: tuple[str, ...] = Field(default=(), description="names of nodes that stay in FP32")


class RecurrentLayer(Frozen):
    """Where a GRU, LSTM or RNN runs: in our plugin, or in a loop of TensorRT, and why."""

    name: str
    op: str
    hidden: int
    directions: int
    home: Literal["plugin", "loop"]
    reason: str = ""


@dataclass(frozen=True)
class Lowered:
    """A graph to build an engine from."""

    model: onnx.ModelProto
    recurrent: tuple[RecurrentLayer, ...]
    expected: Mapping[str, Precision]
    """The precision in which each layer with arithmetic should run, by the name of its node in `model`."""
    kept_fp32: Mapping[str, str]
    """Nodes that stay in FP32 where others of their kind are FP16, with the reason."""
