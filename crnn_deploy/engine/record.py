"""The record of an engine build, as plain data."""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import Field

from crnn_deploy.config import Frozen
from crnn_deploy.engine.layers import count_layers, count_rescaling
from crnn_deploy.engine.lowering.result import RecurrentLayer
from crnn_deploy.engine.proof.comparison import LoweringParity
from crnn_deploy.engine.timing_cache import CacheUse
from crnn_deploy.evaluation.unproven import not_proved
from crnn_deploy.inspection.engine_facts import MULTIPLYING_KINDS
from crnn_deploy.runtime.tensorrt.manifest import EngineManifest


@dataclass(frozen=True)
class LayerCount:
    """How many layers of a kind run in a precision."""

    kind: str
    precision: str
    count: int


class KeptLayer(Frozen):
    """An ONNX node that stays in FP32 in the graph, why, and in which precisions the engine really runs it.

    Convolutions, products and recurrences run in FP32, or the build would have failed. For other nodes this is the
    precision that their layers read: between two FP16 tensors TensorRT moves the casts into the layer.
    """

    name: str
    reason: str
    realised: tuple[str, ...] = Field(default=(), description="precisions of its layers; none: it has none of its own")


class ImageFit(Frozen):
    """How many of the real images an engine can take."""

    images: int
    outside: int = Field(description="images of a size that no profile holds")


class EngineRecord(Frozen):
    """The manifest of an engine, and what its build showed besides."""

    manifest: EngineManifest
    recurrent: tuple[RecurrentLayer, ...]
    kept_fp32: tuple[KeptLayer, ...] = ()
    parity: LoweringParity | None = Field(default=None, description="how the graph reads real images; None without any")
    fit: ImageFit | None = Field(default=None, description="of the real images into the profiles; None without any")
    plugin_bytes: int = Field(default=0, description="of the plugin library inside the engine")
    engine_bytes: int
    model_bytes: int = Field(description="of the ONNX file that the engine was built from")
    seconds: float
    timing_cache: CacheUse
    warnings: tuple[str, ...] = Field(default=(), description="of TensorRT, each once")
    log: str = Field(description="path of the file beside the engine with all messages of TensorRT")

    @property
    def reservation(self) -> str:
        """Why the reading of real images is no proof; empty: it is one, or there were no images."""
        return not_proved("the model", self.parity.unproven) if self.parity is not None else ""

    @property
    def layers(self) -> tuple[LayerCount, ...]:
        """The layers of the first profile that touch a tensor, by kind and precision, in the engine's order."""
        return tuple(LayerCount(*kind, count) for kind, count in count_layers(self.manifest.layers).items())

    @property
    def rescaling_layers(self) -> int:
        """Layers of the first profile that do in FP32 a part of an INT8 product: scaling, rounding or its bias."""
        return count_rescaling(self.manifest.layers)

    @property
    def larger_than_model(self) -> bool:
        """Whether the engine, without the plugin, is larger than the ONNX file."""
        return self.engine_bytes - self.plugin_bytes > self.model_bytes

    @property
    def gains_little_by_int8(self) -> bool:
        """Whether FP16 is worth a try: half of the INT8 products or more need FP32 layers, or the engine has grown."""
        in_int8 = [layer for layer in self.layers if layer.kind in MULTIPLYING_KINDS and layer.precision == "int8"]
        products = sum(layer.count for layer in in_int8)
        return products > 0 and (self.larger_than_model or 2 * self.rescaling_layers >= products)
