"""ONNX graphs in the form that TensorRT is built from: recurrences as plugin nodes, every tensor with its type."""

from crnn_deploy.engine.lowering.lower import lower
from crnn_deploy.engine.lowering.result import Lowered, LoweringOptions, RecurrentLayer

__all__ = ["Lowered", "LoweringOptions", "RecurrentLayer", "lower"]
