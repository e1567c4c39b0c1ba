"""Quantization-aware training: the network learns with the rounding that INT8 on a CPU will bring."""
