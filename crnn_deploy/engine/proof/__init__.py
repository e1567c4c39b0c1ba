"""Lowered graphs against their parents, in ONNX Runtime: what FP16 can hold, and whether the text stays."""
