"""How images are read with a model."""

from __future__ import annotations

from pydantic import Field

from crnn_deploy.config import Frozen, SkipBad
from crnn_deploy.reading.decoder_choice import USUAL_WIDTH, DecoderName
from crnn_deploy.runtime.config import Threads


class ReadOptions(Frozen):
    """How images are read with a model."""

    batch_size: int = Field(default=32, gt=0, description="Images in a batch; does not change the result.")
    decoder: DecoderName = Field(
        default="auto", description="How CTC outputs become text; auto: beam where the model has a language model."
    )
    beam_width: int = Field(default=USUAL_WIDTH, gt=0, le=1024, description="Prefixes that the beam decoder keeps.")
    skip_bad: SkipBad = False
    threads: Threads | None = Field(
        default=None, description="Threads of the runtime; without it the runtime chooses.", examples=[1]
    )
