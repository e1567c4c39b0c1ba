"""Names of the tensors and nodes that quantization adds to a graph."""

from __future__ import annotations

PREFIX = "int8::"
"""What no name in a graph begins with before it is quantized; `prepare` refuses one where it does."""


def made(role: str, name: str) -> str:
    """The name of what plays `role` for the tensor or node `name`. Different arguments give different names."""
    return f"{PREFIX}{role}::{name}"
