"""The target `triton`: model repositories for NVIDIA's Triton Inference Server."""
