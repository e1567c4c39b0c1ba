"""Lowered graphs against their parents, in ONNX Runtime: what FP16 can hold, and whether the text stays."""

from crnn_deploy.engine.parity.comparison import LoweringParity
from crnn_deploy.engine.parity.proof import Proven, prove
from crnn_deploy.engine.parity.rounding import rounded

__all__ = ["LoweringParity", "Proven", "prove", "rounded"]
