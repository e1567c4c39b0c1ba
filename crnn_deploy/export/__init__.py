"""From a PyTorch artifact to ONNX, with proof that it reads the same."""
