"""Names of the tensors and nodes that lowering adds to a graph."""

from __future__ import annotations

PREFIX = "engine::"
"""What no name in a graph begins with before it is lowered."""


def made(role: str, name: str) -> str:
    """The name of what plays `role` for the tensor or node `name`. Different arguments give different names."""
    return f"{PREFIX}{role}::{name}"
