"""What a build came to, as plain data."""

from __future__ import annotations

from pydantic import Field

from crnn_deploy.engine.config import EngineOptions
from crnn_deploy.engine.lowering import RecurrentLayer
from crnn_deploy.engine.parity import LoweringParity
from crnn_deploy.engine.timing_cache import CacheUse
from crnn_deploy.runtime.engine_manifest import EnginePlugin, FlavorName, ShapeProfile
from crnn_deploy.spec import Frozen


class LayerCount(Frozen):
    """How many layers of a kind run in a precision."""

    kind: str
    precision: str
    count: int


class KeptLayer(Frozen):
    """An ONNX node that stays in FP32 in the graph, why, and what TensorRT made of that.

    Between two FP16 tensors it may run in FP16 all the same: TensorRT moves the casts, which changes no result but by
    the rounding of the weights.
    """

    name: str
    reason: str
    realised: tuple[str, ...] = Field(default=(), description="precisions of its layers; none: it has none of its own")


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
    plugin: EnginePlugin | None = None
    plugin_bytes: int = Field(default=0, description="of the plugin library inside the engine")
    engine_bytes: int
    model_bytes: int = Field(description="of the ONNX file that the engine was built from")
    seconds: float
    timing_cache: CacheUse
    warnings: tuple[str, ...] = Field(default=(), description="of TensorRT, each once")
    log: str = Field(description="file beside the engine with all that TensorRT said")
