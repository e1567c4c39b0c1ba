"""kraken's recognisers: `.mlmodel` and `.safetensors` files with a network written in VGSL."""
