"""What PyTorch calls the weights of its layers, as regular expressions behind the name of the layer."""

from __future__ import annotations

WEIGHTS = r"\.(weight|bias)"
NORM = r"\.(weight|bias|running_mean|running_var|num_batches_tracked)"
LSTM = r"\.(weight|bias)_[ih]h_l0(_reverse)?"
"""Of one layer, in both directions; a GRU's have the same names."""
