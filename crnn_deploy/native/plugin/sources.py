"""The plugin's C++ and CUDA sources. They are part of the installed package."""

from __future__ import annotations

import hashlib
from pathlib import Path

SOURCES = Path(__file__).parents[1] / "tensorrt"


def compiled_sources() -> list[Path]:
    """The files that nvcc compiles."""
    return sorted({*SOURCES.glob("*.cu"), *SOURCES.glob("*.cc")})


def sources_digest() -> str:
    """Hex SHA-256 of all source files and headers of the plugin."""
    digest = hashlib.sha256()
    for path in sorted({*compiled_sources(), *SOURCES.glob("*.cuh"), *SOURCES.glob("*.h")}):
        digest.update(f"{path.name}\0".encode() + hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()
