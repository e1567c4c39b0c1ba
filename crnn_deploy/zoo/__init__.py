"""Models that come with the package; README.md beside them is their card."""

from __future__ import annotations

from pathlib import Path

READER = Path(__file__).parent / "reader.int8.onnx"
"""Reads lines of English print; INT8, for ONNX Runtime on a CPU."""
