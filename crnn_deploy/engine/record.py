"""What a build came to, as plain data."""

from __future__ import annotations

from pydantic import Field

from crnn_deploy.config import Frozen
from crnn_deploy.engine.config import EngineOptions
from crnn_deploy.engine.lowering.result import RecurrentLayer
from crnn_deploy.engine.proof.comparison import LoweringParity
from crnn_deploy.engine.timing_cache import CacheUse
from crnn_deploy.runtime.tensorrt.manifest import EnginePlugin, ShapeProfile
from crnn_deploy.runtime.tensorrt.names import FlavorName


class LayerCount(Frozen):
    """How many layers of a kind run in a precision."""

    kind: str
    precision: str
    count: int


class KeptLayer(Frozen):
    """An ONNX node that stays in FP32 in the graph, why, and what TensorRT made of that.

    Convolutions, products and recurrences do run in FP32, or there would be no engine. Of other nodes, this tells what
    their layers read: between two FP16 tensors TensorRT moves the casts into them.
    """

    name: str
    reason: str
    realised: tuple[str, ...] = Field(default=(), description="precisions of its layers; none: it has none of its own")


class ImageFit(Frozen):
    """How many of the real images an engine can take."""

    images: int
    outside: int = Field(description="images of a width that no profile holds")


class Int8Overhead(Frozen):
    """Signs that an engine gains little by INT8."""

    rescaling: int = Field(description="layers of the first profile that do in FP32 what belongs to an INT8 product")
    layers: int = Field(description="all layers of the first profile")
    larger_than_model: bool = Field(description="without the plugin, the engine is larger than the ONNX file")


class EngineRecord(Frozen):
    """Everything that there is to say about an engine besides its bytes."""

    options: EngineOptions
    flavor: FlavorName
    version: str
    targets: tuple[str, ...]
    profiles: tuple[ShapeProfile, ...]
    layers: tuple[LayerCount, ...] = Field(description="of the first profile, products first")
    recurrent: tuple[RecurrentLayer, ...]
    kept_fp32: tuple[KeptLayer, ...] = ()
    parity: LoweringParity | None = Field(default=None, description="how the graph reads real images; None without any")
    fit: ImageFit | None = Field(default=None, description="of the real images into the profiles; None without any")
    int8_overhead: Int8Overhead | None = Field(default=None, description="None where there is none to speak of")
    plugin: EnginePlugin | None = None
    plugin_bytes: int = Field(default=0, description="of the plugin library inside the engine")
    engine_bytes: int
    model_bytes: int = Field(description="of the ONNX file that the engine was built from")
    seconds: float
    timing_cache: CacheUse
    warnings: tuple[str, ...] = Field(default=(), description="of TensorRT, each once")
    log: str = Field(description="path of the file beside the engine with all that TensorRT said")
