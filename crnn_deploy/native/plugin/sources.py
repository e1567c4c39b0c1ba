"""The plugin's sources, which travel in the package."""

from __future__ import annotations

import hashlib
from pathlib import Path

SOURCES = Path(__file__).parents[1] / "tensorrt"
HOST = SOURCES / "host.cc"  # a library of its own


def compiled_sources() -> list[Path]:
    """The files that nvcc is called with."""
    return sorted({*SOURCES.glob("*.cu"), *SOURCES.glob("*.cc")} - {HOST})


def sources_digest() -> str:
    """Hex SHA-256 of all that decides what the plugin's kernels and its shell do."""
    digest = hashlib.sha256()
    for path in sorted({*compiled_sources(), *SOURCES.glob("*.cuh"), *SOURCES.glob("*.h")}):
        digest.update(f"{path.name}\0".encode() + hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()
