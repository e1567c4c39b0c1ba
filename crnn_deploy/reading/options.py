"""How images are read with a model."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from crnn_deploy.config import Frozen, SkipBad
from crnn_deploy.runtime.config import Threads


class ReadOptions(Frozen):
    """How images are read with a model."""

    batch_size: int = Field(default=32, gt=0, description="Images in a batch; does not change the result.")
    decoder: Literal["greedy", "beam"] = Field(default="greedy", description="How CTC outputs become text.")
    beam_width: int = Field(default=8, gt=0, le=1024, description="Prefixes that the beam decoder keeps.")
    skip_bad: SkipBad = False
    threads: Threads | None = Field(
        default=None, description="Threads of the runtime; without it the runtime chooses.", examples=[1]
    )

    @property
    def beam(self) -> int | None:
        """Prefixes that a beam search keeps; None: the most probable path is read."""
        return self.beam_width if self.decoder == "beam" else None
