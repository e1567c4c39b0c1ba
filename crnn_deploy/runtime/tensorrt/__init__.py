"""TensorRT sessions: manifest of an engine, CUDA memory and graphs, running an engine."""
