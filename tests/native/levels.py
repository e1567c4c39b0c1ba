"""The levels of kernels by name; what a processor does not have is skipped."""

from __future__ import annotations

LEVELS = ("portable", "avx2", "avxvnni", "avx512vnni", "amx", "neondot", "amx-emulated")
CONVOLUTION_LEVELS = ("amx", "amx-emulated")  # those that have kernels for convolutions
