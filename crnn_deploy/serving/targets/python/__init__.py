"""The target `python`: one module over NumPy, ONNX Runtime and Pillow. The files that are copied lie beside it."""
