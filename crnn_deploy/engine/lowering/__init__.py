"""Lower ONNX graphs for TensorRT: recurrences as plugin nodes, every tensor with its type."""
