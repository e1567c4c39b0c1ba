"""Compare lowered graphs with their parents in ONNX Runtime: do activations fit FP16, and is the text the same?"""
