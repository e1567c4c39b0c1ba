"""TensorRT engines: lowering, building, and proof of what was built."""

from crnn_deploy.engine.config import BuildOptions, EngineConfig, EngineOptions
from crnn_deploy.engine.engine import BuiltEngine, build_engine
from crnn_deploy.engine.record import EngineRecord

__all__ = ["BuildOptions", "BuiltEngine", "EngineConfig", "EngineOptions", "EngineRecord", "build_engine"]
