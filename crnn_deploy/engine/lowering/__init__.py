"""ONNX graphs in the form that TensorRT is built from: recurrences as plugin nodes, every tensor with its type."""
