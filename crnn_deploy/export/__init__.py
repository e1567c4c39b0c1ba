"""From a PyTorch artifact to ONNX, checked to read the same."""
