"""Quantization-aware training: the network is trained with the rounding of INT8 on a CPU."""
