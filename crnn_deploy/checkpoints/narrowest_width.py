"""The narrowest line that a network reads: what is narrower must be stretched, or nothing is left of it inside."""

from __future__ import annotations

import numpy as np

from crnn_deploy.errors import InputError
from crnn_deploy.progress import Progress
from crnn_deploy.runtime.session import Session
from crnn_deploy.spec import ModelSpec

_WIDEST = 160
"""Pixels that are tried; the trials before this one have shown that it reads such a line."""


def with_readable_width(session: Session, progress: Progress) -> ModelSpec:
    """The session's spec, with `min_width` raised to the narrowest width that the network runs on and reads in.

    Where the width is fixed, or none is found, it stays as it is.
    """
    spec, p = session.spec, session.spec.preprocessing
    if p.width is not None:
        return spec
    width = next((width for width in range(p.min_width, _WIDEST, p.width_multiple) if _reads(session, width)), None)
    if width is None or width == p.min_width or width > p.max_width:
        return spec
    progress.log(f"min_width is raised from {p.min_width} to {width} pixels: the network reads nothing narrower.")
    return spec.model_copy(update={"preprocessing": p.model_copy(update={"min_width": width})})


def _reads(session: Session, width: int) -> bool:
    p = session.spec.preprocessing
    try:
        logits = session.run(np.zeros((1, p.channel_count, p.height, p.with_padding(width)), np.float32))
    except InputError:
        return False
    return logits.size > 0
