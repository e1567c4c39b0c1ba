"""Which decoder reads lines, and how wide its search is. Configs import this, so it loads nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from crnn_deploy.spec import ModelSpec

DecoderName = Literal["auto", "greedy", "beam"]
USUAL_WIDTH = 8


def chosen_width(spec: ModelSpec, decoder: DecoderName, width: int) -> int | None:
    """Prefixes that a beam search keeps; None where `decoder` means the most probable path for this model."""
    searches = decoder == "beam" or (decoder == "auto" and spec.language_model is not None)
    return width if searches else None
