"""Options of the runtimes."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

Threads = Annotated[int, Field(gt=0, le=256)]
"""Threads of a runtime."""
