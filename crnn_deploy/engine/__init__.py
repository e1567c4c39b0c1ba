"""TensorRT engines: lowering, building, and checks of the result."""
