"""TensorRT engines: lowering, building, and proof of what was built."""
